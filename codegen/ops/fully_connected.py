"""FULLY_CONNECTED, per tensor and per channel."""

import numpy as np

from codegen.ops._form import Code, Form, array, describe, weighted_sum, weights_and_bias


def generate(form: Form) -> Code:
    """Weights stay in the order of the file: output, input."""
    form.count_inputs(2, 3)
    outputs = form.output.shape[-1] if form.output.shape else 0
    weights, bias = weights_and_bias(form, outputs)
    assert weights.data is not None
    size = int(np.prod(form.input().shape))
    if len(weights.shape) != 2 or weights.shape[0] != outputs or size % weights.shape[1]:
        raise form.refuse(
            f"{describe(weights)} has shape {weights.shape} for an input of {size} values",
            f"({outputs}, a divisor of the size of the input)",
        )
    rows = size // weights.shape[1]
    if rows * outputs != np.prod(form.output.shape):
        raise form.refuse(f"an output of shape {form.output.shape}", f"{rows} rows of {outputs} values")
    layout = form.op.options.get("weights_format", 0)
    if layout:
        raise form.refuse(f"weights in format {layout}", "the plain format, 0")
    fields, constants = weighted_sum(form, weights.data, bias, _scales(form, weights.scales))
    name = f"op_{form.op.index}_weights"
    return form.code(
        "fully_connected_s8",
        {
            "rows": rows,
            "input_count": weights.shape[1],
            "output_count": outputs,
            **form.activation(),
            "weights": name,
            "scale_step": int(len(weights.scales) > 1),
            **fields,
        },
        form.input(),
        constants=(array(name, weights.data), *constants),
    )


def _scales(form: Form, weight_scales: tuple[float, ...]) -> list[float]:
    """Factor from a sum to the output: of each output, or of all.

    Source:
        tflite-micro, micro/kernels/fully_connected_common.cc: one scale for all is multiplied
        in float32, one per channel in float64.
    """
    scale_in, scale_out = form.input().scale, form.output.scale
    if len(weight_scales) == 1:
        return [float(np.float32(scale_in) * np.float32(weight_scales[0])) / scale_out]
    if len(weight_scales) != form.output.shape[-1]:
        raise form.refuse(f"{len(weight_scales)} scales of weights", f"one, or {form.output.shape[-1]}")
    return [scale_in * scale / scale_out for scale in weight_scales]
