"""RSQRT: 1 / sqrt(x)."""

import numpy as np

from codegen.fixedpoint import INT8_MAX, INT8_MIN, inverse_root, quantize_multiplier, requantize
from codegen.ops._form import Code, Form
from codegen.ops._lookup import lookup

_FRACTION_BITS = 20  # of the root, before it is rescaled


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/elementwise.cc; the factor is computed in float32."""
    form.count_inputs(1, 1)
    if form.input().zero_point != INT8_MIN:  # TFLite-Micro fails at an inference that meets a negative one
        raise form.refuse(f"an input with zero point {form.input().zero_point}", "-128: none is negative")
    root = np.sqrt(np.float32(form.input().scale)) * np.float32(form.output.scale)
    multiplier, shift = quantize_multiplier(1 / float(root))
    if shift - _FRACTION_BITS > 9:  # the root of 1, in 21 bits, is the largest
        found = f"scales {form.input().scale:.9g} to {form.output.scale:.9g}"
        raise form.refuse(found, "a larger output scale, so that roots fit 32 bits")

    def answer(value: int) -> int:
        if value == 0:  # the original leaves out the zero point here
            return INT8_MAX - form.output.zero_point
        root_multiplier, root_shift = inverse_root(value)
        fine = requantize(1, root_multiplier, root_shift + _FRACTION_BITS)
        return requantize(fine, multiplier, shift - _FRACTION_BITS)

    return lookup(form, answer)
