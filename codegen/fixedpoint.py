"""Real scales as the integers that kernels multiply and shift by, to the bit as TFLite-Micro does it.

Scales are float32 in the file. Where the original computes in float32 and where in float64
differs from operator to operator, and decides about the last bit of a multiplier.
"""

import math

import numpy as np

from train.tflite.graph import Tensor

INT8_MIN, INT8_MAX = -128, 127
_INT32_BITS = 31  # besides the sign
IDENTITY = (1 << 30, 1)  # multiplier and shift of the scale 1
# Real bounds of fused activations.
_ACTIVATIONS = {
    "NONE": (-math.inf, math.inf),
    "RELU": (0.0, math.inf),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}
ACTIVATIONS = tuple(_ACTIVATIONS)


def quantize_multiplier(scale: float) -> tuple[int, int]:
    """Multiplier and shift with scale = multiplier / 2^31 * 2^shift.

    Args:
        scale: positive or zero.
    Returns:
        multiplier: 2^30..2^31-1, or 0 for a scale under 2^-32.
        shift: -31 or more; positive to the left.
    Source:
        tflite-micro, kernels/internal/quantization_util.cc.
    """
    fraction, shift = math.frexp(scale)  # fraction in [0.5, 1)
    multiplier = round_half_away(fraction * (1 << _INT32_BITS))
    if multiplier == 1 << _INT32_BITS:
        multiplier, shift = multiplier // 2, shift + 1
    return (multiplier, shift) if multiplier and shift >= -_INT32_BITS else (0, 0)


def round_half_away(value: float) -> int:
    """Nearest integer, halves away from zero, as C's ``round``."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def activation_range(activation: str, output: Tensor) -> tuple[int, int]:
    """Least and greatest int8 that a fused activation lets through; of ``ACTIVATIONS``."""
    low, high = (_quantized(bound, output) for bound in _ACTIVATIONS[activation])
    return int(max(low, INT8_MIN)), int(min(high, INT8_MAX))


def _quantized(value: float, tensor: Tensor) -> float:
    """A real value as stored, not clamped; divided in float32 as the original does."""
    if math.isinf(value):
        return value
    return tensor.zero_point + round_half_away(float(np.float32(value) / np.float32(tensor.scale)))


def input_radius(integer_bits: int, shift: int) -> int:
    """Largest difference of inputs that fits into ``integer_bits`` after a shift to the left."""
    return math.floor(((1 << integer_bits) - 1) * 2.0 ** (_INT32_BITS - integer_bits - shift))
