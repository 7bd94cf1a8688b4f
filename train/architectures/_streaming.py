"""Networks for windows that overlap: no convolution is padded in time, so a frame is computed once."""

from collections.abc import Sequence

import keras

from train.architectures import _layers
from train.core.errors import UserError
from train.core.spec import FrontEnd


def build(
    name: str,
    front_end: FrontEnd,
    label_count: int,
    dropout: float,
    seed: int,
    *,
    stride: int,
    first_channels: int,
    channels: int,
    kernels: Sequence[int],
    is_logistic: bool = False,
) -> keras.Model:
    """A convolution over some frames and all bins, then a block over time for each of the kernels.

    Args:
        stride: frames from one of the first convolution to the next. It looks at as many frames, or up to two
            more or less, so that the newest frame of a window is always one of them.
        kernels: frames of the depthwise convolution of each block.
    Raises:
        UserError: clips too short for the kernels.
    """
    first_frames = 3 + (front_end.frames - 3) % stride
    frames = (front_end.frames - first_frames) // stride + 1
    least = sum(kernels) - len(kernels) + 1
    if frames < least:
        needed_ms = front_end.window_size_ms + ((least - 1) * stride + 4) * front_end.window_stride_ms
        raise UserError(
            f"architecture {name}: a clip has {front_end.frames} rows, {needed_ms} ms are needed; pass "
            f"--clip-duration-ms {needed_ms}, or choose another architecture"
        )
    features = _layers.features(front_end)
    x = keras.layers.Reshape((front_end.frames, 1, front_end.bins), name="bins_to_channels")(features)
    x = _layers.convolution(
        x, "first", first_channels, (first_frames, 1), seed, strides=(stride, 1), padding="valid"
    )
    x = _layers.relu(x, "first")
    for block, kernel in enumerate(kernels):
        x = _layers.depthwise(x, f"depth{block}", (kernel, 1), seed, padding="valid")
        x = _layers.convolution(x, f"point{block}", channels, (1, 1), seed)
        x = _layers.relu(x, f"point{block}")
    return _layers.averaged_classifier(features, x, label_count, dropout, seed, name, is_logistic)
