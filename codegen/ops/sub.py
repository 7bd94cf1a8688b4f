"""SUB of two tensors, with broadcasting."""

import numpy as np

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._elementwise import broadcast, whole_inputs
from codegen.ops._form import Code, Form

_LEFT_SHIFT = 20  # bits behind the point of both inputs


def generate(form: Form) -> Code:
    """Both inputs are brought to twice the larger scale, with bits to spare, then subtracted.

    Source:
        tflite-micro, micro/kernels/sub_common.cc; unlike those of ADD, the factors are computed in float32.
    """
    form.count_inputs(2, 2)
    inputs = [form.input(0), form.input(1)]
    twice = 2 * np.float32(max(tensor.scale for tensor in inputs))
    factors = [float(np.float32(tensor.scale) / twice) for tensor in inputs]
    factor = float(twice / (np.float32(1 << _LEFT_SHIFT) * np.float32(form.output.scale)))
    output_multiplier, output_shift = quantize_multiplier(factor)
    if output_shift > 0:
        raise form.refuse(f"output scale {form.output.scale:.9g}", f"more than {factor:.3g} times as much")
    return difference(form, "sub_s8", 1 << _LEFT_SHIFT, factors, (output_multiplier, output_shift))


def difference(
    form: Form, kernel: str, step: int, factors: list[float], output_scale: tuple[int, int]
) -> Code:
    """A call to one of the kernels of sub_s8.h.

    Args:
        step: what inputs are multiplied by first.
        factors: from there to the scale of both.
        output_scale: multiplier and shift from there to the output.
    """
    first, second = form.input(0), form.input(1)
    (multiplier1, shift1), (multiplier2, shift2) = map(quantize_multiplier, factors)
    return form.code(
        kernel,
        {
            "shape": broadcast(form, first, second),
            "step": step,
            "offset1": -first.zero_point,
            "multiplier1": multiplier1,
            "shift1": shift1,
            "offset2": -second.zero_point,
            "multiplier2": multiplier2,
            "shift2": shift2,
            "output_multiplier": output_scale[0],
            "output_shift": output_scale[1],
            "output_zero_point": form.output.zero_point,
            **form.activation(),
        },
        first,
        second,
        header="sub_s8",
        overlaps=form.in_step(*whole_inputs(form)),
    )
