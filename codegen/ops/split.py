"""SPLIT along a constant axis."""

from codegen.ops._form import Code, Form
from codegen.ops._split import split


def generate(form: Form) -> Code:
    """Inputs: the axis, then what is split."""
    form.count_inputs(2, 2, len(form.op.outputs))
    return split(form, data=1, axis=0)
