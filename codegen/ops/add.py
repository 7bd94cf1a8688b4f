"""ADD of two tensors, with broadcasting."""

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._elementwise import broadcast, whole_inputs
from codegen.ops._form import Code, Form

_LEFT_SHIFT = 20  # as in add_s8.c


def generate(form: Form) -> Code:
    """Both inputs are brought to twice the larger scale, with bits to spare, then added.

    Source:
        tflite-micro, micro/kernels/add_common.cc.
    """
    form.count_inputs(2, 2)
    first, second = form.input(0), form.input(1)
    twice_larger = 2 * max(first.scale, second.scale)
    factors = [
        first.scale / twice_larger,
        second.scale / twice_larger,
        twice_larger / ((1 << _LEFT_SHIFT) * form.output.scale),
    ]
    if factors[-1] >= 1:
        raise form.refuse(
            f"output scale {form.output.scale:.9g}", f"more than {factors[-1]:.3g} times as much"
        )
    fields: dict[str, object] = {"shape": broadcast(form)}
    for name, factor in zip(("{}1", "{}2", "output_{}"), factors, strict=True):
        fields[name.format("multiplier")], fields[name.format("shift")] = quantize_multiplier(factor)
    fields |= {
        "offset1": -first.zero_point,
        "offset2": -second.zero_point,
        "output_zero_point": form.output.zero_point,
        **form.activation(),
    }
    return form.code("add_s8", fields, first, second, overlaps=form.in_step(*whole_inputs(form)))
