"""MIRROR_PAD: the values at an edge stand again behind it."""

import math

from codegen.ops._form import Code, Form
from codegen.ops._take import take


def generate(form: Form) -> Code:
    """Rows and columns by tables of places.

    Source:
        tflite-micro, micro/kernels/mirror_pad.cc.
    """
    form.count_inputs(2, 2)
    form.same_quantization(form.input(), form.output)
    shape, output, paddings = form.input().shape, form.output.shape, form.integers(1, "the paddings")
    mode = form.option("mode")  # 0: the edge itself is not repeated, 1: it is
    pairs = list(zip(paddings[::2], paddings[1::2], strict=False))
    expected = tuple(a + size + b for size, (a, b) in zip(shape, pairs, strict=False))
    if len(paddings) != 2 * len(shape) or output != expected:
        raise form.refuse(f"paddings {paddings} from {shape} to {output}", "two for each dimension")
    for size, pair in zip(shape, pairs, strict=True):
        if min(pair) < 0 or max(pair) > size - 1 + mode:
            raise form.refuse(f"paddings {pair} of {size} places", f"at most {size - 1 + mode}")
    padded = [axis for axis, pair in enumerate(pairs) if any(pair)] or [0]
    if len(padded) > 2 or padded[-1] - padded[0] > 1:
        raise form.refuse(f"paddings {paddings}", "paddings of one dimension, or of two neighbours")
    row, column = padded[0], padded[-1]
    inner, outer = math.prod(shape[column + 1 :]), math.prod(shape[:row])
    stride = math.prod(shape[row + 1 :])
    starts = [
        [place * step for place in _places(shape[axis], pairs[axis], mode)]
        for axis, step in ((row, stride), (column, inner))
    ]
    return take(form, outer, shape[row] * stride, starts[0], starts[1] if column > row else [0], inner)


def _places(size: int, padding: tuple[int, int], mode: int) -> list[int]:
    """The place of the input that each place of the output shows."""
    before = range(padding[0] - mode, -mode, -1)
    after = range(size - 2 + mode, size - 2 + mode - padding[1], -1)
    return [*before, *range(size), *after]
