"""The window and the FFT of the front end ``micro``: int16, with kissfft's roundings, many frames at a time.

Arrays are (points, frames): each step of the transform runs along all frames. Values are kept in int32;
where int16 could overflow, the wrap-around that follows is made here, too.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from train.audio import micro_tables as tables
from train.core.spec import FrontEnd

_HALF = np.int32(1 << 14)
_LOWEST = -(1 << 15)


def windowed(samples: NDArray[np.int16], front_end: FrontEnd) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Samples times the window, each frame shifted up as far as its loudest allows.

    Args:
        samples: (clips, clip_samples) int16.
    Returns:
        (window_samples, clips * frames) int32, and the (clips * frames,) shifts.
    """
    views = np.lib.stride_tricks.sliding_window_view(samples, front_end.window_samples, axis=1)
    frames = views[:, :: front_end.stride_samples].reshape(-1, front_end.window_samples)
    values = np.ascontiguousarray(frames.T, dtype=np.int32)
    values *= tables.window(front_end).astype(np.int32)[:, np.newaxis]
    values >>= tables.WINDOW_BITS
    shifts = tables.SAMPLE_BITS - np.frexp(_loudest(values).astype(np.float64))[1].astype(np.int64)
    values <<= (shifts + 16).astype(np.int32)
    values >>= 16
    return values, shifts


def _loudest(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """Largest magnitude of each frame. -32768 counts for nothing: in int16 it has none."""
    lowest = values.min(axis=0)
    if (lowest == _LOWEST).any():
        lowest = np.where(values == _LOWEST, 0, values).min(axis=0)
    loudest: NDArray[np.int32] = np.maximum(values.max(axis=0), -lowest)
    return loudest


def powers_of_bins(values: NDArray[np.int32], front_end: FrontEnd) -> NDArray[np.int32]:
    """Squared magnitude of each bin of the FFT.

    Args:
        values: (up to fft_length, frames) int32 of 16 bits; behind the last is silence.
    Returns:
        (fft_bins, frames) int32.
    """
    points = front_end.fft_length // 2
    packed = np.zeros((2, points, values.shape[1]), np.int32)  # even samples are real, odd ones imaginary
    order = _digit_reversal(points)
    packed[0, order[: (len(values) + 1) // 2]] = values[0::2]
    packed[1, order[: len(values) // 2]] = values[1::2]
    real, imaginary = packed
    length = 1
    while length < points:
        _merge_four(real, imaginary, length, front_end)
        length *= 4
    return _split_powers(real, imaginary, front_end)


def _merge_four(re: NDArray[np.int32], im: NDArray[np.int32], length: int, front_end: FrontEnd) -> None:
    """In place: four transforms of ``length`` points, one behind the other, become one of four times that."""
    shape = (-1, 4, length, re.shape[1])
    re, im = re.reshape(shape), im.reshape(shape)
    _divide(re, 4)
    _divide(im, 4)
    turned_re, turned_im = re[:, 1:], im[:, 1:]
    if length > 1:  # else by nothing
        turned_re, turned_im = _product(turned_re, turned_im, *_turns(length, front_end))
    first_re, second_re, third_re = (turned_re[:, index] for index in range(3))
    first_im, second_im, third_im = (turned_im[:, index] for index in range(3))
    zero_re, zero_im = re[:, 0], im[:, 0]
    low_re, low_im = zero_re - second_re, zero_im - second_im
    high_re, high_im = zero_re + second_re, zero_im + second_im
    sum_re, sum_im = first_re + third_re, first_im + third_im
    difference_re, difference_im = first_re - third_re, first_im - third_im
    np.add(high_re, sum_re, out=re[:, 0])
    np.add(high_im, sum_im, out=im[:, 0])
    np.subtract(high_re, sum_re, out=re[:, 2])
    np.subtract(high_im, sum_im, out=im[:, 2])
    np.add(low_re, difference_im, out=re[:, 1])
    np.subtract(low_im, difference_re, out=im[:, 1])
    np.subtract(low_re, difference_im, out=re[:, 3])
    np.add(low_im, difference_re, out=im[:, 3])
    if length > 1:  # four quarters of int16 stay within it
        _wrap(re)
        _wrap(im)


def _split_powers(re: NDArray[np.int32], im: NDArray[np.int32], front_end: FrontEnd) -> NDArray[np.int32]:
    """Powers of the bins of real samples, from the transform of their even and odd ones as one."""
    points = len(re)
    middle = points // 2
    powers = np.zeros((points + 1, re.shape[1]), np.int32)  # bin 0 and the last are in no band
    mirrored = slice(points - 1, middle - 1, -1)
    low_re, low_im = re[1 : middle + 1].copy(), im[1 : middle + 1].copy()
    high_re, high_im = re[mirrored].copy(), -im[mirrored]
    _wrap(high_im)
    for part in (low_re, low_im, high_re, high_im):
        _divide(part, 2)
    even_re, even_im = low_re + high_re, low_im + high_im
    odd_re, odd_im = low_re - high_re, low_im - high_im
    turned_re, turned_im = _product(odd_re, odd_im, *_split_turns(front_end))
    _wrap(turned_re)
    _wrap(turned_im)
    powers[1 : middle + 1] = ((even_re + turned_re) >> 1) ** 2 + ((even_im + turned_im) >> 1) ** 2
    # The bin in the middle is its own mirror, and kissfft writes it as such.
    powers[mirrored] = ((even_re - turned_re) >> 1) ** 2 + ((turned_im - even_im) >> 1) ** 2
    return powers


def _divide(values: NDArray[np.int32], divisor: int) -> None:
    """In place, by a product with 32767 / divisor, rounded down, in Q15."""
    values *= np.int32(32767 // divisor)
    values += _HALF
    values >>= 15


def _product(
    re: NDArray[np.int32], im: NDArray[np.int32], cosine: NDArray[np.int32], sine: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Of complex values and factors in Q15, rounded once."""
    real, imaginary = re * cosine, im * cosine
    real -= im * sine
    imaginary += re * sine
    for part in (real, imaginary):
        part += _HALF
        part >>= 15
    return real, imaginary


def _wrap(values: NDArray[np.int32]) -> None:
    """In place, to what int16 keeps of them."""
    values <<= 16
    values >>= 16


@lru_cache(maxsize=8)
def _digit_reversal(points: int) -> NDArray[np.int64]:
    """Place of each point: its digits to the base of four in reverse order."""
    places, left = np.zeros(points, np.int64), np.arange(points)
    size = 1
    while size < points:
        places, left, size = places * 4 + left % 4, left // 4, size * 4
    return places


@lru_cache(maxsize=32)
def _turns(length: int, front_end: FrontEnd) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(3, length, 1) cosines and sines that turn the second to fourth transform of ``length`` points."""
    stride = front_end.fft_length // 2 // (4 * length)
    places = np.arange(1, 4)[:, np.newaxis] * np.arange(length) * stride
    factors = tables.twiddles(front_end)[places].astype(np.int32)
    return factors[..., 0, np.newaxis], factors[..., 1, np.newaxis]


@lru_cache(maxsize=8)
def _split_turns(front_end: FrontEnd) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    factors = tables.split_twiddles(front_end).astype(np.int32)
    return factors[:, 0, np.newaxis], factors[:, 1, np.newaxis]
