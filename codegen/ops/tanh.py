"""TANH to the fixed scale 1/128."""

from codegen.fixedpoint import (
    INT8_MAX,
    INT8_MIN,
    input_radius,
    quantize_multiplier,
    requantize,
    round_shift,
    tanh,
)
from codegen.ops._form import Code, Form
from codegen.ops._lookup import lookup

_INPUT_INTEGER_BITS = 4


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/tanh.cc; kernels/internal/reference/integer_ops/tanh.h."""
    form.count_inputs(1, 1)
    if (form.output.scale, form.output.zero_point) != (1 / 128, 0):
        found = f"output scale {form.output.scale:.9g} and zero point {form.output.zero_point}"
        raise form.refuse(found, "1/128 and 0")
    multiplier, shift = quantize_multiplier(form.input().scale * 2.0 ** (31 - _INPUT_INTEGER_BITS))
    radius = input_radius(_INPUT_INTEGER_BITS, shift)

    def answer(value: int) -> int:
        if abs(value) >= radius:
            return INT8_MAX if value > 0 else INT8_MIN
        fraction = tanh(requantize(value, multiplier, shift), _INPUT_INTEGER_BITS)
        return round_shift(fraction, 31 - 7)

    return lookup(form, answer)
