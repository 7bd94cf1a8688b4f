"""ADD of two tensors, with broadcasting."""

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._elementwise import broadcast, whole_inputs
from codegen.ops._form import Code, Form

_LEFT_SHIFT = 20  # bits behind the point of both inputs, in the original


def generate(form: Form) -> Code:
    """Both inputs are brought to twice the larger scale, with bits to spare, then added.

    For the input of the larger scale that is half of a power of two, and exact: add_s8.c takes it first.

    Source:
        tflite-micro, micro/kernels/add_common.cc.
    """
    form.count_inputs(2, 2)
    larger = max((0, 1), key=lambda position: form.input(position).scale)
    first, second = form.input(larger), form.input(1 - larger)
    multiplier, shift = quantize_multiplier(second.scale / (2 * first.scale))
    factor = 2 * first.scale / ((1 << _LEFT_SHIFT) * form.output.scale)
    output_multiplier, output_shift = quantize_multiplier(factor)
    if output_shift >= 0:
        raise form.refuse(
            f"output scale {form.output.scale:.9g}", f"more than {2 * factor:.3g} times as much"
        )
    doublings = int(shift == 0)  # a half is exact as well: the kernel always shifts to the right
    fields: dict[str, object] = {
        "shape": broadcast(form, first, second),
        "offset1": -first.zero_point,
        "offset2": -second.zero_point,
        "step2": 2 << _LEFT_SHIFT + doublings,
        "multiplier2": multiplier,
        "right2": doublings - shift,
        "output_multiplier": output_multiplier,
        "output_right": -output_shift,
        "output_zero_point": form.output.zero_point,
        **form.activation(),
    }
    return form.code("add_s8", fields, first, second, overlaps=form.in_step(*whole_inputs(form)))
