"""The front end ``micro`` in NumPy, integers throughout: the bits of TFLite-Micro's audio front end.

Samples become amplitudes of mel bands by an FFT of int16 (``micro_fft``); each band is freed of its noise,
divided by the level of that noise, and becomes a logarithm. Estimates of noise go on from frame to frame.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from train.audio import micro_tables as tables
from train.audio.micro_fft import powers_of_bins, windowed
from train.core.spec import FrontEnd

_UINT32 = np.int64(2**32 - 1)


def amplitudes(samples: NDArray[np.int16], front_end: FrontEnd) -> NDArray[np.int64]:
    """Amplitude of each band of each frame, before noise reduction.

    Args:
        samples: (clips, clip_samples) int16.
    Returns:
        (clips, frames, bins) int64, less than 2^32.
    """
    frames, shifts = windowed(samples, front_end)
    bands = _bands(front_end)
    bins = slice(bands.first, bands.first + len(bands.rising))
    # Exact in doubles, in whatever order they are added: no sum comes to 2^53.
    sums = powers_of_bins(frames, front_end)[bins].T.astype(np.float64) @ _weights(front_end)
    roots = _rounded_root(sums) >> shifts[:, np.newaxis]
    return roots.reshape(len(samples), front_end.frames, front_end.bins)


def steps(
    powers: NDArray[np.int64], front_end: FrontEnd, before: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Quantized features of amplitudes, and the estimates of noise at the last frame.

    Args:
        powers: (..., frames, bins), from ``amplitudes``.
        before: (..., bins), the estimates at the frame before; None: a stream begins here, with none.
    Returns:
        (..., frames, bins) uint8; (..., bins) int64.
    """
    levels, last = log_levels(powers, front_end, before)
    return quantized(log_values(levels)), last


def log_levels(
    powers: NDArray[np.int64], front_end: FrontEnd, before: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What ``steps`` takes the logarithm of, and the estimates of noise at the last frame."""
    loud = (powers << tables.SMOOTHING_BITS) & _UINT32
    estimates = _estimates(loud, tables.smoothing(front_end), before)
    # What noise leaves of an amplitude, and not less than a share of it.
    left = (loud - np.minimum(estimates, loud)) >> tables.SMOOTHING_BITS
    freed = np.maximum(left, (powers * tables.LEAST_LEFT) >> tables.NOISE_BITS)
    ratio = ((freed * _gain(estimates, _gains(front_end))) >> tables.snr_shift(front_end)) & _UINT32
    return _shrunk(ratio) << tables.correction_bits(front_end), estimates[..., -1, :]


def quantized(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The values of TensorFlow's op as micro_speech quantizes them, 128 more than its int8."""
    rounded = (values * tables.STEP_MULTIPLIER + tables.STEP_DIVISOR // 2) // tables.STEP_DIVISOR
    return np.minimum(rounded, 255).astype(np.uint8)


def log_values(levels: NDArray[np.int64]) -> NDArray[np.int64]:
    """64 times the natural logarithm; 0 of 1 and less. Straight lines between corrections of log2."""
    octave = _bit_length(np.maximum(levels, 1)) - 1
    bits = tables.LOG_BITS
    fraction = ((np.maximum(levels, 1) << bits) >> octave) - (1 << bits)
    segment = fraction >> (bits - tables.LOG_SEGMENT_BITS)
    corrections = tables.log_corrections()
    low = corrections[segment]
    # Upstream shifts by more bits than a segment has, so that the line is nearly flat.
    rise = (corrections[np.minimum(segment + 1, 128)] - low) * (fraction - (segment << 9)) >> bits
    octaves = (octave << bits) + fraction + low + rise
    nats = (octaves * tables.NATS_PER_OCTAVE + (1 << (bits - 1))) >> bits
    return np.asarray(((nats << tables.LOG_OUTPUT_BITS) + (1 << (bits - 1))) >> bits)


def _estimates(
    loud: NDArray[np.int64], share: NDArray[np.int64], before: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Of noise in each band, at every frame: the mean of all before, in which a frame's weight fades."""
    estimates = loud * share
    kept = (1 << tables.NOISE_BITS) - share
    last = np.zeros_like(loud[..., 0, :]) if before is None else before
    for frame in range(loud.shape[-2]):
        last = (estimates[..., frame, :] + last * kept) >> tables.NOISE_BITS
        estimates[..., frame, :] = last
    return estimates


def _gain(estimates: NDArray[np.int64], gains: NDArray[np.int64]) -> NDArray[np.int64]:
    """By a curve of second order in each octave of the estimate."""
    bits = _bit_length(estimates)
    fraction = (estimates << np.maximum(11 - bits, 0) >> np.maximum(bits - 11, 0)) & 0x3FF
    low, linear, square = gains[:, 0][bits], gains[:, 1][bits], gains[:, 2][bits]
    rise = (((square * fraction >> 5) + (linear << 5)) * fraction + (1 << 14)) >> 15
    return np.asarray(low + rise)


def _shrunk(ratio: NDArray[np.int64]) -> NDArray[np.int64]:
    """Square below 2, straight above, in SHRUNK_BITS."""
    point, least = tables.SNR_BITS, tables.SHRUNK_BITS
    square = ratio * ratio >> (2 + 2 * point - least)
    return np.where(ratio < 2 << point, square, (ratio >> (point - least)) - (1 << least))


def _rounded_root(sums: NDArray[np.float64]) -> NDArray[np.int64]:
    """Square roots, rounded to nearest; of less than 2^32 at most 65535: upstream 16 bits hold them."""
    whole = np.floor(np.sqrt(sums))
    whole += sums - whole * whole > whole
    np.minimum(whole, 65535, out=whole, where=sums < 2**32)
    return whole.astype(np.int64)


def _bit_length(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of values below 2^53; 0 has none."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)


@lru_cache(maxsize=8)
def _bands(front_end: FrontEnd) -> tables.Bands:
    return tables.bands(front_end)


@lru_cache(maxsize=8)
def _weights(front_end: FrontEnd) -> NDArray[np.float64]:
    return tables.bands(front_end).weights


@lru_cache(maxsize=8)
def _gains(front_end: FrontEnd) -> NDArray[np.int64]:
    return tables.gains(front_end)
