"""LOGISTIC: 1 / (1 + e^-x)."""

import math

from codegen.fixedpoint import input_radius, quantize_multiplier
from codegen.ops._form import Code, Form

_INPUT_INTEGER_BITS = 4


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/logistic_common.cc."""
    form.count_inputs(1, 1)
    if (form.output.scale, form.output.zero_point) != (1 / 256, -128):
        raise form.refuse(
            f"output scale {form.output.scale:.9g} and zero point {form.output.zero_point}",
            "1/256 and -128",
        )
    multiplier, shift = quantize_multiplier(form.input().scale * 2.0 ** (31 - _INPUT_INTEGER_BITS))
    return form.code(
        "logistic_s8",
        {
            "count": math.prod(form.input().shape),
            "input_zero_point": form.input().zero_point,
            "multiplier": multiplier,
            "shift": shift,
            "radius": input_radius(_INPUT_INTEGER_BITS, shift),
        },
        form.input(),
        conditions=(f"KWS_LOGISTIC_INTEGER_BITS == {_INPUT_INTEGER_BITS}",),
        overlaps=form.in_step(form.input()),
    )
