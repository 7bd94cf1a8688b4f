"""SPLIT_V: SPLIT into parts of different lengths."""

from codegen.ops._form import Code, Form
from codegen.ops._split import split


def generate(form: Form) -> Code:
    """Inputs: what is split, the lengths, which the outputs have too, and the axis."""
    form.count_inputs(3, 3, len(form.op.outputs))
    return split(form, data=0, axis=2)
