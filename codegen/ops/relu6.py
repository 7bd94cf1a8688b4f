"""RELU6 that stands alone, between tensors of one scale.

TFLite-Micro clamps and does not rescale: where the scales differ its values are wrong, and
the engine refuses rather than to repeat them.
"""

from codegen.fixedpoint import IDENTITY, activation_range
from codegen.ops._form import Code, Form
from codegen.ops.quantize import rescale


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/activations_common.cc."""
    form.count_inputs(1, 1)
    form.same_quantization(form.input(), form.output)
    return rescale(form, IDENTITY, activation_range("RELU6", form.output))
