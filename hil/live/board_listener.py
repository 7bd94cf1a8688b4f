"""A board that listens by its own microphone, watched over its serial line: LISTEN of docs/PROTOCOL.md."""

import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from hil.link.link import Link, LinkError
from hil.link.patience import PATIENCE, Deadline, Patience
from hil.protocol import codec
from hil.protocol.board_microphone import MOST_RESTARTS, MicrophoneLine
from hil.protocol.connection import Conversation
from hil.protocol.framing import Decoder, Frame
from hil.protocol.messages import Info, InfoRequest
from hil.protocol.microphone_messages import BoardInference, Listened, ListenRequest
from hil.protocol.payload import MessageError
from train.core.results.boards import LinkStatistics

_WAIT_S = 0.05  # from one question to the next
_LARGEST_ID = 2**32
_LAST_INFERENCE = 2**32 - 2**16  # they are counted in 32 bits
_ASKED_S, _TRIES = 0.5, 3
_MOST_BYTES = 100_000  # of a board that does not answer, until it is taken for another program


class HeardAhead:
    """A ``Link`` of which some bytes were received already."""

    def __init__(self, link: Link, data: bytes) -> None:
        self.name, self._link, self._data = link.name, link, data

    def send(self, data: bytes) -> None:
        """See ``Link.send``."""
        self._link.send(data)

    def receive(self, timeout_s: float) -> bytes:
        """See ``Link.receive``."""
        if self._data:
            data, self._data = self._data, b""
            return data
        return self._link.receive(timeout_s)

    def close(self) -> None:
        """See ``Link.close``."""
        self._link.close()


def is_proof(link: Link) -> tuple[bool, bytes]:
    """Whether the program `proof` is at the other end, and what came meanwhile where it is another.

    Raises:
        LinkError: the line is gone.
    """
    question, decoder, came = codec.encode(InfoRequest(), 1), Decoder(), b""
    question += b"\0" * (len(question) % 2)  # a program that takes it for samples shall lose no half of one
    try:
        for _ in range(_TRIES):
            link.send(question)
            turn = Deadline(_ASKED_S)
            while not turn.is_over and len(came) < _MOST_BYTES:
                data = link.receive(turn.left_s)
                came += data
                if any(isinstance(item, Frame) and item.type == Info.TYPE for item in decoder.feed(data)):
                    return True, b""
    except LinkError:  # what came before the end is shown; then the line ends again
        if not came:
            raise
    return False, came


@dataclass
class Watched:
    """What the board has told so far.

    Attributes:
        seconds: that it listened.
        peak: of what it heard last, 0 to 32768.
        lost_samples: by the driver of its microphone.
        lost_inferences: that this computer asked for too late.
        restarts: of the board.
    """

    seconds: float = 0.0
    peak: int = 0
    lost_samples: int = 0
    lost_inferences: int = 0
    restarts: int = 0

    @property
    def losses(self) -> str:
        """What is missing, for people; "" where nothing is."""
        counts = {
            "samples lost by the microphone's driver": self.lost_samples,
            "inferences not fetched in time": self.lost_inferences,
            "restarts of the board": self.restarts,
        }
        return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)


class BoardListener:
    """Use it as a context manager, which gives the line back.

    Attributes:
        name: of the board and its port; ``labels`` in the order of the scores.
        watched: as of now.
    """

    def __init__(self, link: Link, patience: Patience = PATIENCE) -> None:
        """Ask the board what it is.

        Raises:
            LinkError, FirmwareError: nobody answers, or another program.
        """
        self._line = Conversation(link, LinkStatistics(), patience)
        self._microphone = MicrophoneLine(self._line, patience, "listen")
        self.watched = Watched()
        try:
            info, self.labels = self._line.ask_what_runs()
            self.name, self._rate_hz = f"{info.board_id} at {link.name}", info.sample_rate_hz
        except BaseException:
            self._line.close()
            raise

    def pieces(self) -> Iterator[list[BoardInference]]:
        """Inferences as the board tells them, maybe none; the line is given back at the end.

        Raises:
            LinkError: the board fell silent.
            FirmwareError: it has no microphone, its microphone gives no sample, or what it tells cannot be.
        """
        identity, following, before, samples = self._start(), 0, Watched(), 0
        quiet, restarts = self._microphone.deadline(), 0
        with closing(self._line):
            while True:
                answer = self._microphone.ask(
                    ListenRequest(identity, following), Listened, partial(_is_of, identity)
                )
                if answer is None or following >= _LAST_INFERENCE:
                    restarts += 1
                    if restarts > MOST_RESTARTS:
                        raise self._microphone.refused(f"restarted {restarts} times")
                    before = Watched(**vars(self.watched))
                    self.watched.restarts += 1
                    identity, following, samples = self._start(), 0, 0
                    continue
                if answer.sample_count != samples:
                    samples, restarts = answer.sample_count, 0
                    quiet.restart()
                elif quiet.is_over:
                    raise self._microphone.gives_nothing()
                try:
                    found = list(answer.inferences_of(len(self.labels)))
                except MessageError as error:
                    raise self._microphone.refused(str(error)) from error
                self.watched.seconds = before.seconds + samples / self._rate_hz
                self.watched.peak = answer.peak
                self.watched.lost_samples = before.lost_samples + answer.lost_samples
                self.watched.lost_inferences += max(0, answer.first_inference - following)
                following = answer.first_inference + len(found)
                yield found
                time.sleep(_WAIT_S)

    def close(self) -> None:
        """Give the line back."""
        self._line.close()

    def _start(self) -> int:
        return secrets.randbelow(_LARGEST_ID)


def _is_of(identity: int, answer: Listened) -> bool:
    return answer.listening_id == identity
