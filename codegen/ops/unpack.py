"""UNPACK: a tensor for each index of an axis."""

from codegen.ops._copy import move, slab
from codegen.ops._form import Code, Form, describe


def generate(form: Form) -> Code:
    """One copy per output."""
    form.count_inputs(1, 1, len(form.op.outputs))
    source, targets = form.input(), form.outputs
    form.same_quantization(source, *targets)
    shape = source.shape
    axis = form.axis(form.option("axis"), len(shape))
    for target in targets:
        if shape != (*target.shape[:axis], len(targets), *target.shape[axis:]):
            found = f"{describe(target)} has shape {target.shape}, the input {shape}"
            raise form.refuse(found, f"{shape[axis]} outputs without axis {axis}")
    return move(
        form, [slab(source, target, axis, index, whole=source) for index, target in enumerate(targets)]
    )
