"""Audio packed for the line, without loss; firmware/line/packed.c unpacks it. docs/PROTOCOL.md says how.

A fixed linear prediction of order 0 to 3, and what it misses in Rice codes (docs/adr/0035-faster-line.md).
"""

import numpy as np
from numpy.typing import NDArray

BLOCK_SAMPLES = 100
_ORDER_BITS, _PARAMETER_BITS = 2, 4
_HEADER_BITS = _ORDER_BITS + _PARAMETER_BITS
_PLAIN, _SAMPLE_BITS = 15, 16  # the parameter that says: samples as they are
_PARAMETERS = np.arange(_PLAIN)
_ORDERS = 4


def pack(samples: NDArray[np.int16]) -> bytes:
    """The bytes that stand for samples.

    Args:
        samples: (n,), at least one.
    """
    residuals = _residuals(samples)
    starts = range(0, len(samples), BLOCK_SAMPLES)
    codes = [_block(samples[at : at + BLOCK_SAMPLES], residuals[:, at : at + BLOCK_SAMPLES]) for at in starts]
    values, widths = (np.concatenate(parts) for parts in zip(*codes, strict=True))
    return _bits(values, widths)


def unpack(packed: bytes, sample_count: int) -> NDArray[np.int16]:
    """The samples again: (sample_count,); the plain twin of the firmware's.

    Raises:
        ValueError: these bytes are not that many samples packed.
    """
    text = "".join(f"{byte:08b}" for byte in packed)
    at = 0

    def take(width: int) -> int:
        nonlocal at
        at += width
        if at > len(text):
            raise ValueError(f"{len(packed)} bytes end before {sample_count} samples do")
        return int(text[at - width : at] or "0", 2)

    samples = [0, 0, 0]  # before the first
    for done in range(sample_count):
        if done % BLOCK_SAMPLES == 0:
            order, parameter = take(_ORDER_BITS), take(_PARAMETER_BITS)
        if parameter == _PLAIN:
            value = take(_SAMPLE_BITS)
            samples.append(value - (value >> 15 << 16))
            continue
        end = text.find("1", at)
        zeros = (end if end >= 0 else len(text)) - at
        take(zeros + 1)
        folded = zeros << parameter | take(parameter)
        a, b, c = samples[-1], samples[-2], samples[-3]
        prediction = (0, a, 2 * a - b, 3 * a - 3 * b + c)[order]
        samples.append(prediction + (folded >> 1 ^ -(folded & 1)))
        if not -(1 << 15) <= samples[-1] < 1 << 15:
            raise ValueError(f"sample {done} is {samples[-1]}, which 16 bits do not hold")
    if len(text) - at >= 8 or "1" in text[at:]:
        raise ValueError(f"{len(text) - at} bits are left behind {sample_count} samples")
    return np.array(samples[3:], np.int16)


def _residuals(samples: NDArray[np.int16]) -> NDArray[np.int64]:
    """What a prediction of each order misses, folded to 0, 1, 2, … for 0, -1, 1, …: (orders, n)."""
    missed = [np.concatenate([np.zeros(_ORDERS - 1, np.int64), samples])]
    for _ in range(1, _ORDERS):
        missed.append(np.diff(missed[-1], prepend=0))
    each = np.stack(missed)[:, _ORDERS - 1 :]
    return np.where(each >= 0, 2 * each, -2 * each - 1)


def _block(
    samples: NDArray[np.int16], residuals: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One block as numbers and their widths in bits; a number that is narrower has zeros before it."""
    count = len(samples)
    runs = residuals[:, :, np.newaxis] >> _PARAMETERS  # (orders, samples, parameters)
    bits = runs.sum(axis=1) + count * (1 + _PARAMETERS)
    order, parameter = np.unravel_index(bits.argmin(), bits.shape)
    if bits[order, parameter] >= count * _SAMPLE_BITS:
        plain = samples.astype(np.int64) & 0xFFFF
        return np.append(_PLAIN, plain), np.append(_HEADER_BITS, np.full(count, _SAMPLE_BITS))
    zeros, low = runs[order, :, parameter], residuals[order] & (1 << parameter) - 1
    header = np.array([order << _PARAMETER_BITS | parameter])
    return np.append(header, 1 << parameter | low), np.append(_HEADER_BITS, zeros + 1 + parameter)


def _bits(values: NDArray[np.int64], widths: NDArray[np.int64]) -> bytes:
    """Numbers one after the other, the highest bit of each first, zeros to the end of the last byte."""
    ends = np.cumsum(widths)
    bits = np.zeros(int(ends[-1]), np.uint8)
    for place in range(_SAMPLE_BITS):  # from the lowest on: none is wider
        reaches = widths > place
        bits[ends[reaches] - 1 - place] = values[reaches] >> place & 1
    return np.packbits(bits).tobytes()
