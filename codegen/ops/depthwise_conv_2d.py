"""DEPTHWISE_CONV_2D with any number of filters per input channel."""

import numpy as np

from codegen.ops._convolution import convolve, convolve_depthwise, scales
from codegen.ops._form import Code, Form, weights_and_bias


def generate(form: Form) -> Code:
    """Filters are in the file as 1, height, width, output; those of one channel are a CONV_2D."""
    form.count_inputs(2, 3)
    channels = form.image(form.output)[2]
    weights, bias = weights_and_bias(form, channels)
    assert weights.data is not None
    if len(weights.shape) != 4 or (weights.shape[0], weights.shape[3]) != (1, channels):
        raise form.refuse(f"a filter of shape {weights.shape}", f"(1, height, width, {channels})")
    input_channels = form.image(form.input())[2]
    if channels % input_channels:
        raise form.refuse(
            f"{input_channels} input channels and {channels} output channels",
            "the same number of filters for each input channel",
        )
    kernel = convolve if input_channels == 1 else convolve_depthwise
    filters = np.moveaxis(weights.data, 3, 0)[:, 0, :, :, np.newaxis]  # (outputs, height, width, 1)
    return kernel(form, filters, bias, scales(form, weights, channels, dimension=3))
