"""One connection to the firmware `proof`. It sends requests, receives messages, and explains silence."""

import time
from collections import deque
from typing import TypeVar

from hil.link.link import Link, LinkError
from hil.protocol import codec
from hil.protocol.framing import Decoder, Frame
from hil.protocol.messages import Hello
from hil.protocol.payload import Message, MessageError
from train.core.errors import UserError
from train.core.results.boards import LinkStatistics

PATIENCE_S, MOST_PATIENCE_S = 0.5, 4.0  # for an answer, until it is known how long they take
MOST_SILENCES = 6  # in a row, each wait twice as long as the one before, up to MOST_PATIENCE_S
_KEPT_LINES = 3
_SHOWN_BYTES = 16

_Reply = TypeVar("_Reply", bound=Message)


class FirmwareError(UserError):
    """The board is there, but runs something else than what is to be tested."""

    exit_code = 4


class Conversation:
    """Requests and messages over an open link, which ``close`` closes."""

    def __init__(self, link: Link, statistics: LinkStatistics) -> None:
        """Start on an open link; what happens is added to ``statistics``."""
        self.name = link.name
        self._link, self._statistics = link, statistics
        self._decoder = Decoder()
        self._sequence = self._received_bytes = 0
        self._sample = b""  # of what came last
        self._last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        statistics.connections += 1

    def close(self) -> None:
        """Give the line back."""
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
        self._received_bytes += len(data)
        self._sample = data[:_SHOWN_BYTES] or self._sample
        found = []
        for item in self._decoder.feed(data):
            if isinstance(item, Frame):
                self._statistics.frames_received += 1
                found.append((item.sequence, _message(item)))
            elif line := item.line.strip():
                self._last_lines.append(line)
        return found

    def ask(self, request: Message, kind: type[_Reply]) -> _Reply:
        """Send a request, with no other under way, and return its answer.

        Raises:
            LinkError, FirmwareError: there is none.
        """
        wait_s = PATIENCE_S
        for _ in range(MOST_SILENCES + 1):
            sequence = self.send(self.encode_next(request))
            deadline_s = time.monotonic() + wait_s
            has_started = False  # just now: it may not have heard the question
            while not has_started and (left_s := deadline_s - time.monotonic()) > 0:
                for found, message in self.receive(left_s):
                    if found == sequence and isinstance(message, kind):
                        return message
                    has_started = has_started or isinstance(message, Hello)
            if not has_started:
                wait_s = min(2 * wait_s, MOST_PATIENCE_S)
        raise self._nobody()

    def complaint(self, what: str) -> str:
        """A message about the board, with what it said last."""
        said = f"; the last it said: {' / '.join(self._last_lines)}" if self._last_lines else ""
        return f"{self.name}: {what}{said}"

    def _nobody(self) -> UserError:
        """Say who is there, by the bytes that came, if any did."""
        if self._decoder.accepted:
            return LinkError(self.complaint("fell silent"))
        if self._last_lines:
            return FirmwareError(
                f"{self.name}: another program is running there, which says: {' / '.join(self._last_lines)}; "
                "flash the firmware proof of the run folder"
            )
        if self._received_bytes:
            return LinkError(
                f"{self.name}: {self._received_bytes} bytes came, but no frame and no text (such as "
                f"{self._sample!r}); is the baud rate right (--baud, board.json)?"
            )
        return LinkError(
            f"{self.name}: nothing was heard; is the board powered, is the firmware proof flashed, and is "
            "that its port?"
        )


def _message(frame: Frame) -> Message:
    try:
        return codec.decode(frame)
    except MessageError as error:
        raise FirmwareError(str(error)) from error
