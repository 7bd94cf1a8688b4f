"""PAD with zeros, that is with the zero point."""

from codegen.ops._copy import Block, move
from codegen.ops._form import Code, Form, strides

_MOST_DIMS = 5  # that TFLite-Micro pads


def generate(form: Form) -> Code:
    """The output is filled, then the input is copied to its place in it."""
    form.count_inputs(2, 2)
    return pad(form, form.output.zero_point)


def pad(form: Form, fill: int) -> Code:
    """What PAD and PADV2 share; ``fill`` is the int8 around the input."""
    form.same_quantization(form.input(), form.output)
    shape, output = form.input().shape, form.output.shape
    paddings = form.integers(1, "the paddings")
    before, after = paddings[::2], paddings[1::2]
    expected = tuple(a + size + b for a, size, b in zip(before, shape, after, strict=False))
    wrong = len(paddings) != 2 * len(shape) or len(shape) > _MOST_DIMS or output != expected
    if wrong or min(paddings, default=0) < 0:
        raise form.refuse(
            f"paddings {paddings} from {shape} to {output}",
            f"two for each of at most {_MOST_DIMS} dimensions, none negative, and an output of that size",
        )
    steps = strides(output)
    start = sum(a * step for a, step in zip(before, steps, strict=True))
    block = Block(form.input(), form.output, shape, strides(shape), steps, target_start=start)
    return move(form, [block], fill=fill if any(paddings) else None)
