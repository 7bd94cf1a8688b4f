"""RESHAPE: the same bytes under another shape; no code at all."""

import math

from codegen.ops._form import Code, Form, describe


def generate(form: Form) -> Code:
    """The output shares the memory of the input; the shape is known already, input 1 is not read.

    As in TFLite-Micro, the bits stay what they are where the output has another scale.
    """
    form.count_inputs(1, 2)
    if form.input().data is not None:
        raise form.refuse(f"{describe(form.input())} is a constant", "a computed tensor")
    if math.prod(form.input().shape) != math.prod(form.output.shape):
        raise form.refuse(f"from {form.input().shape} to {form.output.shape}", "the same number of values")
    return Code(shares=form.input().index)
