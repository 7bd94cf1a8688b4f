"""REVERSE_V2: some axes backwards."""

from codegen.ops._copy import Block, move
from codegen.ops._form import Code, Form, strides


def generate(form: Form) -> Code:
    """One copy that goes backwards through the input.

    The converter may give the output another scale than the input. Every interpreter copies all the
    same, so what the model was found to be worth was found with these values.
    """
    form.count_inputs(2, 2)
    shape = form.input().shape
    if form.output.shape != shape:
        raise form.refuse(f"from {shape} to {form.output.shape}", "the same shape")
    axes = {form.axis(axis, len(shape)) for axis in form.integers(1, "the axes")}
    steps = strides(shape)
    start = sum((shape[axis] - 1) * steps[axis] for axis in axes)
    walk = [-step if axis in axes else step for axis, step in enumerate(steps)]
    return move(form, [Block(form.input(), form.output, shape, walk, steps, source_start=start)])
