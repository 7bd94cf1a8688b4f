"""TRANSPOSE_CONV: a convolution backwards, which makes images larger."""

import numpy as np

from codegen.fixedpoint import quantize_multiplier
from codegen.ops._convolution import scales
from codegen.ops._form import Code, Form, array, describe, weights_and_bias


def generate(form: Form) -> Code:
    """Inputs: the size of the output, which it has itself; filter, image, bias.

    Source:
        tflite-micro, micro/kernels/transpose_conv.cc.
    """
    form.count_inputs(3, 4)
    entry, output = form.input(2), form.output
    height, width, depth = form.image(entry)
    output_height, output_width, channels = form.image(output)
    weights, bias = weights_and_bias(form, channels, bias_at=3)
    assert weights.data is not None
    if len(weights.shape) != 4 or (weights.shape[0], weights.shape[3]) != (channels, depth):
        found = f"{describe(weights)} has shape {weights.shape}"
        raise form.refuse(found, f"({channels}, height, width, {depth})")
    biases = np.zeros(channels, np.int32) if bias is None else bias
    largest = 255 * np.abs(weights.data.astype(np.int64)).reshape(channels, -1).sum(axis=1) + np.abs(
        biases.astype(np.int64)
    )
    pairs = [quantize_multiplier(factor) for factor in scales(form, weights, channels, 0, image_at=2)]
    if largest.max() >= 2**31 or any(shift > 30 for _, shift in pairs):
        raise form.refuse(f"sums of up to {largest.max()}", "at most 2^31 - 1, which 32 bits hold")
    name = f"op_{form.op.index}"
    return form.code(
        "transpose_conv_s8",
        {
            "input_height": height,
            "input_width": width,
            "input_channels": depth,
            "filter_height": weights.shape[1],
            "filter_width": weights.shape[2],
            "output_height": output_height,
            "output_width": output_width,
            "output_channels": channels,
            "stride_height": form.option("stride_h", 1),
            "stride_width": form.option("stride_w", 1),
            "padding_top": form.padding("h", output_height, weights.shape[1], height),
            "padding_left": form.padding("w", output_width, weights.shape[2], width),
            "input_zero_point": entry.zero_point,
            "output_zero_point": output.zero_point,
            **form.activation(),
            "weights": f"{name}_weights",
            "bias": f"{name}_bias",
            "multipliers": f"{name}_multipliers",
            "shifts": f"{name}_shifts",
        },
        entry,
        constants=(
            array(f"{name}_weights", weights.data),
            array(f"{name}_bias", biases),
            array(f"{name}_multipliers", np.array([pair[0] for pair in pairs], np.int32)),
            array(f"{name}_shifts", np.array([pair[1] for pair in pairs], np.int8)),
        ),
    )
