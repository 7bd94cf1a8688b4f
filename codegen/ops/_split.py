"""What SPLIT and SPLIT_V share."""

from codegen.ops._copy import move, slab
from codegen.ops._form import Code, Form, describe


def split(form: Form, data: int, axis: int) -> Code:
    """One copy per output; how long they are, their shapes say.

    Args:
        data, axis: positions of these inputs.
    """
    source = form.input(data)
    form.same_quantization(source, *form.outputs)
    axes = form.integers(axis, "the axis")
    if len(axes) != 1:
        raise form.refuse(f"axes {axes}", "one")
    shape = source.shape
    along = form.axis(axes[0], len(shape))
    blocks, start = [], 0
    for target in form.outputs:
        if len(target.shape) != len(shape) or target.shape != (
            *shape[:along],
            target.shape[along],
            *shape[along + 1 :],
        ):
            raise form.refuse(
                f"{describe(target)} has shape {target.shape}", f"that of {shape} but for {along}"
            )
        blocks.append(slab(source, target, along, start, whole=source))
        start += target.shape[along]
    if start != shape[along]:
        raise form.refuse(f"outputs of {start} in all", f"{shape[along]} along axis {along}")
    return move(form, blocks)
