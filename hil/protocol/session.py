"""A session with the firmware `proof`: it sends clips and streams and returns what the board makes of them.

The line may lose, spoil, repeat and delay; the board may restart and the line break. Whatever happens,
a clip ends with its own scores or with the reason why there are none, and no wait is without end.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from hil.link.link import Link, LinkError
from hil.link.patience import PATIENCE, AnswerWait, Deadline, Patience
from hil.protocol.connection import Conversation, FirmwareError, GivenUpError
from hil.protocol.faster_line import MOST_BAUD, FasterLine
from hil.protocol.line_messages import AnyAudio
from hil.protocol.messages import (
    UNASKED,
    Ack,
    AckStatus,
    Bench,
    BenchRequest,
    ClipBegin,
    Detection,
    Error,
    ErrorCode,
    Hello,
    Info,
    Log,
    Status,
    StatusRequest,
    StreamBegin,
    StreamResult,
)
from hil.protocol.payload import Message
from hil.protocol.transfers.clip import OTHER_FEATURES, ClipResult, ClipToScore, ClipTransfer
from hil.protocol.transfers.stream import StreamTransfer
from hil.protocol.transfers.transfer import Sent, Transfer
from train.core.console import log, warn
from train.core.results.boards import LinkStatistics

_MOST_STARTS = 6  # of one clip
_MOST_RETRIES = 100  # of one clip
_MOST_FAILED = 5  # clips in a row: the next ones would fare no better
_MOST_CONNECTIONS = 3  # in a row without a clip between them
_TRANSFERS = 4  # clips under way at a time
_MOST_WINDOW_BYTES = 65_536  # whatever the board says that it can take
_MOST_LOGS = 20  # that are shown

_Answer = TypeVar("_Answer")


class Session:
    """Use it as a context manager, or ``close`` it.

    Attributes:
        info: what is running; ``labels`` in the order of the scores.
    """

    info: Info
    labels: tuple[str, ...]

    def __init__(
        self,
        open_link: Callable[[], Link],
        check: Callable[[Info, tuple[str, ...]], None],
        patience: Patience = PATIENCE,
        most_baud: int = MOST_BAUD,
    ) -> None:
        """Connect.

        Args:
            open_link: opens the line, or starts the emulator; again where the line breaks.
            check: raises FirmwareError where that is not the firmware to be tested.
            most_baud: see ``FasterLine``.
        Raises:
            LinkError: nobody answers.
            FirmwareError: something else is running.
        """
        self._open_link, self._check, self._patience = open_link, check, patience
        self._most_baud = most_baud
        self.statistics = LinkStatistics()
        self._ids = random.Random()
        self._queue: deque[Transfer] = deque()
        self._round = self._logs = 0
        self._wait = AnswerWait(patience)
        self._stuck = Deadline(patience.stuck_s)
        self._line: Conversation | None = None
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the line back."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def read_counters(self) -> None:
        """Add what the board counted since it started to ``statistics``; to be called at the end.

        Raises:
            LinkError, FirmwareError: see ``score``.
        """
        status = self._question(lambda line: line.ask(StatusRequest(), Status))
        self.statistics.crc_errors += status.dropped
        self.statistics.lost_bytes += status.lost

    def score(self, clips: Iterable[ClipToScore]) -> Iterator[ClipResult]:
        """Send the clips; yield the result of each, in their order. The next ones are sent meanwhile.

        Raises:
            LinkError: the line is lost for good.
            FirmwareError: after a new connection, something else is running.
        """
        transfers = (ClipTransfer(clip, self.info, self._new_id(), self._faster.packs) for clip in clips)
        for transfer in self._carry(transfers):
            assert isinstance(transfer, ClipTransfer)
            assert transfer.outcome
            yield transfer.outcome

    def listen(self, stream: StreamTransfer) -> StreamResult:
        """Let the board listen to a stream to its end.

        Raises:
            LinkError: the line is lost for good, or the stream failed on it again and again.
            FirmwareError: after a new connection, something else is running.
        """
        stream.packs = self._faster.packs
        stream.begin(self._new_id())
        for _ in self._carry(iter([stream])):
            pass
        if not isinstance(stream.outcome, StreamResult):
            raise LinkError(f"{self._open_line().name}: the stream failed: {stream.outcome}")
        return stream.outcome

    def bench(self, inference_count: int) -> Bench:
        """Let the board time that many inferences and rows of features.

        Raises:
            LinkError, FirmwareError: there is no answer, or one to another question.
        """

        def time_them(line: Conversation) -> Bench:
            started_s = time.monotonic()
            line.ask(BenchRequest(1), Bench)  # tells how long the others will take
            work_s = 2 * inference_count * (time.monotonic() - started_s)
            return line.ask(BenchRequest(inference_count), Bench, work_s)

        found = self._question(time_them)
        if found.inference_count != inference_count:
            raise FirmwareError(
                f"{self._open_line().name}: timed {found.inference_count} inferences, "
                f"was asked for {inference_count}"
            )
        return found

    def _question(self, ask: Callable[[Conversation], _Answer]) -> _Answer:
        """Ask while no clip is under way, and again on a new connection where the line breaks."""
        connections = 0
        while True:
            try:
                return ask(self._open_line())
            except LinkError as error:
                connections += 1
                self._connect_again(error, connections)

    def _carry(self, source: Iterator[Transfer]) -> Iterator[Transfer]:
        """Yield each transfer when it has its outcome, in order. The next ones are sent meanwhile."""
        connections = failed = 0
        self._stuck.restart()
        while True:
            try:
                while self._fill(source):
                    self._send_what_fits()
                    self._receive()
                    while self._queue and self._queue[0].outcome:
                        transfer = self._queue.popleft()
                        connections, failed = (connections, failed + 1) if transfer.failure else (0, 0)
                        yield transfer
                        self._stuck.restart()  # whoever took it may have taken long
                        if failed >= _MOST_FAILED:
                            name = self._open_line().name
                            raise GivenUpError(f"{name}: {failed} clips in a row failed: {transfer.failure}")
                return
            except LinkError as error:
                connections += 1
                self._connect_again(error, connections)

    # Sending

    def _fill(self, source: Iterator[Transfer]) -> bool:
        """Begin transfers while there is room; False where none is left."""
        while len(self._queue) < _TRANSFERS and (transfer := next(source, None)) is not None:
            self._queue.append(transfer)
        return bool(self._queue)

    def _send_what_fits(self) -> None:
        if not self._sent:
            self._faster.note_question()
        for index, transfer in enumerate(self._queue):
            previous_is_done = index == 0 or self._queue[index - 1].outcome is not None
            while not transfer.outcome and transfer.next < len(transfer.requests):
                if transfer.completes_clip(transfer.next) and not previous_is_done:
                    return
                if not self._send(transfer):
                    return
            if transfer.is_exclusive and not transfer.outcome:
                return

    def _send(self, transfer: Transfer) -> bool:
        """Send the next request if the board has room for it."""
        line = self._open_line()
        step = transfer.next
        request = transfer.requests[step]
        wire = line.encode_next(request)
        under_way_bytes = sum(sent.wire_bytes for sent in self._sent)
        limit_bytes = 0 if self._wait.silences else min(self.info.receive_window_bytes, _MOST_WINDOW_BYTES)
        if self._sent and under_way_bytes + len(wire) > limit_bytes:
            return False
        if not self._sent:
            self._wait.begin()
        now_s = time.monotonic()
        sequence = line.send(wire)
        self._sent.append(Sent(sequence, len(wire), now_s, self._round, transfer, step, request))
        transfer.next += 1
        return True

    # Receiving

    def _receive(self) -> None:
        """Wait for messages, and act on them, or on the silence."""
        line = self._open_line()
        for sequence, message in line.receive(min(self._wait.left_s, self._stuck.left_s)):
            self._take(sequence, message)
        if self._stuck.is_over:
            raise GivenUpError(str(line.silence(self._stuck.limit_s)))
        if self._wait.is_over:
            self._wait.note_silence()
            if self._wait.silent_s >= self._patience.answer_s:
                raise line.silence(self._wait.silent_s)
            self._sent.clear()
            self._go_back(self._queue[0], self._queue[0].done)
            self._faster.note_silence()
            self._wait.begin()

    def _take(self, sequence: int, message: Message) -> None:
        if isinstance(message, Hello) and sequence == UNASKED:
            self.statistics.restarts += 1
            self._sent.clear()
            self._begin_again(0, "the board restarted")
            return
        if isinstance(message, Log):
            self._logs += 1
            if self._logs <= _MOST_LOGS:
                log(f"the board says: {message.text}")
            return
        index = next((i for i, sent in enumerate(self._sent) if sent.sequence == sequence), None)
        if index is None:
            return  # an answer that came twice, or to what was sent before a silence
        answered = self._sent[index]
        if isinstance(message, Detection) and isinstance(answered.request, AnyAudio):
            # Its Ack follows, with the same sequence.
            transfer = answered.transfer
            if transfer.outcome is None and (
                fault := transfer.take(message, answered.request, answered.step)
            ):
                self._begin_again(self._queue.index(transfer), fault)
            return
        passed_over = self._sent[:index]
        del self._sent[: index + 1]
        self._wait.note_answer(time.monotonic() - answered.sent_s)
        if answered.round == self._round and answered.transfer.outcome is None:
            done = answered.transfer.done
            self._answer(answered, message)
            if answered.transfer.done > done:
                self._stuck.restart()
                self._open_line().note_answer()
        for sent in passed_over:  # lost, or its answer was; of audio, later answers tell the same
            is_open = (
                sent.round == self._round and not sent.transfer.outcome and sent.step >= sent.transfer.done
            )
            if is_open and not isinstance(sent.request, ClipBegin | StreamBegin | AnyAudio):
                self._go_back(sent.transfer, sent.step)
                return

    def _answer(self, sent: Sent, message: Message) -> None:
        """Act on the answer to a request under way."""
        transfer = sent.transfer
        place = self._queue.index(transfer)
        if isinstance(message, Ack) and message.transfer_id == transfer.id:
            step = transfer.step_at(message.next_sample)
            if step is None:
                self._begin_again(
                    place, f"the board is at sample {message.next_sample}, which was never sent"
                )
            elif message.status in (AckStatus.GAP, AckStatus.INCOMPLETE):
                self._go_back(transfer, step)
            elif fault := transfer.take_ack(message, step):
                self._begin_again(place, fault)
        elif isinstance(message, Error):
            self._refused(place, message)
        elif fault := transfer.take(message, sent.request, sent.step):
            self._begin_again(place, fault)

    def _refused(self, place: int, error: Error) -> None:
        line = self._open_line()
        if error.code == ErrorCode.NOT_THERE:
            self._begin_again(place, f"the board says: {error.text}")
        elif error.code == ErrorCode.ENGINE:
            raise FirmwareError(f"{line.name}: the model cannot run: {error.text}")
        else:
            raise line.refusal(error)

    # Going on after a fault

    def _go_back(self, transfer: Transfer, step: int) -> None:
        """Send again from a request on, and ignore the answers to what was sent before."""
        self._round += 1
        self.statistics.retries += 1
        transfer.retries += 1
        if transfer.retries > _MOST_RETRIES:
            transfer.fail(f"given up after {_MOST_RETRIES} retries")
        for later in self._queue:
            later.next = later.done
        transfer.next = step

    def _begin_again(self, place: int, reason: str) -> None:
        """Start a clip again, and all that follow, since the board may hold one of those by now."""
        self._round += 1
        self.statistics.retries += reason != OTHER_FEATURES
        for index, transfer in enumerate(self._queue):
            if index >= place and transfer.outcome is None:
                if index == place and transfer.starts >= _MOST_STARTS:
                    transfer.fail(f"given up after {_MOST_STARTS} starts: {reason}")
                else:
                    transfer.starts += index == place
                    transfer.begin(self._new_id())

    def _connect_again(self, cause: LinkError, connections: int) -> None:
        """Open the line again, for as long as a board takes to come back.

        Args:
            connections: how many broke in a row; after too many the cause is raised, and where it says
                that a new line would not help.
        """
        if isinstance(cause, GivenUpError) or connections > _MOST_CONNECTIONS:
            raise cause
        warn(f"{cause}; connecting again")
        self.close()
        deadline = Deadline(self._patience.reopen_s)
        while True:
            try:
                self._connect()
                break
            except LinkError as error:
                self.close()
                if deadline.is_over:
                    raise GivenUpError(f"{cause}; and then: {error}") from error
                time.sleep(self._patience.first_s)
        if self._queue:
            self._begin_again(0, str(cause))

    # Connecting

    def _connect(self) -> None:
        self._sent: list[Sent] = []
        link = self._open_link()
        self._line = Conversation(link, self.statistics, self._patience)
        self.info, self.labels = self._line.ask_what_runs()
        self._check(self.info, self.labels)
        self._faster = FasterLine(self._line, link, self._patience, self._most_baud)
        self._wait.begin_anew()

    # Small things

    def _open_line(self) -> Conversation:
        assert self._line is not None, "the session was closed"
        return self._line

    def _new_id(self) -> int:
        """Draw an id that most likely no clip of an earlier session has; the CRC decides in any case."""
        return self._ids.getrandbits(32)
