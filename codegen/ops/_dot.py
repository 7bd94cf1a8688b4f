"""Dense weights in the blocks that kws_dot() of firmware/kernels/tile.h reads."""

import numpy as np
from numpy.typing import NDArray

from codegen.ops._form import Constant, array

OUTPUTS, TAPS = 4, 16  # of a block of weights
CONDITIONS = (f"KWS_DOT_OUTPUTS == {OUTPUTS}", f"KWS_DOT_TAPS == {TAPS}")


def blocks(name: str, weights: NDArray[np.int8]) -> Constant:
    """Weights (outputs, inputs) as [groups of outputs][blocks of inputs][OUTPUTS][TAPS], with zeros."""
    filled = np.pad(weights, ((0, -len(weights) % OUTPUTS), (0, padding(weights.shape[1]))))
    return array(name, filled.reshape(-1, OUTPUTS, filled.shape[1] // TAPS, TAPS).swapaxes(1, 2))


def padding(count: int) -> int:
    """Inputs that are read behind ``count`` of them."""
    return -count % TAPS


def folded_bias(
    weights: NDArray[np.int8], bias: NDArray[np.int32] | None, zero_point: int
) -> tuple[NDArray[np.int64], int]:
    """The bias of every output of whole groups, less what the zero point of the inputs adds to its sum.

    Returns:
        biases, and the largest magnitude that a sum may come to.
    """
    wide = weights.astype(np.int64)
    folded = -zero_point * wide.sum(axis=1) + (0 if bias is None else bias.astype(np.int64))
    largest = int((np.abs(folded) + 128 * np.abs(wide).sum(axis=1)).max())
    return np.pad(folded, (0, -len(folded) % OUTPUTS)), largest
