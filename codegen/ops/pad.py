"""PAD with zeros, that is with the zero point."""

import math
from dataclasses import replace

from codegen.ops._form import MAX_DIMS, Code, Form, four, strides


def generate(form: Form) -> Code:
    """The output is filled, then the input is copied to its place in it."""
    form.count_inputs(2, 2)
    form.same_quantization(form.input(), form.output)
    shape, output = form.input().shape, form.output.shape
    paddings = form.integers(1, "the paddings")
    before, after = paddings[::2], paddings[1::2]
    expected = tuple(a + size + b for a, size, b in zip(before, shape, after, strict=False))
    wrong = len(paddings) != 2 * len(shape) or len(shape) > MAX_DIMS or output != expected
    if wrong or min(paddings) < 0:
        raise form.refuse(
            f"paddings {paddings} from {shape} to {output}",
            f"two for each of at most {MAX_DIMS} dimensions, none negative, and an output of that size",
        )
    steps = strides(output)
    copy = form.code(
        "copy_s8",
        {
            "dims": four(shape, 1),
            "input_start": 0,
            "output_start": sum(a * step for a, step in zip(before, steps, strict=True)),
            "input_strides": four(strides(shape), 0),
            "output_strides": four(steps, 0),
        },
        form.input(),
    )
    fill = f"memset({form.ref(form.output)}, {form.output.zero_point}, {math.prod(output)});"
    return replace(copy, calls=(fill, *copy.calls))
