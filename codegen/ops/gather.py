"""GATHER along an axis, at constant indices."""

import math

from codegen.ops._form import Code, Form
from codegen.ops._take import take


def generate(form: Form) -> Code:
    """Each index takes what lies behind the axis."""
    form.count_inputs(2, 2)
    form.same_quantization(form.input(), form.output)
    shape = form.input().shape
    axis = form.axis(form.option("axis"), len(shape))
    indices = form.integers(1, "the indices")
    if form.op.options.get("batch_dims"):
        raise form.refuse(f"batch_dims {form.op.options['batch_dims']}", "0")
    if not all(0 <= index < shape[axis] for index in indices):
        raise form.refuse(f"indices {indices} of {shape[axis]}", "indices that are there")
    inner, outer = math.prod(shape[axis + 1 :]), math.prod(shape[:axis])
    if math.prod(form.output.shape) != outer * len(indices) * inner:
        raise form.refuse(f"an output of shape {form.output.shape}", f"{outer * len(indices) * inner} values")
    return take(form, outer, shape[axis] * inner, [index * inner for index in indices], [0], inner)
