"""The messages of docs/PROTOCOL.md by which a board's own listener is watched; see firmware/microphone."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from hil.protocol.payload import Message, MessageError


@dataclass(frozen=True)
class ListenRequest(Message):
    """What the board's listener heard by its microphone. Answered by Listened.

    ``next_inference`` 0 with a new id starts to listen.
    """

    TYPE, LAYOUT = 0x14, "II"
    listening_id: int
    next_inference: int


@dataclass(frozen=True)
class BoardInference:
    """One inference of the board.

    Attributes:
        time_ms: end of the audio that it is about, from the start on.
        label: that is on top, with its mean ``score``, 0 to 255.
        is_new: whether a word was heard now.
        scores: of each label, 0 to 255.
    """

    time_ms: int
    label: int
    score: int
    is_new: bool
    scores: tuple[int, ...]


@dataclass(frozen=True)
class Listened(Message):
    """What the board heard.

    Attributes:
        lost_samples: by the microphone's driver, since the start.
        sample_count: heard since the start.
        peak: of the samples since the last answer, 0 to 32768.
        first_inference: number of the first of ``inferences``, beyond the one that was asked for where the
            board could not keep it so long.
        inferences: see ``inferences_of``.
    """

    TYPE, LAYOUT = 0x04, "IIIHI"
    listening_id: int
    lost_samples: int
    sample_count: int
    peak: int
    first_inference: int
    inferences: bytes

    def inferences_of(self, label_count: int) -> Iterator[BoardInference]:
        """The inferences of a board with so many labels.

        Raises:
            MessageError: they cannot be.
        """
        form = struct.Struct(f"<IBBB{label_count}b")
        if len(self.inferences) % form.size:
            raise MessageError(
                f"Listened has {len(self.inferences)} bytes of inferences, expected {form.size} for each"
            )
        for time_ms, label, score, is_new, *scores in form.iter_unpack(self.inferences):
            if label >= label_count:
                raise MessageError(f"Listened tells label {label}, but the board has {label_count}")
            yield BoardInference(time_ms, label, score, bool(is_new), tuple(one + 128 for one in scores))
