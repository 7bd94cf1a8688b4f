"""temporal: five residual convolutions over time, the bins being the channels of the first.

After Choi et al., "Temporal Convolution for Real-time Keyword Spotting on Mobile Devices" (2019), and
the time-channel separable networks that followed: 3 frames x all bins to 32 channels, then blocks of a
depthwise convolution over 9 frames, a pointwise one and the way around them; mean over time; dense.
Cheap to train and to run, as nothing slides over frequency.
Parameters for 49 x 43 features, normalization folded in: 11,172 with 4 labels, 11,436 with 12.
"""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd

_CHANNELS = 32
_BLOCKS = 5
_BLOCK_FRAMES = 9


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    x = keras.layers.Reshape((front_end.frames, 1, front_end.bins), name="bins_to_channels")(features)
    x = _layers.relu(_layers.convolution(x, "first", _CHANNELS, (3, 1), seed), "first")
    for block in range(_BLOCKS):
        x = _layers.temporal_block(x, block, _BLOCK_FRAMES, seed)
    return _layers.averaged_classifier(features, x, label_count, dropout, seed, "temporal")
