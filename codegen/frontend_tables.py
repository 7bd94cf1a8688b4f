"""Constants of the front end in C: window, twiddle factors, and which bins a feature takes."""

import math

import numpy as np
from numpy.typing import NDArray

from codegen import cformat
from codegen.render import render
from train.frontend import hann_window
from train.spec import FrontEnd

_PER_ROW = 8
_SAMPLE_BITS = 15  # behind the point of an int16 sample
# Twice the transform of a real sequence has to fit into an int32: 30 bits for the transform.
_TRANSFORM_BITS = 30


def table_files(banner: str, front_end: FrontEnd) -> dict[str, str]:
    """frontend_tables.h and frontend_tables.c."""
    points = front_end.fft_length // 2
    context = {
        "banner": banner,
        "front_end": front_end,
        "kept_samples": max(0, front_end.window_samples - front_end.stride_samples),
        "skipped_samples": max(0, front_end.stride_samples - front_end.window_samples),
        "fraction_bits": fraction_bits(front_end),
        "is_two_times_a_power_of_four": int(math.log2(points)) % 2,
        "complex_length": points,
        "group_count": front_end.bins + 1,
    }
    window = _rows(_q31(hann_window(front_end.window_samples)))
    sine = _rows(_q31(np.sin(2 * np.pi * np.arange(front_end.fft_length) / front_end.fft_length)))
    return {
        "frontend_tables.h": render("frontend_tables.h", **context),
        "frontend_tables.c": render(
            "frontend_tables.c",
            **context,
            window_rows=window,
            sine_rows=sine,
            reversal_rows=_rows(bit_reversal(points)),
            group_rows=_rows(front_end.group_edges),
        ),
    }


def fraction_bits(front_end: FrontEnd) -> int:
    """Bits below a sample's lowest that the FFT has room for: 7 with the defaults.

    No bin of a full-scale clip is larger than the sum of the window; a percent on top is for
    the rounding inside the transform.
    """
    growth_bits = math.floor(math.log2(1.01 * hann_window(front_end.window_samples).sum())) + 1
    return _TRANSFORM_BITS - _SAMPLE_BITS - growth_bits


def bit_reversal(length: int) -> list[int]:
    """For each index below ``length``, a power of two, the index with its bits in reverse order."""
    bits = int(math.log2(length))
    return [int(format(index, f"0{bits}b")[::-1], 2) if bits else 0 for index in range(length)]


def _q31(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Values in [-1, 1] as Q31; 1 itself becomes the largest int32."""
    return np.minimum(np.rint(values * 2.0**31), 2.0**31 - 1).astype(np.int64)


def _rows(values: object) -> list[str]:
    return cformat.rows([int(value) for value in np.asarray(values)], _PER_ROW)
