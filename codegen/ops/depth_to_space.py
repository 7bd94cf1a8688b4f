"""DEPTH_TO_SPACE: channels become squares of an image."""

from codegen.ops._copy import move, permuted
from codegen.ops._form import Code, Form, describe
from codegen.ops.space_to_depth import image_in_blocks


def generate(form: Form) -> Code:
    """A change of order: from (batch, y, x, inner y, inner x, channel) to (…, y, inner y, x, inner x, …)."""
    form.count_inputs(1, 1)
    batch, rows, columns, channels = image_in_blocks(form, form.input().shape)
    size = form.option("block_size", 1)
    whole = (batch, rows * size, columns * size, channels // size**2)
    if form.output.shape != whole or channels % size**2:
        raise form.refuse(f"{describe(form.output)} has shape {form.output.shape}", f"{whole}")
    seen = (batch, rows, columns, size, size, channels // size**2)
    return move(form, [permuted(form.input(), form.output, seen, (0, 1, 3, 2, 4, 5))])
