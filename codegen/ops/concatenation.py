"""CONCATENATION of tensors that share scale and zero point."""

import math

from codegen.ops._form import Code, Form, describe, four, texts


def generate(form: Form) -> Code:
    """One copy per input: rows of what lies behind the axis, at their place in rows of the output."""
    form.count_inputs(1, len(form.op.inputs))
    inputs = [form.input(position) for position in range(len(form.op.inputs))]
    form.same_quantization(form.output, *inputs)
    if form.op.options.get("fused_activation_function", "NONE") != "NONE":
        raise form.refuse(f"fused activation {form.op.options['fused_activation_function']}", "none")
    shape = form.output.shape
    axis = form.option("axis") % len(shape)
    inner = math.prod(shape[axis + 1 :])
    outer = math.prod(shape[:axis])
    params, calls, start = [], [], 0
    for position, tensor in enumerate(inputs):
        if tensor.shape[:axis] + tensor.shape[axis + 1 :] != shape[:axis] + shape[axis + 1 :]:
            raise form.refuse(
                f"{describe(tensor)} has shape {tensor.shape}", f"that of {shape} but for {axis}"
            )
        length = tensor.shape[axis] * inner
        fields = {
            "dims": four([outer, length], 1),
            "input_start": 0,
            "output_start": start,
            "input_strides": four([length, 1], 0),
            "output_strides": four([shape[axis] * inner, 1], 0),
        }
        name = f"op_{form.op.index}_{position}"
        params.append((name, "kws_copy_params", texts(fields)))
        calls.append(f"kws_copy_s8({form.ref(tensor)}, {form.ref(form.output)}, &{name});")
        start += length
    if start != shape[axis] * inner:
        raise form.refuse(f"inputs of {start // inner} in all", f"{shape[axis]} along axis {axis}")
    return Code(
        kernels=("copy_s8",),
        headers=("copy_s8",),
        constants=tuple(form.operands.values()),
        params=tuple(params),
        calls=tuple(calls),
    )
