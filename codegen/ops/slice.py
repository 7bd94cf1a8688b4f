"""SLICE with constant bounds."""

from codegen.ops._copy import Block, move
from codegen.ops._form import Code, Form, strides


def generate(form: Form) -> Code:
    """A copy of a block; the output says how large it is."""
    form.count_inputs(3, 3)
    form.same_quantization(form.input(), form.output)
    shape, counts = form.input().shape, form.output.shape
    begins, sizes = form.integers(1, "the begin"), form.integers(2, "the size")
    fits = len(begins) == len(sizes) == len(counts) == len(shape) and all(
        begin >= 0 and begin + count <= full and size in (-1, count)
        for begin, size, count, full in zip(begins, sizes, counts, shape, strict=True)
    )
    if not fits:
        raise form.refuse(f"{sizes} from {begins} of {shape} to {counts}", "a block within the input")
    steps = strides(shape)
    start = sum(begin * step for begin, step in zip(begins, steps, strict=True))
    return move(form, [Block(form.input(), form.output, counts, steps, strides(counts), source_start=start)])
