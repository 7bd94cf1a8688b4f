"""TRANSPOSE with a constant order."""

from codegen.ops._copy import move, permuted
from codegen.ops._form import Code, Form


def generate(form: Form) -> Code:
    """One copy; none at all where only dimensions of 1 change their place."""
    form.count_inputs(2, 2)
    form.same_quantization(form.input(), form.output)
    shape, order = form.input().shape, form.integers(1, "the order")
    if sorted(order) != list(range(len(shape))):
        raise form.refuse(f"order {order} of {len(shape)} dimensions", "each of them once")
    if form.output.shape != tuple(shape[axis] for axis in order):
        raise form.refuse(f"order {order} from {shape} to {form.output.shape}", "an output of that shape")
    return move(form, [permuted(form.input(), form.output, shape, order)])
