"""ABS, from one scale to another."""

import numpy as np

from codegen.fixedpoint import quantize_multiplier, requantize
from codegen.ops._form import Code, Form
from codegen.ops._lookup import check_shifts, lookup


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/elementwise.cc; the factor is computed in float32."""
    form.count_inputs(1, 1)
    factor = quantize_multiplier(float(np.float32(form.input().scale) / np.float32(form.output.scale)))
    check_shifts(form, factor[1])
    return lookup(form, lambda value: requantize(abs(value), *factor))
