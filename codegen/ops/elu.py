"""ELU: what is negative becomes e^x - 1."""

import numpy as np

from codegen.fixedpoint import round_half_away
from codegen.ops._form import Code, Form
from codegen.ops._lookup import lookup


def generate(form: Form) -> Code:
    """TFLite-Micro makes a table too, in float32.

    Source:
        tflite-micro, micro/kernels/elu.cc.
    """
    form.count_inputs(1, 1)
    scale, one = np.float32(form.input().scale), np.float32(1)
    steps = one / np.float32(form.output.scale)

    def answer(value: int) -> int:
        x = scale * np.float32(value)
        y = np.float32(np.exp(float(x))) - one if x < 0 else x
        return round_half_away(float(y * steps))

    return lookup(form, answer)
