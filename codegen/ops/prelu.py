"""PRELU: what is negative is multiplied by a factor of its own, such as one for each channel."""

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._elementwise import broadcast
from codegen.ops._form import Code, Form


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/prelu_common.cc; kernels/internal/reference/prelu.h."""
    form.count_inputs(2, 2)
    first, factors, output = form.input(0), form.input(1), form.output
    if first.shape != output.shape:
        raise form.refuse(f"from {first.shape} to {output.shape}", "the same shape")
    positive = quantize_multiplier(first.scale / output.scale)
    negative = quantize_multiplier(first.scale * factors.scale / output.scale)
    if positive[1] > 22 or negative[1] > 14:  # values have 9 bits with their sign, products 17
        found = f"scales {first.scale:.9g} and {factors.scale:.9g} to {output.scale:.9g}"
        raise form.refuse(found, "a larger output scale, so that products fit 32 bits")
    return form.code(
        "prelu_s8",
        {
            "shape": broadcast(form, first, factors),
            "offset1": -first.zero_point,
            "offset2": -factors.zero_point,
            "positive_multiplier": positive[0],
            "positive_shift": positive[1],
            "negative_multiplier": negative[0],
            "negative_shift": negative[1],
            "output_zero_point": output.zero_point,
        },
        first,
        factors,
        overlaps=form.in_step(first),
    )
