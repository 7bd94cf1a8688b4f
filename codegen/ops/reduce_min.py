"""REDUCE_MIN over any dimensions."""

from codegen.ops._form import Code, Form
from codegen.ops._reduce import extreme


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/reduce_common.cc."""
    return extreme(form, "reduce_min_s8")
