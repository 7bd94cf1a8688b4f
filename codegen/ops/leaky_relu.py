"""LEAKY_RELU: what is negative is multiplied by alpha."""

import numpy as np

from codegen.fixedpoint import quantize_multiplier, requantize
from codegen.ops._form import Code, Form
from codegen.ops._lookup import check_shifts, lookup


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/leaky_relu_common.cc; the factors are computed in float32."""
    form.count_inputs(1, 1)
    alpha = np.float32(form.op.options.get("alpha", 0.0))
    if not 0 <= alpha < np.inf:  # TFLite-Micro's answer to a negative one is an accident
        raise form.refuse(f"alpha {alpha}", "one that is not negative")
    entry, result = np.float32(form.input().scale), np.float32(form.output.scale)
    positive = quantize_multiplier(float(entry / result))
    negative = quantize_multiplier(float(entry * alpha / result))
    check_shifts(form, positive[1], negative[1])
    return lookup(form, lambda value: requantize(value, *(positive if value >= 0 else negative)))
