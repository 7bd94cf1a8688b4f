"""STRIDED_SLICE with constant bounds."""

from codegen.ops._copy import Block, move
from codegen.ops._form import Code, Form, strides

_MOST_DIMS = 5  # that TFLite-Micro slices


def generate(form: Form) -> Code:
    """A copy from every stride-th place of each dimension.

    Source:
        tflite-micro, kernels/internal/strided_slice_logic.h: the rules are those of Python's slices.
    """
    form.count_inputs(4, 4)
    form.same_quantization(form.input(), form.output)
    options, shape = form.op.options, form.input().shape
    begin_mask, end_mask, shrink_mask = (
        form.option(f"{name}_mask") for name in ("begin", "end", "shrink_axis")
    )
    names = ("begin", "end", "strides")
    begins, ends, steps = (form.integers(position, name) for position, name in enumerate(names, start=1))
    masks = ("ellipsis_mask", "new_axis_mask")
    if (
        len(shape) > _MOST_DIMS
        or {len(begins), len(ends), len(steps)} != {len(shape)}
        or any(options.get(mask) for mask in masks)
    ):
        raise form.refuse(
            f"{len(begins)} bounds for shape {shape}, {', '.join(f'{m} {options.get(m)}' for m in masks)}",
            f"bounds for each of at most {_MOST_DIMS} dimensions, and no ellipsis or new axis",
        )
    if options.get("offset"):
        raise form.refuse("bounds by offset", "plain ends")
    taken = []
    for axis, (size, begin, end, step) in enumerate(zip(shape, begins, ends, steps, strict=True)):
        if step == 0:
            raise form.refuse(f"a stride of 0 along axis {axis}", "another one")
        shrinks = shrink_mask >> axis & 1
        places = slice(
            None if begin_mask >> axis & 1 else begin,
            None if end_mask >> axis & 1 else end,
            step,
        )
        taken.append(range(size)[begin % size :][:1] if shrinks else range(size)[places])
    counts = [len(places) for places in taken]
    kept = tuple(n for axis, n in enumerate(counts) if not shrink_mask >> axis & 1)
    if kept != form.output.shape or 0 in counts:
        raise form.refuse(f"an output of shape {form.output.shape}", f"{kept}, and not empty")
    steps = strides(shape)
    start = sum(places[0] * step for places, step in zip(taken, steps, strict=True))
    from_strides = [places.step * step for places, step in zip(taken, steps, strict=True)]
    block = Block(form.input(), form.output, counts, from_strides, strides(tuple(counts)), source_start=start)
    return move(form, [block])
