"""CONV_2D, also with groups of channels."""

from codegen.ops._form import (
    Code,
    Form,
    array,
    convolution_fields,
    convolution_scales,
    weighted_sum,
    weights_and_bias,
)


def generate(form: Form) -> Code:
    """Weights stay in the order of the file: output, height, width, input."""
    form.count_inputs(2, 3)
    channels = form.image(form.output)[2]
    weights, bias = weights_and_bias(form, channels)
    assert weights.data is not None
    if len(weights.shape) != 4 or weights.shape[0] != channels:
        raise form.refuse(f"a filter of shape {weights.shape}", f"({channels}, height, width, channels)")
    _, filter_height, filter_width, depth = weights.shape
    input_channels = form.image(form.input())[2]
    if input_channels % depth or channels % (input_channels // depth):
        raise form.refuse(
            f"{input_channels} input channels, {channels} output channels, filters of {depth}",
            "whole groups of channels",
        )
    scales = convolution_scales(form, weights, channels, dimension=0)
    fields, constants = weighted_sum(form, weights.data.reshape(channels, -1), bias, scales)
    name = f"op_{form.op.index}_weights"
    return form.code(
        "conv_s8",
        {
            **convolution_fields(form, filter_height, filter_width),
            "filter_channels": depth,
            "weights": name,
            **fields,
        },
        form.input(),
        constants=(array(name, weights.data), *constants),
    )
