"""What networks for overlapping windows share: nothing is padded in time, so a frame is computed once."""

from collections.abc import Sequence

import keras

from train.architectures import _layers
from train.core.errors import UserError
from train.core.spec import FrontEnd


def blocks(x: keras.KerasTensor, kernels: Sequence[int], channels: int, seed: int) -> keras.KerasTensor:
    """For each kernel a depthwise convolution over so many frames, and a pointwise one."""
    for block, kernel in enumerate(kernels):
        x = _layers.depthwise(x, f"depth{block}", (kernel, 1), seed, padding="valid")
        x = _layers.convolution(x, f"point{block}", channels, (1, 1), seed)
        x = _layers.relu(x, f"point{block}")
    return x


def check_frames(name: str, front_end: FrontEnd, least: int) -> None:
    """Make sure that a clip has as many frames as all kernels together look at.

    Raises:
        UserError: it is too short.
    """
    if front_end.frames < least:
        needed_ms = front_end.window_size_ms + (least - 1) * front_end.window_stride_ms
        raise UserError(
            f"architecture {name}: a clip has {front_end.frames} rows of features, at least {least} are "
            f"needed; pass --clip-duration-ms {needed_ms} or a smaller --window-stride-ms, or choose another "
            "architecture"
        )
