"""PACK: tensors of one shape side by side along a new axis."""

from codegen.ops._copy import move, slab
from codegen.ops._form import Code, Form, describe


def generate(form: Form) -> Code:
    """One copy per input."""
    form.count_inputs(1, len(form.op.inputs))
    inputs = [form.input(position) for position in range(len(form.op.inputs))]
    form.same_quantization(form.output, *inputs)
    shape = form.output.shape
    axis = form.axis(form.option("axis"), len(shape))
    for tensor in inputs:
        if shape != (*tensor.shape[:axis], len(inputs), *tensor.shape[axis:]):
            found = f"{describe(tensor)} has shape {tensor.shape}, the output {shape}"
            raise form.refuse(found, f"{len(inputs)} of one shape along axis {axis}")
    return move(
        form,
        [slab(tensor, form.output, axis, index, whole=form.output) for index, tensor in enumerate(inputs)],
    )
