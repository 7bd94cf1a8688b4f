"""How loud sound is, in decibels below the loudest that 16 bits hold."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = 32768
SILENT_DBFS = -100.0  # below what 16 bits can tell from nothing
_CLIPPED_RUN = 3  # samples at the limit, one behind the other: a wave that is cut off, not one that touches


@dataclass(frozen=True)
class Level:
    """The level of some samples.

    Attributes:
        rms_dbfs: 0 is a square wave of full scale, a sine of full scale has -3; SILENT_DBFS is the least.
        peak_dbfs: of the loudest sample.
        is_clipped: some of it is cut off, because the microphone or its gain was too loud.
    """

    rms_dbfs: float = SILENT_DBFS
    peak_dbfs: float = SILENT_DBFS
    is_clipped: bool = False

    @classmethod
    def of(cls, samples: NDArray[np.int16]) -> Self:
        """Measure (n,) samples; none are silent."""
        if not len(samples):
            return cls()
        wide = samples.astype(np.float32)
        magnitude = np.abs(wide)
        return cls(
            _decibels(math.sqrt(float(np.dot(wide, wide)) / len(wide))),
            _decibels(float(magnitude.max())),
            _is_clipped(magnitude >= FULL_SCALE - 1),
        )


def _decibels(amplitude: float) -> float:
    return max(SILENT_DBFS, 20 * math.log10(max(amplitude, 1e-9) / FULL_SCALE))


def _is_clipped(at_limit: NDArray[np.bool_]) -> bool:
    if np.count_nonzero(at_limit) < _CLIPPED_RUN:
        return False
    return bool(np.convolve(at_limit, np.ones(_CLIPPED_RUN, np.int8)).max() >= _CLIPPED_RUN)
