"""HARD_SWISH: x * relu6(x + 3) / 6, in 16-bit steps."""

import math

import numpy as np

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._form import Code, Form

_INPUT_STEPS = 128  # in a step of the input: seven bits more
_GATE_SCALE = np.float32(3) / np.float32(32768)  # of the 16-bit number in which 3 is 1
_GATE_SHIFTS = range(-15, 16)  # what 16 bits can be shifted by
_OUTPUT_SHIFTS = range(-15, 1)


def generate(form: Form) -> Code:
    """Source: tflite-micro, micro/kernels/hard_swish_common.cc; the factors are computed in float32."""
    form.count_inputs(1, 1)
    entry, result = form.input(), form.output
    if entry.shape != result.shape:
        raise form.refuse(f"from {entry.shape} to {result.shape}", "the same shape")
    fine_scale = np.float32(entry.scale) / np.float32(_INPUT_STEPS)
    output_multiplier, output_shift = _quantize_multiplier_16(float(fine_scale / np.float32(result.scale)))
    gate_multiplier, gate_shift = _quantize_multiplier_16(float(fine_scale / _GATE_SCALE))
    if gate_shift not in _GATE_SHIFTS or output_shift not in _OUTPUT_SHIFTS:
        raise form.refuse(
            f"scales {entry.scale:.9g} to {result.scale:.9g}",
            "an input scale of 2e-7 to 380, and an output scale of 1/128 to 512 times that",
        )
    return form.code(
        "hard_swish_s8",
        {
            "count": math.prod(entry.shape),
            "input_zero_point": entry.zero_point,
            "output_zero_point": result.zero_point,
            "output_multiplier": output_multiplier,
            "output_shift": output_shift,
            "gate_multiplier": gate_multiplier,
            "gate_shift": gate_shift,
        },
        entry,
        conditions=(f"KWS_HARD_SWISH_STEPS == {_INPUT_STEPS}",),
        overlaps=form.in_step(entry),
    )


def _quantize_multiplier_16(scale: float) -> tuple[int, int]:
    """Multiplier and shift with scale = multiplier / 2^15 * 2^shift, the multiplier at most 2^15 - 1."""
    multiplier, shift = quantize_multiplier(scale)
    return min((multiplier + (1 << 15)) >> 16, (1 << 15) - 1), shift
