"""What listens behind a ``Detector``: the run's C, or the interpreter where that cannot be compiled."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from train.core.operating_point import OperatingPoint

COMPILED_C = "the compiled C"
INTERPRETER = "the TFLite-Micro interpreter"


@dataclass(frozen=True, eq=False)
class Result:
    """One inference.

    Attributes:
        time_ms: end of the audio that it is about, from the start of the stream.
        scores: (labels,) int8, as the model gives them.
        means: (labels,) int64 of 0 to 255 over the window; None while there are too few scores.
        label, score: what is to be reported, and its mean score of 0 to 255; None, 0: nothing.
    """

    time_ms: int
    scores: NDArray[np.int8]
    means: NDArray[np.int64] | None
    label: int | None = None
    score: int = 0


class Engine(Protocol):
    """One stream.

    Attributes:
        name: of what runs the model, for people.
    """

    name: str

    def start(self, point: OperatingPoint) -> None:
        """Forget everything: the next sample is the first of a stream, decided upon by ``point``."""

    def push(self, samples: NDArray[np.int16]) -> list[Result]:
        """Take in (n,) samples; return every inference that they led to."""

    def close(self) -> None:
        """Give the memory back; nothing else may be called then."""
