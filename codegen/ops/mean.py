"""MEAN over any dimensions."""

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._form import Code, Form
from codegen.ops._reduce import reduced, total


def generate(form: Form) -> Code:
    """The division by the number of values becomes part of the scale.

    Source:
        tflite-micro, kernels/internal/reference/reduce.h, QuantizedMeanOrSum.
    """
    fields, count = reduced(form)
    multiplier, shift = quantize_multiplier(form.input().scale / form.output.scale)
    halvings = min(count.bit_length() - 1, 32, 31 + shift)
    return total(form, fields, count, ((multiplier << halvings) // count, shift - halvings))
