"""SQUARED_DIFFERENCE of two tensors, with broadcasting."""

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._form import Code, Form
from codegen.ops.sub import difference

_LEFT_SHIFT = 7  # bits behind the point of both inputs; their square fits 31


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/squared_difference.cc."""
    form.count_inputs(2, 2)
    scales = [form.input(0).scale, form.input(1).scale]
    twice = 2 * max(scales)
    multiplier, shift = quantize_multiplier(twice**2 / ((1 << 2 * _LEFT_SHIFT) * form.output.scale))
    if shift > 1:  # squares have 31 bits with their sign
        raise form.refuse(f"scales {scales} to {form.output.scale:.9g}", "a larger output scale")
    factors = [scale / twice for scale in scales]
    return difference(form, "squared_difference_s8", 1 << _LEFT_SHIFT, factors, (multiplier, shift))
