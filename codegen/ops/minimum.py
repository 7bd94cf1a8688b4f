"""MINIMUM of two tensors, with broadcasting."""

from codegen.ops._elementwise import extremum
from codegen.ops._form import Code, Form


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/maximum_minimum.h."""
    return extremum(form, "minimum_s8")
