"""A line with a board at its end that answers at once; tests say what."""

from abc import ABC, abstractmethod

from hil.protocol import codec
from hil.protocol.framing import Decoder, Frame
from hil.protocol.payload import Message


class Peer(ABC):
    """A ``Link``; ``is_closed`` once it was."""

    name = "peer"

    def __init__(self) -> None:
        self._decoder, self._out = Decoder(), b""
        self.is_closed = False

    @abstractmethod
    def answer(self, request: Message) -> Message:
        """What the board says to a request."""

    def send(self, data: bytes) -> None:
        """See ``Link.send``."""
        for item in self._decoder.feed(data):
            if isinstance(item, Frame):
                self._out += codec.encode(self.answer(codec.decode_request(item)), item.sequence)

    def receive(self, timeout_s: float) -> bytes:
        """See ``Link.receive``."""
        taken, self._out = self._out, b""
        return taken

    def close(self) -> None:
        """See ``Link.close``."""
        self.is_closed = True
