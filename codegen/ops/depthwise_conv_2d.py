"""DEPTHWISE_CONV_2D with any number of filters per input channel."""

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
    """Weights stay in the order of the file: height, width, output channel."""
    form.count_inputs(2, 3)
    channels = form.image(form.output)[2]
    weights, bias = weights_and_bias(form, channels)
    assert weights.data is not None
    if len(weights.shape) != 4 or (weights.shape[0], weights.shape[3]) != (1, channels):
        raise form.refuse(f"a filter of shape {weights.shape}", f"(1, height, width, {channels})")
    if channels % form.image(form.input())[2]:
        raise form.refuse(
            f"{form.image(form.input())[2]} input channels and {channels} output channels",
            "the same number of filters for each input channel",
        )
    scales = convolution_scales(form, weights, channels, dimension=3)
    fields, constants = weighted_sum(form, weights.data.reshape(-1, channels).T, bias, scales)
    name = f"op_{form.op.index}_weights"
    return form.code(
        "depthwise_conv_s8",
        {**convolution_fields(form, weights.shape[1], weights.shape[2]), "weights": name, **fields},
        form.input(),
        constants=(array(name, weights.data), *constants),
    )
