"""Broadcasting of two inputs, and which of them the output walks along with."""

from codegen.ops._form import MAX_DIMS, Code, Form, four, strides
from train.tflite.graph import Tensor


def broadcast(form: Form, *inputs: Tensor) -> dict[str, object]:
    """Fields of kws_broadcast: the output's dimensions, merged where both inputs lie in a row.

    Args:
        inputs: both, in the order in which the kernel takes them.
    Raises:
        UserError: shapes that do not go together, or too many dimensions.
    """
    shape = form.output.shape
    walks = [repeated(form, tensor) for tensor in inputs]
    merged: list[list[int]] = []  # dimension, stride of input 1, stride of input 2; innermost first
    for column in reversed(list(zip(shape, *walks, strict=True))):
        size, first, second = column
        if size == 1:
            continue
        if merged and all(
            stride == step * merged[-1][0]
            for stride, step in zip((first, second), merged[-1][1:], strict=True)
        ):
            merged[-1][0] *= size
        else:
            merged.append([size, first, second])
    if len(merged) > MAX_DIMS:
        raise form.refuse(f"broadcasting over {len(merged)} dimensions", f"at most {MAX_DIMS}")
    dims, first_strides, second_strides = ([row[i] for row in reversed(merged)] for i in range(3))
    return {
        "dims": four(dims, 1),
        "strides1": four(first_strides, 0),
        "strides2": four(second_strides, 0),
    }


def repeated(form: Form, tensor: Tensor) -> list[int]:
    """Strides of an input along the output's dimensions; 0 where it is repeated."""
    shape = form.output.shape
    padded = (1,) * (len(shape) - len(tensor.shape)) + tensor.shape
    if len(padded) != len(shape) or any(
        size not in (1, full) for size, full in zip(padded, shape, strict=True)
    ):
        raise form.refuse(f"an input of shape {tensor.shape}, an output of {shape}", "shapes to broadcast")
    return [0 if size == 1 else stride for size, stride in zip(padded, strides(padded), strict=True)]


def whole_inputs(form: Form) -> list[Tensor]:
    """Inputs that have one value for each of the output, in its order."""
    inputs = [form.input(position) for position in (0, 1)]
    return [tensor for tensor in inputs if tensor.shape == form.output.shape]


def extremum(form: Form, kernel: str) -> Code:
    """A call to one of the kernels of extremum_s8.h.

    TFLite-Micro compares stored values as they are: where the scales differ its values are wrong, and
    the engine refuses rather than to repeat them.
    """
    form.count_inputs(2, 2)
    first, second = form.input(0), form.input(1)
    form.same_quantization(form.output, first, second)
    fields: dict[str, object] = {"shape": broadcast(form, first, second)}
    overlaps = form.in_step(*whole_inputs(form))
    return form.code(kernel, fields, first, second, header="extremum_s8", overlaps=overlaps)
