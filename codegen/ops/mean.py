"""MEAN over neighbouring dimensions, such as height and width."""

import math

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._form import Code, Form


def generate(form: Form) -> Code:
    """The division by the number of values becomes part of the scale.

    Source:
        tflite-micro, kernels/internal/reference/reduce.h, QuantizedMeanOrSum.
    """
    form.count_inputs(2, 2)
    shape = form.input().shape
    if any(not -len(shape) <= axis < len(shape) for axis in form.integers(1, "the axes")):
        raise form.refuse(f"over axes {form.integers(1, 'the axes')} of shape {shape}", "axes that it has")
    axes = {axis % len(shape) for axis in form.integers(1, "the axes")}
    reduced = sorted(axis for axis in axes if shape[axis] > 1)  # of size 1: nothing to be done
    between = range(reduced[0], reduced[-1] + 1) if reduced else range(0)
    if any(shape[axis] > 1 and axis not in axes for axis in between):
        raise form.refuse(f"over axes {sorted(axes)} of shape {shape}", "axes that are neighbours")
    count = math.prod(shape[axis] for axis in between)
    outer = math.prod(shape[: between.start]) if reduced else math.prod(shape)
    inner = math.prod(shape[between.stop :]) if reduced else 1
    if outer * inner != math.prod(form.output.shape):
        raise form.refuse(f"an output of shape {form.output.shape}", f"{outer * inner} values")
    if 255 * count >= 2**31:
        raise form.refuse(f"a mean of {count} values", "at most 2^23")

    multiplier, shift = quantize_multiplier(form.input().scale / form.output.scale)
    halvings = min(count.bit_length() - 1, 32, 31 + shift)
    return form.code(
        "mean_s8",
        {
            "outer": outer,
            "count": count,
            "inner": inner,
            "offset": -count * form.input().zero_point,
            "multiplier": (multiplier << halvings) // count,
            "shift": shift - halvings,
            "output_zero_point": form.output.zero_point,
        },
        form.input(),
    )
