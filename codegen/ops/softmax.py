"""SOFTMAX over the last dimension."""

import math

from codegen.fixedpoint import input_radius, quantize_multiplier
from codegen.ops._form import Code, Form

_INPUT_INTEGER_BITS = 5
_SUM_INTEGER_BITS = 12
_MOST_INPUTS = (1 << _SUM_INTEGER_BITS) - 1
_LARGEST_FACTOR = 2.0**31 - 1


def generate(form: Form) -> Code:
    """Softmax to the fixed scale 1/256.

    Source:
        tflite-micro, micro/kernels/softmax_common.cc.
    """
    form.count_inputs(1, 1)
    if (form.output.scale, form.output.zero_point) != (1 / 256, -128):
        raise form.refuse(
            f"output scale {form.output.scale:.9g} and zero point {form.output.zero_point}",
            "1/256 and -128",
        )
    shape = form.input().shape
    if not shape or shape[-1] > _MOST_INPUTS:
        raise form.refuse(f"an input of shape {shape}", f"at most {_MOST_INPUTS} values in a row")
    beta = float(form.op.options.get("beta", 1.0))
    factor = beta * form.input().scale * 2.0 ** (31 - _INPUT_INTEGER_BITS)
    if not factor > 1:
        raise form.refuse(f"beta {beta} and scale {form.input().scale}", "larger ones")
    multiplier, shift = quantize_multiplier(min(factor, _LARGEST_FACTOR))
    return form.code(
        "softmax_s8",
        {
            "rows": math.prod(shape[:-1]),
            "count": shape[-1],
            "multiplier": multiplier,
            "shift": shift,
            "difference_min": -input_radius(_INPUT_INTEGER_BITS, shift),
        },
        form.input(),
        conditions=(
            f"KWS_SOFTMAX_INTEGER_BITS == {_INPUT_INTEGER_BITS}",
            f"KWS_SOFTMAX_SUM_BITS == {_SUM_INTEGER_BITS}",
        ),
        overlaps=form.in_step(form.input()),
    )
