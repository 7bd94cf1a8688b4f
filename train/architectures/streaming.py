"""streaming: a small convolution over time and frequency, then ones over time alone, none of them padded.

Made for windows that overlap: a frame of any layer has the same bits in each window it is in, so that the
engine computes it once (docs/adr/0025-incremental.md). 8 filters of 3 or 4 frames x 5 bins at stride 1 x 2;
depthwise 3 x 3 and 10 pointwise filters; max pooling 2 x 2; what is left of the bins becomes channels, mixed
into 48; four blocks of a depthwise convolution over time and a pointwise one; mean over what is left; dense.
Every convolution is normalized. The kernels of the blocks leave a quarter of the frames, or a little more.
The order is that of spectro_temporal, without its ways around the blocks.
Parameters for 49 x 40 features, normalization folded in: 14,982 with 4 labels, 15,374 with 12.
"""

import keras

from train.architectures import _layers, _streaming
from train.core.spec import MICRO, FrontEnd

USUAL_FRONT_END = FrontEnd(MICRO)
_STEM_FILTERS, _SPECTRAL_FILTERS = 8, 10
_STEM_FRAMES, _STEM_BINS = 3, 5
_DEPTH = 3  # frames and bins
_CHANNELS, _BLOCKS = 48, 4
_SHARE_LEFT = 0.25  # of the frames, behind the blocks


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    # So many frames that none is left over where two become one: that would be the newest.
    odd = (front_end.frames - _STEM_FRAMES - _DEPTH) % 2
    kernel = (_STEM_FRAMES + odd, _STEM_BINS)
    _streaming.check_frames("streaming", front_end, _STEM_FRAMES + 1 + _DEPTH + 1 + 2 * 2 * _BLOCKS)
    x = _layers.convolution(features, "stem", _STEM_FILTERS, kernel, seed, strides=(1, 2), padding="valid")
    x = _layers.relu(x, "stem")
    x = _layers.depthwise(x, "spectral_depth", (_DEPTH, _DEPTH), seed, padding="valid")
    x = _layers.convolution(x, "spectral", _SPECTRAL_FILTERS, (1, 1), seed)
    x = _layers.relu(x, "spectral")
    x = keras.layers.MaxPooling2D((2, 2), name="pool")(x)
    frames = x.shape[1]
    x = keras.layers.Reshape((frames, 1, x.shape[2] * x.shape[3]), name="bins_to_channels")(x)
    x = _layers.relu(_layers.convolution(x, "mix", _CHANNELS, (1, 1), seed), "mix")
    reach = 2 * max(1, int((1 - _SHARE_LEFT) * frames / _BLOCKS / 2))  # frames that a block takes off
    x = _streaming.blocks(x, [reach + 1] * _BLOCKS, _CHANNELS, seed)
    return _layers.averaged_classifier(features, x, label_count, dropout, seed, "streaming")
