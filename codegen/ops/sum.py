"""SUM over any dimensions."""

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._form import Code, Form
from codegen.ops._reduce import reduced, total


def generate(form: Form) -> Code:
    """Source: tflite-micro, kernels/internal/reference/reduce.h, QuantizedMeanOrSum."""
    fields, count = reduced(form)
    multiplier, shift = quantize_multiplier(form.input().scale / form.output.scale)
    if 255 * count << max(shift, 0) >= 2**31:
        found = f"scales {form.input().scale:.9g} to {form.output.scale:.9g}"
        raise form.refuse(
            f"a sum of {count} values, {found}", "a larger output scale, so that sums fit 32 bits"
        )
    return total(form, fields, count, (multiplier, shift))
