"""CONV_2D, also with groups of channels."""

from codegen.ops._convolution import convolve, scales
from codegen.ops._form import Code, Form, weights_and_bias


def generate(form: Form) -> Code:
    """Filters are in the file as output, height, width, input."""
    form.count_inputs(2, 3)
    channels = form.image(form.output)[2]
    weights, bias = weights_and_bias(form, channels)
    assert weights.data is not None
    if len(weights.shape) != 4 or weights.shape[0] != channels:
        raise form.refuse(f"a filter of shape {weights.shape}", f"({channels}, height, width, channels)")
    depth = weights.shape[3]
    input_channels = form.image(form.input())[2]
    if input_channels % depth or channels % (input_channels // depth):
        raise form.refuse(
            f"{input_channels} input channels, {channels} output channels, filters of {depth}",
            "whole groups of channels",
        )
    return convolve(form, weights.data, bias, scales(form, weights, channels, dimension=0))
