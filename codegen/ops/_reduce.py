"""Operators that make one value of many: which dimensions stay, and how they are walked through."""

import math

from codegen.ops._form import Code, Form, strides

_MOST_GROUPS = 3  # of neighbouring dimensions that stay, and as many that go


def reduced(form: Form) -> tuple[dict[str, list[int]], int]:
    """Fields of kws_reduce, and how many values become one.

    Raises:
        UserError: axes that are not there, an output of another size, or too many dimensions.
    """
    form.count_inputs(2, 2)
    shape = form.input().shape
    axes = {form.axis(axis, len(shape)) for axis in form.integers(1, "the axes")}
    kept_shape = [size for axis, size in enumerate(shape) if axis not in axes]
    if math.prod(kept_shape) != math.prod(form.output.shape):
        raise form.refuse(f"an output of shape {form.output.shape}", f"{math.prod(kept_shape)} values")
    groups: list[tuple[bool, int, int]] = []  # whether it goes, size, stride; innermost first
    for axis in reversed(range(len(shape))):
        if shape[axis] == 1:
            continue
        if groups and groups[-1][0] == (axis in axes):
            groups[-1] = (groups[-1][0], groups[-1][1] * shape[axis], groups[-1][2])
        else:
            groups.append((axis in axes, shape[axis], strides(shape)[axis]))
    sides = [[group[1:] for group in reversed(groups) if group[0] == goes] for goes in (False, True)]
    if max(map(len, sides)) > _MOST_GROUPS:
        raise form.refuse(f"over axes {sorted(axes)} of shape {shape}", f"{_MOST_GROUPS} groups of axes")
    kept, going = ([(1, 0)] * (_MOST_GROUPS - len(side)) + side for side in sides)
    fields = {
        "kept": [size for size, _ in kept],
        "kept_strides": [stride for _, stride in kept],
        "reduced": [size for size, _ in going],
        "reduced_strides": [stride for _, stride in going],
    }
    return fields, math.prod(size for size, _ in going)


def extreme(form: Form, kernel: str) -> Code:
    """A call to one of the kernels of reduce_s8.h."""
    fields, _ = reduced(form)
    form.same_quantization(form.input(), form.output)
    return form.code(kernel, {"shape": fields}, form.input(), header="reduce_s8")


def total(form: Form, fields: dict[str, list[int]], count: int, scale: tuple[int, int]) -> Code:
    """A call to the kernel that MEAN and SUM share.

    Args:
        scale: multiplier and shift from a sum of ``count`` values to the output.
    """
    if 255 * count >= 2**31:
        raise form.refuse(f"{count} values in one", "at most 2^23")
    return form.code(
        "mean_s8",
        {
            "shape": fields,
            "offset": -count * form.input().zero_point,
            "multiplier": scale[0],
            "shift": scale[1],
            "output_zero_point": form.output.zero_point,
        },
        form.input(),
    )
