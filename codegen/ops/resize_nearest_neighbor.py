"""RESIZE_NEAREST_NEIGHBOR of an image."""

import math

import numpy as np

from codegen.fixedpoint import round_half_away
from codegen.ops._form import Code, Form
from codegen.ops._take import take


def generate(form: Form) -> Code:
    """Source: tflite-micro, kernels/internal/reference/resize_nearest_neighbor.h; places are in float32."""
    form.same_quantization(form.input(), form.output)
    batch, (height, width), (output_height, output_width), channels = resized(form)
    return take(
        form,
        batch,
        height * width * channels,
        [y * width * channels for y in _places(form, height, output_height)],
        [x * channels for x in _places(form, width, output_width)],
        channels,
    )


def resized(form: Form) -> tuple[int, tuple[int, int], tuple[int, int], int]:
    """Batch, height and width of the input, the same of the output, and channels."""
    form.count_inputs(2, 2)
    shape, output, sizes = form.input().shape, form.output.shape, form.integers(1, "the size")
    if len(shape) != 4 or output != (shape[0], *sizes, shape[3]):
        raise form.refuse(f"from {shape} to {output}, size {sizes}", "images, and an output of that size")
    return shape[0], (shape[1], shape[2]), (output[1], output[2]), shape[3]


def _places(form: Form, size: int, output_size: int) -> list[int]:
    """The place of the input that each place of the output shows."""
    has_corners = bool(form.op.options.get("align_corners"))
    offset = np.float32(0.5 if form.op.options.get("half_pixel_centers") else 0)
    ends = 1 if has_corners and output_size > 1 else 0
    scale = np.float32(size - ends) / np.float32(output_size - ends)
    places = [float((np.float32(place) + offset) * scale) for place in range(output_size)]
    nearest = [round_half_away(place) if has_corners else math.floor(place) for place in places]
    return [min(place, size - 1) for place in nearest]
