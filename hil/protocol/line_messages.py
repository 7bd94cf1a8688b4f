"""The messages of docs/PROTOCOL.md by which a line carries more; firmware/app/proof_line.c is the other end.

Requests have numbers that answers have, too: a number means one thing to the board and another to the host.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from hil.protocol.messages import Audio
from hil.protocol.payload import Message, MessageError

FIRST_PACKING = 1  # bit of ``Line.packings``: hil/protocol/packing.py
MOST_RATES = 32  # asked about at a time
_BAUD_BYTES = 4


@dataclass(frozen=True)
class LineRequest(Message):
    """Answered by Line. ``asked``: see ``of_rates``."""

    TYPE = 0x10
    asked: bytes


@dataclass(frozen=True)
class RateRequest(Message):
    """Asks for another rate. Answered by Rate at the old one, which then ends.

    ``lease_ms``: without a whole frame for so long, the board returns to the rate that it began with.
    """

    TYPE, LAYOUT = 0x11, "II"
    baud: int
    lease_ms: int


@dataclass(frozen=True)
class CheckRequest(Message):
    """Answered by Check, with the same bytes, 1 to 1024."""

    TYPE = 0x12
    content: bytes


@dataclass(frozen=True)
class PackedAudio(Message):
    """As Audio, of which ``packing.pack`` made ``packed``. Answered by Ack."""

    TYPE, LAYOUT = 0x13, "IIH"
    transfer_id: int
    first_sample: int
    sample_count: int
    packed: bytes


@dataclass(frozen=True)
class Line(Message):
    """What the line can do.

    Attributes:
        packings: a bit for each way of packing audio that the board unpacks, such as FIRST_PACKING.
        baud: of now; 0 where the line has none, as USB, or none that the board could change.
        possible: those of the rates asked about that the board can have; see ``of_rates``.
    """

    TYPE, LAYOUT = 0x01, "BI"
    packings: int
    baud: int
    possible: bytes

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        """See ``Message.unpack``."""
        line = super().unpack(payload)
        if len(line.possible) % _BAUD_BYTES:
            raise MessageError(
                f"Line has {len(line.possible)} bytes of rates, expected {_BAUD_BYTES} for each"
            )
        return line

    @property
    def possible_rates(self) -> tuple[int, ...]:
        return struct.unpack(f"<{len(self.possible) // _BAUD_BYTES}I", self.possible)


@dataclass(frozen=True)
class Rate(Message):
    """The line has this rate as soon as this answer is out."""

    TYPE, LAYOUT = 0x02, "I"
    baud: int


@dataclass(frozen=True)
class Check(Message):
    """What came with the request."""

    TYPE = 0x03
    content: bytes


AnyAudio = Audio | PackedAudio


def of_rates(rates: Sequence[int]) -> bytes:
    """Rates in baud, as LineRequest and Line hold them."""
    return struct.pack(f"<{len(rates)}I", *rates)
