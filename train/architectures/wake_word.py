"""wake_word: convolutions over time that take three rows at a time, for firmware that keeps their state.

Made for microWakeWord's front end (``micro`` every 10 ms): 3 to 5 frames x all bins to 32 channels, every
third frame; four blocks of a depthwise convolution over time (5, 7, 9, 11 frames) and a pointwise one to 64
channels; mean over what is left; dense. No convolution is padded in time, so a frame is computed once,
whatever window it is in. The last layer is a sigmoid: each label is asked for on its own, and a word needs no
other label's score (docs/adr/0026-streaming-files.md). The order is that of MixedNet, on which
microWakeWord's models are built, and which is after Tan and Le, "MixConv: Mixed Depthwise Convolutional
Kernels" (2019); here without mixing.
Parameters for 98 x 40 features, normalization folded in: 24,083 with 3 labels.
"""

import keras

from train.architectures import _streaming
from train.core.spec import MICRO, FrontEnd

USUAL_FRONT_END = FrontEnd(MICRO, window_stride_ms=10)
STRIDE_ROWS = 3  # as microWakeWord's models have it: 30 ms


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    return _streaming.build(
        "wake_word",
        front_end,
        label_count,
        dropout,
        seed,
        stride=STRIDE_ROWS,
        first_channels=32,
        channels=64,
        kernels=(5, 7, 9, 11),
        is_logistic=True,
    )
