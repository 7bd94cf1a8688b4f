"""wake_word: convolutions over time that take three rows at a time, for firmware that keeps their state.

Made for microWakeWord's front end (``micro`` every 10 ms): 3 to 5 frames x all bins to 32 channels, every
third frame; four blocks of a depthwise convolution over time (5, 7, 9, 11 frames) and a pointwise one to 64
channels; mean over what is left; dense. No convolution is padded in time, so a frame is computed once,
whatever window it is in. The last layer is a sigmoid: each label is asked for on its own, and a word needs no
other label's score (docs/adr/0026-streaming-files.md). The order is that of MixedNet, on which
microWakeWord's models are built, and which is after Tan and Le, "MixConv: Mixed Depthwise Convolutional
Kernels" (2019); here without mixing.
Parameters for 98 x 40 features, normalization folded in: 23,396 with 4 labels, 23,916 with 12.
"""

import keras

from train.architectures import _layers, _streaming
from train.core.spec import MICRO, FrontEnd

USUAL_FRONT_END = FrontEnd(MICRO, window_stride_ms=10)
STRIDE_ROWS = 3  # as microWakeWord's models have it: 30 ms
_FIRST_CHANNELS, _CHANNELS = 32, 64
_KERNELS = (5, 7, 9, 11)


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    # So many frames that none is left over: that would be the newest.
    first_frames = STRIDE_ROWS + (front_end.frames - STRIDE_ROWS) % STRIDE_ROWS
    _streaming.check_frames(
        "wake_word", front_end, first_frames + STRIDE_ROWS * (sum(_KERNELS) - len(_KERNELS))
    )
    x = keras.layers.Reshape((front_end.frames, 1, front_end.bins), name="bins_to_channels")(features)
    x = _layers.convolution(
        x, "first", _FIRST_CHANNELS, (first_frames, 1), seed, strides=(STRIDE_ROWS, 1), padding="valid"
    )
    x = _streaming.blocks(_layers.relu(x, "first"), _KERNELS, _CHANNELS, seed)
    return _layers.averaged_classifier(features, x, label_count, dropout, seed, "wake_word", is_logistic=True)
