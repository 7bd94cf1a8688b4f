"""Levels of sounds whose level is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from hil.live.level import SILENT_DBFS, Level

SINE = np.sin(2 * np.pi * np.arange(1600) / 16)
TOUCHING = np.array([0, 32767, 32767, 0] * 50, np.int16)
CUT_OFF = np.array([0, 32767, 32767, 32767, 0] * 50, np.int16)
CUT_OFF_BELOW = np.array([0, 0, -32768, -32768, -32768], np.int16)


@pytest.mark.parametrize(
    ("samples", "rms_dbfs", "peak_dbfs", "is_clipped"),
    [
        (np.zeros(0, np.int16), SILENT_DBFS, SILENT_DBFS, False),
        (np.zeros(100, np.int16), SILENT_DBFS, SILENT_DBFS, False),
        (np.full(100, -32768, np.int16), 0.0, 0.0, True),
        ((32767 * SINE).astype(np.int16), -3.01, 0.0, False),
        ((3276.8 * SINE).astype(np.int16), -23.01, -20.0, False),
        (np.ones(100, np.int16), -90.31, -90.31, False),
        (TOUCHING, -3.01, 0.0, False),
        (CUT_OFF, -2.22, 0.0, True),
        (CUT_OFF_BELOW, -2.22, 0.0, True),
    ],
)
def test_levels(samples: NDArray[np.int16], rms_dbfs: float, peak_dbfs: float, is_clipped: bool) -> None:
    level = Level.of(samples)
    assert (level.rms_dbfs, level.peak_dbfs) == pytest.approx((rms_dbfs, peak_dbfs), abs=0.01)
    assert level.is_clipped is is_clipped
