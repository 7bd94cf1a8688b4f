"""RELU that stands alone, from one scale to another."""

import numpy as np

from codegen.fixedpoint import activation_range, quantize_multiplier
from codegen.ops._form import Code, Form
from codegen.ops.quantize import rescale


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/activations_common.cc; the factor is computed in float32."""
    form.count_inputs(1, 1)
    factor = float(np.float32(form.input().scale) / np.float32(form.output.scale))
    return rescale(form, quantize_multiplier(factor), activation_range("RELU", form.output))
