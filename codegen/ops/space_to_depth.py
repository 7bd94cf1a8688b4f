"""SPACE_TO_DEPTH: squares of an image become channels."""

from codegen.ops._copy import move, permuted
from codegen.ops._form import Code, Form, describe


def generate(form: Form) -> Code:
    """A change of order: from (batch, y, inner y, x, inner x, channel) to (…, y, x, inner y, inner x, …)."""
    form.count_inputs(1, 1)
    batch, rows, columns, channels = image_in_blocks(form, form.output.shape)
    size = form.option("block_size", 1)
    whole = (batch, rows * size, columns * size, channels // size**2)
    if form.input().shape != whole or channels % size**2:
        raise form.refuse(f"{describe(form.input())} has shape {form.input().shape}", f"{whole}")
    seen = (batch, rows, size, columns, size, channels // size**2)
    return move(form, [permuted(form.input(), form.output, seen, (0, 1, 3, 2, 4, 5))])


def image_in_blocks(form: Form, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the side with more channels, of an operator between images of one scale."""
    form.same_quantization(form.input(), form.output)
    if len(form.input().shape) != 4 or len(form.output.shape) != 4:
        raise form.refuse(
            f"from {form.input().shape} to {form.output.shape}", "(batch, height, width, channels)"
        )
    return shape
