"""CONCATENATION of tensors that share scale and zero point."""

from codegen.ops._copy import move, slab
from codegen.ops._form import Code, Form, describe


def generate(form: Form) -> Code:
    """One copy per input: rows of what lies behind the axis, at their place in rows of the output."""
    form.count_inputs(1, len(form.op.inputs))
    inputs = [form.input(position) for position in range(len(form.op.inputs))]
    form.same_quantization(form.output, *inputs)
    if form.op.options.get("fused_activation_function", "NONE") != "NONE":
        raise form.refuse(f"fused activation {form.op.options['fused_activation_function']}", "none")
    shape = form.output.shape
    axis = form.axis(form.option("axis"), len(shape))
    blocks, start = [], 0
    for tensor in inputs:
        if tensor.shape[:axis] + tensor.shape[axis + 1 :] != shape[:axis] + shape[axis + 1 :]:
            raise form.refuse(
                f"{describe(tensor)} has shape {tensor.shape}", f"that of {shape} but for {axis}"
            )
        blocks.append(slab(tensor, form.output, axis, start, whole=form.output))
        start += tensor.shape[axis]
    if start != shape[axis]:
        raise form.refuse(f"inputs of {start} in all", f"{shape[axis]} along axis {axis}")
    return move(form, blocks)
