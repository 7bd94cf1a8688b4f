"""QUANTIZE from int8 to int8: another scale and zero point."""

import math

from codegen.fixedpoint import INT8_MAX, INT8_MIN, quantize_multiplier
from codegen.ops._form import Code, Form


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/quantize_common.cc; the factor is computed in float64."""
    form.count_inputs(1, 1)
    return rescale(form, quantize_multiplier(form.input().scale / form.output.scale), (INT8_MIN, INT8_MAX))


def rescale(form: Form, scale: tuple[int, int], bounds: tuple[int, int]) -> Code:
    """A call to the kernel that QUANTIZE and the activations share."""
    multiplier, shift = scale
    if shift > 22:  # an input has 9 bits with its sign
        raise form.refuse(f"scales {form.input().scale:.9g} to {form.output.scale:.9g}", "closer ones")
    count = math.prod(form.input().shape)
    if count != math.prod(form.output.shape):
        raise form.refuse(f"from {form.input().shape} to {form.output.shape}", "the same number of values")
    return form.code(
        "requantize_s8",
        {
            "count": count,
            "input_zero_point": form.input().zero_point,
            "output_zero_point": form.output.zero_point,
            "multiplier": multiplier,
            "shift": shift,
            "activation_min": bounds[0],
            "activation_max": bounds[1],
        },
        form.input(),
        overlaps=form.in_step(form.input()),
    )
