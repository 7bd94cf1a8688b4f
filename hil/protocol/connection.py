"""One connection to the firmware `proof`. It sends requests, receives messages, and explains silence."""

import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hil.link.link import Link, LinkError
from hil.link.patience import PATIENCE, Deadline, Patience
from hil.protocol import codec
from hil.protocol.framing import Decoder, Frame
from hil.protocol.messages import Error, Hello, Info, InfoRequest, Labels, LabelsRequest
from hil.protocol.payload import Message, MessageError
from train.core.errors import UserError
from train.core.results.boards import LinkStatistics

_KEPT_LINES, _SHOWN_CHARACTERS = 3, 100  # of text
_SHOWN_BYTES = 16
_RESTARTS = 3  # while an answer is awaited: more are no accident

_Reply = TypeVar("_Reply", bound=Message)


class GivenUpError(LinkError):
    """Nothing gets further, though the line is there: to connect again would not help."""


class FirmwareError(UserError):
    """The board is there, but runs something else than what is to be tested."""

    exit_code = 4


@dataclass
class _Heard:
    """What came since the last answer."""

    bytes: int = 0
    frames: int = 0
    restarts: int = 0
    lines: int = 0


def _nothing() -> None:
    pass


class Conversation:
    """Requests and messages over an open link, which ``close`` closes.

    Attributes:
        heard_s: when the last whole frame came, on the clock of ``time.monotonic``.
        frames_heard: how many came.
        was_refused: whether the board said no to the last ``ask_once``.
        on_question, on_silence, on_close: called before a question, when one had no answer in its time, and
            before the line is given back.
    """

    def __init__(self, link: Link, statistics: LinkStatistics, patience: Patience = PATIENCE) -> None:
        """Start on an open link; what happens is added to ``statistics``."""
        self.name = link.name
        self._link, self._statistics, self._patience = link, statistics, patience
        self._decoder = Decoder()
        self._sequence = 0
        self._heard = _Heard()
        self._sample = b""  # of what came last
        self._last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self.heard_s, self.frames_heard, self.was_refused = time.monotonic(), 0, False
        self.on_question: Callable[[], None] = _nothing
        self.on_silence: Callable[[], None] = _nothing
        self.on_close: Callable[[], None] = _nothing
        statistics.connections += 1

    def close(self) -> None:
        """Give the line back."""
        with contextlib.suppress(UserError):  # a line that is gone
            self.on_close()
        self._statistics.crc_errors += self._decoder.dropped
        self._link.close()

    def encode_next(self, request: Message) -> bytes:
        """Give the next sequence to a request and return its bytes."""
        return codec.encode(request, self._sequence % 255 + 1)

    def send(self, wire: bytes) -> int:
        """Send the bytes that ``encode_next`` returned last; return their sequence."""
        self._sequence = self._sequence % 255 + 1
        self._statistics.frames_sent += 1
        self._link.send(wire)
        return self._sequence

    def receive(self, timeout_s: float) -> list[tuple[int, Message]]:
        """Wait for messages; return them with their sequences, or nothing after the timeout.

        Raises:
            LinkError: the line is gone.
            FirmwareError: the board speaks another protocol.
        """
        data = self._link.receive(timeout_s)
        self._heard.bytes += len(data)
        self._sample = data[:_SHOWN_BYTES] or self._sample
        found = []
        for item in self._decoder.feed(data):
            if isinstance(item, Frame):
                self._statistics.frames_received += 1
                self._heard.frames += 1
                self.heard_s, self.frames_heard = time.monotonic(), self.frames_heard + 1
                found.append((item.sequence, message := self._message(item)))
                self._heard.restarts += isinstance(message, Hello)
            elif line := item.line.strip():
                self._heard.lines += 1
                self._last_lines.append(line[:_SHOWN_CHARACTERS])
        return found

    def ask(self, request: Message, kind: type[_Reply], work_s: float = 0.0) -> _Reply:
        """Send a request, with no other under way, and return its answer.

        Args:
            work_s: how long the board may work on it, beyond what it takes to answer.
        Raises:
            LinkError, FirmwareError: there is none, or the board refuses.
        """
        deadline = Deadline(work_s + self._patience.answer_s)
        wait_s = work_s + self._patience.first_s
        self.note_answer()
        self.on_question()
        while not deadline.is_over:
            sequence = self.send(self.encode_next(request))
            turn = Deadline(min(wait_s, deadline.left_s))
            restarts = self._heard.restarts
            # One that has just started may not have heard the question.
            while not turn.is_over and (self._heard.restarts == restarts or restarts >= _RESTARTS):
                for found, message in self.receive(turn.left_s):
                    if found != sequence:
                        continue
                    if isinstance(message, kind):
                        self.note_answer()
                        return message
                    if isinstance(message, Error) and message.request_type == request.TYPE:
                        raise self.refusal(message)
            if turn.is_over:
                self.on_silence()
                wait_s = min(2 * wait_s, work_s + self._patience.most_s)
        raise self.silence(deadline.limit_s)

    def ask_what_runs(self) -> tuple[Info, tuple[str, ...]]:
        """Return what the board says of itself, and its labels in the order of the scores.

        Raises:
            LinkError, FirmwareError: there is no answer, or the board tells fewer labels than it has.
        """
        info = self.ask(InfoRequest(), Info)
        labels: tuple[str, ...] = ()
        deadline = Deadline(self._patience.stuck_s)
        while len(labels) < info.label_count:
            more = self.ask(LabelsRequest(len(labels)), Labels).labels
            if not more or deadline.is_over:
                raise FirmwareError(self.complaint(f"has {info.label_count} labels, but tells only {labels}"))
            labels += more
        return info, labels

    def ask_once(self, request: Message, kind: type[_Reply], wait_s: float) -> _Reply | None:
        """Send a request, with no other under way, and return its answer; None: it does not come in time.

        Raises:
            LinkError: the line is gone.
            FirmwareError: the board speaks another protocol.
        """
        sequence = self.send(self.encode_next(request))
        self.was_refused = False
        turn = Deadline(wait_s)
        while not turn.is_over and not self.was_refused:
            for found, message in self.receive(turn.left_s):
                if found != sequence:
                    continue
                self.note_answer()
                if isinstance(message, kind):
                    return message
                self.was_refused |= isinstance(message, Error)
        return None

    def note_answer(self) -> None:
        """What came before no longer says why nothing does."""
        self._heard = _Heard()

    def refusal(self, error: Error) -> FirmwareError:
        """The board says no."""
        return FirmwareError(
            f"{self.name}: refused request {error.request_type:02x} ({error.text}); build and flash the "
            "firmware with this version of Earshot"
        )

    def complaint(self, what: str) -> str:
        """A message about the board, with what it said last."""
        said = f"; the last it said: {' / '.join(self._last_lines)}" if self._last_lines else ""
        return f"{self.name}: {what}{said}"

    def silence(self, waited_s: float) -> UserError:
        """Say why there was no answer for so long, by what came since the last."""
        heard = self._heard
        if heard.restarts >= _RESTARTS:
            return LinkError(
                self.complaint(
                    f"restarted {heard.restarts:,} times in {waited_s:.3g} s; is its power supply strong "
                    "enough, and does no watchdog end it?"
                )
            )
        if heard.frames > heard.restarts:
            return LinkError(
                self.complaint(
                    f"sent {heard.frames:,} frames in {waited_s:.3g} s, but none that brings anything "
                    "further; is its firmware of this version of Earshot?"
                )
            )
        if self._decoder.accepted:
            return LinkError(self.complaint(f"fell silent: no answer for {waited_s:.3g} s"))
        if self._last_lines:
            return FirmwareError(
                f"{self.name}: another program is running there, which says: {' / '.join(self._last_lines)}; "
                "flash the firmware proof of the run folder"
            )
        if heard.bytes:
            return LinkError(
                f"{self.name}: {heard.bytes:,} bytes came, but no frame and no text (such as "
                f"{self._sample!r}); is the baud rate right (--baud, board.json)?"
            )
        return LinkError(
            f"{self.name}: nothing was heard for {waited_s:.3g} s; is the board powered, is the firmware "
            "proof flashed, and is that its port?"
        )

    def _message(self, frame: Frame) -> Message:
        try:
            return codec.decode(frame)
        except MessageError as error:
            raise FirmwareError(f"{self.name}: {error}") from error
