"""What a session carries, a clip or a stream, as a list of requests with its progress and outcome."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from hil.protocol.line_messages import AnyAudio, PackedAudio
from hil.protocol.messages import MAX_AUDIO_SAMPLES, Ack, Audio
from hil.protocol.packing import pack
from hil.protocol.payload import Message

# Four frames of them fit into a window of 4096 bytes, so that the line never waits for an answer.
FRAME_SAMPLES = 500

assert FRAME_SAMPLES <= MAX_AUDIO_SAMPLES


def audio_request(transfer_id: int, first_sample: int, samples: bytes, packs: bool) -> AnyAudio:
    """Samples as they take the fewest bytes.

    Args:
        samples: int16 little endian.
        packs: whether the board takes packed audio.
    """
    if packs:
        packed = pack(np.frombuffer(samples, "<i2"))
        if len(packed) + 2 < len(samples):
            return PackedAudio(transfer_id, first_sample, len(samples) // 2, packed)
    return Audio(transfer_id, first_sample, samples)


class Requests(Sequence[Message]):
    """Of a transfer, each made when it is sent: packing a clip at once would let the line wait meanwhile."""

    @overload
    def __getitem__(self, place: int) -> Message: ...

    @overload
    def __getitem__(self, place: slice) -> list[Message]: ...

    def __getitem__(self, place: int | slice) -> Message | list[Message]:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        return self._at(range(len(self))[place])

    @abstractmethod
    def _at(self, place: int) -> Message:
        """The request at a place, 0 or above."""


class MadeOnce(Requests):
    """Requests by what makes each of them, kept from then on."""

    def __init__(self, makers: Sequence[Callable[[], Message]]) -> None:
        self._makers = makers
        self._made: dict[int, Message] = {}

    def __len__(self) -> int:
        return len(self._makers)

    def _at(self, place: int) -> Message:
        if place not in self._made:
            self._made[place] = self._makers[place]()
        return self._made[place]


class Transfer(ABC):
    """One clip or stream on its way.

    Attributes:
        id: a new one for each fresh start, so that no answer to an earlier one can be taken for this.
        requests: in the order they are sent in.
        next: of ``requests``, that to be sent next.
        done: how many of ``requests`` need not be sent again.
        outcome: set when there is nothing more to do.
        starts, retries: fresh starts, and how often something was sent again.
    """

    id: int
    requests: Requests
    outcome: object | None = None

    def __init__(self) -> None:
        self.starts, self.retries = 1, 0
        self.next = self.done = 0

    def begin(self, transfer_id: int) -> None:
        """Start afresh."""
        self.id = transfer_id
        self.next = self.done = 0

    def advance(self, step: int) -> None:
        """Note that all requests before ``step`` were answered for good."""
        self.done = max(self.done, step)
        self.next = max(self.next, self.done)

    @property
    def is_exclusive(self) -> bool:
        """Whether the next transfer must not begin before this one is done."""
        return False

    @property
    def failure(self) -> str:
        """Why there is no outcome that is worth something; "" while it goes on, and where there is one."""
        return ""

    def completes_clip(self, step: int) -> bool:
        """Whether a request ends a clip on the board, which then forgets the result of the one before."""
        return False

    @abstractmethod
    def step_at(self, next_sample: int) -> int | None:
        """The request that goes on at an offset; None where no frame begins there."""

    def take_ack(self, ack: Ack, step: int) -> str:
        """Note that the board has taken the audio before the request ``step``; return a text as ``take``."""
        self.advance(step)
        return ""

    @abstractmethod
    def take(self, message: Message, request: Message, step: int) -> str:
        """Keep the answer to ``request``, number ``step``; return a text if the transfer must begin again."""

    @abstractmethod
    def fail(self, reason: str) -> None:
        """Give it up."""


@dataclass
class Sent:
    """A request under way."""

    sequence: int
    wire_bytes: int
    sent_s: float
    round: int
    transfer: Transfer
    step: int
    request: Message
