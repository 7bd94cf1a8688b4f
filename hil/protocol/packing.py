"""Audio packed for the line, without loss; firmware/line/packed.c unpacks it. docs/PROTOCOL.md says how.

A fixed linear prediction of order 0 to 3, and what it misses in Rice codes (docs/adr/0035-faster-line.md).
"""

import numpy as np
from numpy.typing import NDArray

BLOCK_SAMPLES = 100
_ORDER_BITS, _PARAMETER_BITS = 2, 4
_HEADER_BITS = _ORDER_BITS + _PARAMETER_BITS
_PLAIN, _SAMPLE_BITS = 15, 16  # the parameter that says: samples as they are
_PARAMETERS = np.arange(_PLAIN, dtype=np.int32)
_ORDERS = 4


def pack(samples: NDArray[np.int16]) -> bytes:
    """The bytes that stand for samples.

    Args:
        samples: (n,), at least one.
    """
    folded = _folded(samples)
    counts = np.diff(np.append(np.arange(0, len(samples), BLOCK_SAMPLES), len(samples)))
    orders, parameters = _choices(folded, counts)
    blocks = np.arange(len(counts))
    chosen = _in_blocks(folded, len(counts))[orders, blocks]  # (blocks, samples of one)
    values, widths = _codes(chosen, parameters[:, np.newaxis])
    plain = parameters == _PLAIN
    values[plain] = _in_blocks(samples.astype(np.int32) & 0xFFFF, len(counts))[plain]
    widths[plain] = _SAMPLE_BITS
    values = np.column_stack([orders << _PARAMETER_BITS | parameters, values])
    widths = np.column_stack([np.full(len(counts), _HEADER_BITS), widths])
    is_there = np.arange(BLOCK_SAMPLES + 1) <= counts[:, np.newaxis]
    return _bits(values[is_there], widths[is_there])


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


def _folded(samples: NDArray[np.int16]) -> NDArray[np.int32]:
    """What a prediction of each order misses, folded to 0, 1, 2, … for 0, -1, 1, …: (orders, n)."""
    missed = np.zeros((_ORDERS, len(samples) + _ORDERS - 1), np.int32)
    missed[0, _ORDERS - 1 :] = samples
    for order in range(1, _ORDERS):
        np.subtract(missed[order - 1, 1:], missed[order - 1, :-1], out=missed[order, 1:])
    each = missed[:, _ORDERS - 1 :]
    return each << 1 ^ each >> 31


def _in_blocks(values: NDArray[np.int32], block_count: int) -> NDArray[np.int32]:
    """(…, n) values as (…, blocks, samples of one); the last is filled up with zeros."""
    missing = block_count * BLOCK_SAMPLES - values.shape[-1]
    if missing:
        values = np.concatenate([values, np.zeros((*values.shape[:-1], missing), values.dtype)], axis=-1)
    return values.reshape(*values.shape[:-1], block_count, BLOCK_SAMPLES)


def _choices(
    folded: NDArray[np.int32], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order and the parameter by which each block takes the fewest bits: (blocks,) each.

    Args:
        folded: (orders, n).
        counts: (blocks,) samples.
    """
    runs = _in_blocks(folded, len(counts)).transpose(1, 0, 2)[:, :, np.newaxis] >> _PARAMETERS[:, np.newaxis]
    zeros = runs.astype(np.float64) @ np.ones(BLOCK_SAMPLES)  # a sum, by the fastest way there is
    bits = zeros + counts[:, np.newaxis, np.newaxis] * (1 + _PARAMETERS)  # (blocks, orders, parameters)
    bits = bits.reshape(len(counts), -1)
    orders, parameters = np.divmod(bits.argmin(axis=1), len(_PARAMETERS))
    is_plain = bits.min(axis=1) >= counts * _SAMPLE_BITS
    return np.where(is_plain, 0, orders), np.where(is_plain, _PLAIN, parameters)


def _codes(
    folded: NDArray[np.int32], parameters: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rice codes as numbers and their widths in bits; a number that is narrower has zeros before it."""
    one = 1 << parameters
    return one | folded & one - 1, (folded >> parameters) + 1 + parameters


def _bits(values: NDArray[np.int64], widths: NDArray[np.int64]) -> bytes:
    """Numbers one after the other, the highest bit of each first, zeros to the end of the last byte."""
    ends = np.cumsum(widths)
    bits = np.zeros(int(ends[-1]), np.uint8)
    ones = np.flatnonzero(np.unpackbits(values.astype(">u2").view(np.uint8)))  # of all, 16 bits each
    numbers = ones // _SAMPLE_BITS
    bits[ends[numbers] - (numbers + 1) * _SAMPLE_BITS + ones] = 1
    return np.packbits(bits).tobytes()
