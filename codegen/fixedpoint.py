"""Real scales as the integers that kernels multiply and shift by, to the bit as TFLite-Micro does it.

Scales are float32 in the file. Where the original computes in float32 and where in float64
differs from operator to operator, and decides about the last bit of a multiplier.
"""

import math
from dataclasses import dataclass

import numpy as np

from train.tflite.graph import Tensor

INT8_MIN, INT8_MAX = -128, 127
SOFTMAX_INTEGER_BITS, SOFTMAX_SUM_BITS = 5, 12  # of exponents; in front of the point of their sum
SOFTMAX_MOST_INPUTS = (1 << SOFTMAX_SUM_BITS) - 1
_INT32_BITS = 31  # besides the sign
_Q31_ONE = (1 << _INT32_BITS) - 1  # the nearest to 1 that Q0.31 has
_E_TO_MINUS_EIGHTH = 1895147668  # in Q0.31
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


@dataclass(frozen=True)
class SoftmaxScaling:
    """From differences of the inputs of a SOFTMAX to exponents, in Q5.26.

    Attributes:
        difference_min: an input further below the largest counts for nothing.
    """

    multiplier: int
    shift: int
    difference_min: int


def softmax_scaling(beta: float, scale: float) -> SoftmaxScaling | None:
    """Of int8 inputs with a scale; None where it is too small for the kernel.

    Source:
        tflite-micro, micro/kernels/softmax_common.cc.
    """
    factor = beta * scale * 2.0 ** (_INT32_BITS - SOFTMAX_INTEGER_BITS)
    if not factor > 1:
        return None
    multiplier, shift = quantize_multiplier(min(factor, 2.0**_INT32_BITS - 1))
    return SoftmaxScaling(multiplier, shift, -input_radius(SOFTMAX_INTEGER_BITS, shift))


def requantize(value: int, multiplier: int, shift: int) -> int:
    """What kws_requantize() of firmware/kernels/fixedpoint.h gives; ``value * 2^shift`` fits 32 bits."""
    return round_shift(high_mul(value << max(shift, 0), multiplier), max(-shift, 0))


def high_mul(a: int, b: int) -> int:
    """a * b / 2^31, rounded to nearest, halves up: kws_high_mul()."""
    return (a * b + (1 << 30)) >> 31


def round_shift(value: int, bits: int) -> int:
    """value / 2^bits, rounded to nearest, halves away from zero: kws_round_shift()."""
    half = (1 << bits) >> 1
    return (value + half) >> bits if value >= 0 else -((half - value) >> bits)


def saturate(value: int) -> int:
    """The int8 nearest to value."""
    return min(max(value, INT8_MIN), INT8_MAX)


def tanh(value: int, integer_bits: int) -> int:
    """Hyperbolic tangent in Q0.31 of a number in Q(integer_bits).(31 - integer_bits).

    Source:
        gemmlowp, fixedpoint/fixedpoint.h: (1 - e^-2x) / (1 + e^-2x) of the magnitude.
    """
    if value == 0:
        return 0
    exponential = _exp_negative(-abs(value), integer_bits + 1)  # twice as much, for the same bits
    # 2 / (1 + e^-2x) by Newton's method, in Q2.29, from 48/17 - 32/17 * d.
    half = (exponential + _Q31_ONE + 1) // 2  # d, in Q0.31
    estimate = 1515870810 + high_mul(half, -1010580540)
    for _ in range(3):
        error = (1 << 29) - high_mul(half, estimate)
        estimate += _saturating_shift(high_mul(estimate, error), 2)
    magnitude = _saturating_shift(estimate - (1 << 29), 2)
    return magnitude if value > 0 else -magnitude


def inverse_root(value: int) -> tuple[int, int]:
    """Multiplier and shift of 1 / sqrt(value), for a positive integer of less than 2^29.

    Source:
        tflite-micro, kernels/internal/common.h, GetInvSqrtQuantizedMultiplierExp: Newton's method.
    """
    if value == 1:
        return _Q31_ONE, 0
    right = 11
    while value < 1 << 27:
        value, right = value * 4, right - 1
    half, x = round_shift(value >> 1, 1), 1 << 28  # in Q3.28
    for _ in range(5):
        cube = _saturating_shift(high_mul(high_mul(x, x), x), 6)
        x = _saturating_shift(high_mul((1 << 28) + (1 << 27), x) - high_mul(half, cube), 3)
    x = high_mul(x, 1518500250)  # times sqrt(1/2) in Q0.31
    return (x << -right, 0) if right < 0 else (x, -right)


def _exp_negative(value: int, integer_bits: int) -> int:
    """What kws_exp_negative() gives."""
    fraction_bits = _INT32_BITS - integer_bits
    quarter = 1 << (fraction_bits - 2)
    below_quarter = (value & (quarter - 1)) - quarter
    x = (below_quarter << integer_bits) + (1 << 28)
    x2 = high_mul(x, x)
    x3, x4 = high_mul(x2, x), high_mul(x2, x2)
    cubic = high_mul(round_shift(x4, 2) + x3, 715827883)  # a third
    result = _E_TO_MINUS_EIGHTH + high_mul(_E_TO_MINUS_EIGHTH, x + round_shift(cubic + x2, 1))
    for place in range(-2, integer_bits):
        if (below_quarter - value) >> (fraction_bits + place) & 1:
            result = high_mul(result, round_half_away(math.exp(-(2.0**place)) * (1 << _INT32_BITS)))
    return result


def _saturating_shift(value: int, bits: int) -> int:
    """What kws_saturating_shift() gives."""
    return min(max(value << bits, -(1 << _INT32_BITS)), _Q31_ONE)
