"""PADV2: PAD with any constant."""

from codegen.ops._form import Code, Form
from codegen.ops.pad import pad


def generate(form: Form) -> Code:
    """The constant has the scale and the zero point of the input."""
    form.count_inputs(3, 3)
    value = form.input(2)
    form.same_quantization(form.output, value)
    if value.data is None or value.data.size != 1:
        raise form.refuse(f"padding of shape {value.shape}", "one constant")
    return pad(form, int(value.data.ravel()[0]))
