"""Multipliers and shifts, and the C arithmetic on them, against exact rational arithmetic."""

import ctypes
import math
import shutil
import subprocess
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given

from codegen.fixedpoint import (
    IDENTITY,
    activation_range,
    high_mul,
    input_radius,
    inverse_root,
    quantize_multiplier,
    requantize,
    round_half_away,
    round_shift,
    tanh,
)
from codegen.native import UNDEFINED_SANITIZER, WARNINGS
from train.core.installation import FIRMWARE_SOURCES
from train.tflite.graph import Tensor

INT32 = st.integers(-(2**31), 2**31 - 1)


def tensor(scale: float, zero_point: int) -> Tensor:
    return Tensor(0, "t", (1,), np.dtype("i1"), (float(np.float32(scale)),), (zero_point,), 0, None)


def half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def half_away(value: Fraction) -> int:
    return half_up(value) if value >= 0 else -half_up(-value)


@given(st.floats(2.0**-31, 2.0**20))
def test_a_multiplier_is_the_nearest(scale):
    multiplier, shift = quantize_multiplier(scale)
    assert 2**30 <= multiplier < 2**31
    assert abs(Fraction(scale) - Fraction(multiplier, 2**31) * Fraction(2) ** shift) <= (
        Fraction(2) ** (shift - 31) / 2
    )


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (1.0, IDENTITY),
        (0.5, (1 << 30, 0)),
        (0.0, (0, 0)),
        (2.0**-32, (1 << 30, -31)),
        (2.0**-33, (0, 0)),  # a shift by more than 31
        (1 - 2.0**-40, (1 << 30, 1)),  # rounds up to 2^31
    ],
)
def test_multipliers_at_the_ends(scale, expected):
    assert quantize_multiplier(scale) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.5, 1), (-0.5, -1), (1.5, 2), (-2.5, -3), (2.49, 2), (0, 0)]
)
def test_halves_go_away_from_zero(value, expected):
    assert round_half_away(value) == expected


@pytest.mark.parametrize(
    ("activation", "scale", "zero_point", "expected"),
    [
        ("NONE", 0.1, 3, (-128, 127)),
        ("RELU", 0.1, 3, (3, 127)),
        ("RELU6", 0.1, 3, (3, 63)),
        ("RELU6", 0.01, -128, (-128, 127)),
        ("RELU_N1_TO_1", 0.1, 3, (-7, 13)),
        ("RELU6", 4.0, 0, (0, 2)),  # 1.5 rounds away from zero
    ],
)
def test_bounds_of_activations(activation, scale, zero_point, expected):
    assert activation_range(activation, tensor(scale, zero_point)) == expected


@given(st.integers(1, 24))
def test_the_radius_is_the_largest_that_fits(shift):
    radius = input_radius(5, shift)
    limit = Fraction(31 * 2**26, 2**shift)
    assert radius <= limit < radius + 1


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """The functions of fixedpoint.h, compiled with UBSan."""
    if shutil.which("cc") is None:
        pytest.skip("no cc to compile fixedpoint.h with")
    folder = tmp_path_factory.mktemp("fixedpoint")
    (folder / "exports.c").write_text(
        '#include "kernels/fixedpoint.h"\n'
        "int32_t high_mul(int32_t a, int32_t b);\n"
        "int32_t round_shift(int32_t a, int b);\n"
        "int32_t requantize(int32_t a, int32_t b, int c);\n"
        "int32_t exp_negative(int32_t a, int b);\n"
        "int32_t one_over_one_plus(int32_t a);\n"
        "int32_t high_mul(int32_t a, int32_t b) { return kws_high_mul(a, b); }\n"
        "int32_t round_shift(int32_t a, int b) { return kws_round_shift(a, b); }\n"
        "int32_t requantize(int32_t a, int32_t b, int c) { return kws_requantize(a, b, c); }\n"
        "int32_t exp_negative(int32_t a, int b) { return kws_exp_negative(a, b); }\n"
        "int32_t one_over_one_plus(int32_t a) { return kws_one_over_one_plus(a); }\n"
    )
    library = folder / "exports.so"
    flags = [*WARNINGS, *UNDEFINED_SANITIZER, "-shared", "-fPIC", f"-I{FIRMWARE_SOURCES}"]
    subprocess.run(["cc", *flags, str(folder / "exports.c"), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


@given(INT32, st.integers(-(2**31) + 1, 2**31 - 1))
@example(-(2**31), 2**31 - 1)
@example(-1, 2**30)
@example(1, 2**30)
def test_high_products_are_rounded_halves_up(kernel, a, b):
    assert kernel.high_mul(a, b) == high_mul(a, b) == half_up(Fraction(a * b, 2**31))


@given(INT32, st.integers(0, 31))
@example(2**31 - 1, 1)
@example(-(2**31), 31)
@example(-3, 1)
def test_shifts_are_rounded_halves_away_from_zero(kernel, value, bits):
    assert kernel.round_shift(value, bits) == round_shift(value, bits) == half_away(Fraction(value, 2**bits))


@given(st.integers(-(2**22), 2**22), st.integers(2**30, 2**31 - 1), st.integers(-31, 8))
def test_requantizing_rounds_twice(kernel, value, multiplier, shift):
    product = half_up(Fraction(value * 2 ** max(shift, 0) * multiplier, 2**31))
    found = kernel.requantize(value, multiplier, shift)
    assert found == requantize(value, multiplier, shift) == half_away(Fraction(product, 2 ** max(-shift, 0)))


def test_once_and_twice_differ(kernel):
    """0.4999… rounds up to 0.5 and then to 1: the bit that tells the engines apart."""
    value, multiplier, shift = 1, 2**31 - 1, -1
    assert half_away(Fraction(value * multiplier, 2**32)) == 0
    assert kernel.requantize(value, multiplier, shift) == 1


@given(st.integers(-(2**31), 0), st.sampled_from([4, 5]))
def test_exponentials_are_close(kernel, value, integer_bits):
    expected = math.exp(value / 2 ** (31 - integer_bits))
    assert kernel.exp_negative(value, integer_bits) / 2**31 == pytest.approx(expected, abs=1e-6)


@given(st.integers(0, 2**31 - 1))
@example(0)
@example(2**31 - 1)
def test_reciprocals_are_close(kernel, value):
    expected = 1 / (1 + value / 2**31)
    assert kernel.one_over_one_plus(value) / 2**31 == pytest.approx(expected, abs=1e-7)


@given(st.integers(-(2**31) + 1, 2**31 - 1))
@example(0)
def test_tangents_are_close(value):
    assert tanh(value, 4) / 2**31 == pytest.approx(math.tanh(value / 2**27), abs=1e-6)


@given(st.integers(1, 2**29 - 1))
@example(1)
@example(2)
def test_inverse_roots_are_close(value):
    multiplier, shift = inverse_root(value)
    assert multiplier / 2**31 * 2.0**shift == pytest.approx(value**-0.5, rel=1e-4)
