"""L2_NORMALIZATION over the last dimension, to the fixed scale 1/128."""

import math

from codegen.ops._form import Code, Form


def generate(form: Form) -> Code:
    """Source: tflite-micro, kernels/internal/reference/integer_ops/l2normalization.h."""
    form.count_inputs(1, 1)
    shape = form.input().shape
    if (form.output.scale, form.output.zero_point) != (1 / 128, 0):
        found = f"output scale {form.output.scale:.9g} and zero point {form.output.zero_point}"
        raise form.refuse(found, "1/128 and 0")
    activation = form.op.options.get("fused_activation_function", "NONE")
    if not shape or shape != form.output.shape or activation != "NONE" or 255**2 * shape[-1] >= 2**31:
        found = f"from {shape} to {form.output.shape}, activation {activation}"
        raise form.refuse(found, "the same shape, rows of at most 33,000, and no activation")
    return form.code(
        "l2_normalization_s8",
        {
            "rows": math.prod(shape[:-1]),
            "count": shape[-1],
            "input_zero_point": form.input().zero_point,
        },
        form.input(),
        overlaps=form.in_step(form.input()),
    )
