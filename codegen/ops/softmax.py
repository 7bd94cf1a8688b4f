"""SOFTMAX over the last dimension."""

import math

from codegen.fixedpoint import SOFTMAX_INTEGER_BITS, SOFTMAX_MOST_INPUTS, SOFTMAX_SUM_BITS, softmax_scaling
from codegen.ops._form import Code, Form

CONDITIONS = (
    f"KWS_SOFTMAX_INTEGER_BITS == {SOFTMAX_INTEGER_BITS}",
    f"KWS_SOFTMAX_SUM_BITS == {SOFTMAX_SUM_BITS}",
)


def generate(form: Form) -> Code:
    """Softmax to the fixed scale 1/256. One to int16 is an end of the model: ``codegen.passes.ends``.

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
    if not shape or shape[-1] > SOFTMAX_MOST_INPUTS:
        raise form.refuse(f"an input of shape {shape}", f"at most {SOFTMAX_MOST_INPUTS} values in a row")
    beta = float(form.op.options.get("beta", 1.0))
    scaling = softmax_scaling(beta, form.input().scale)
    if scaling is None:
        raise form.refuse(f"beta {beta} and scale {form.input().scale}", "larger ones")
    return form.code(
        "softmax_s8",
        {
            "rows": math.prod(shape[:-1]),
            "count": shape[-1],
            "multiplier": scaling.multiplier,
            "shift": scaling.shift,
            "difference_min": scaling.difference_min,
        },
        form.input(),
        conditions=CONDITIONS,
        overlaps=form.in_step(form.input()),
    )
