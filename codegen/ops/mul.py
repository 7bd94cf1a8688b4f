"""MUL of two tensors, with broadcasting."""

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._elementwise import broadcast, whole_inputs
from codegen.ops._form import Code, Form


def generate(form: Form) -> Code:
    """The product of the inputs, scaled once.

    Source:
        tflite-micro, micro/kernels/mul_common.cc.
    """
    form.count_inputs(2, 2)
    first, second = form.input(0), form.input(1)
    multiplier, shift = quantize_multiplier(first.scale * second.scale / form.output.scale)
    if shift > 14:  # a product has 17 bits with its sign
        raise form.refuse(f"output scale {form.output.scale:.9g}", "a larger one, so that sums fit 32 bits")
    fields: dict[str, object] = {
        "shape": broadcast(form, first, second),
        "offset1": -first.zero_point,
        "offset2": -second.zero_point,
        "output_zero_point": form.output.zero_point,
        "output_multiplier": multiplier,
        "output_shift": shift,
        **form.activation(),
    }
    return form.code("mul_s8", fields, first, second, overlaps=form.in_step(*whole_inputs(form)))
