"""spectro_temporal: a small convolution over time and frequency, then residual ones over time alone.

Filters that slide over frequency forgive a voice its pitch and vocal tract but cost a product per bin;
filters over time alone are cheap. So: 8 filters of 5 x 5 at stride 1 x 2, a depthwise-separable 3 x 3,
max pooling 2 x 2; what is left of the bins becomes channels of a pointwise convolution; then the
residual blocks of ``temporal``; mean over time; dense. The order of BC-ResNet (Kim et al.,
"Broadcasted Residual Learning for Efficient Keyword Spotting", 2021), without its broadcasts.
"""

import keras

from train.architectures import _layers
from train.spec import FrontEnd

_STEM_FILTERS = 8
_SPECTRAL_FILTERS = 10
_CHANNELS = 32
_BLOCKS = 5
_BLOCK_FRAMES = 9


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    x = _layers.convolution(features, "first", _STEM_FILTERS, (5, 5), seed, strides=(1, 2))
    x = _layers.relu(x, "first")
    x = _layers.depthwise(x, "second_depth", (3, 3), seed)
    x = _layers.relu(_layers.convolution(x, "second", _SPECTRAL_FILTERS, (1, 1), seed), "second")
    x = keras.layers.MaxPooling2D((2, 2), padding="same", name="max_pool")(x)
    frames, bins, filters = x.shape[1:]
    x = keras.layers.Reshape((frames, 1, bins * filters), name="bins_to_channels")(x)
    x = _layers.relu(_layers.convolution(x, "mixed", _CHANNELS, (1, 1), seed), "mixed")
    for block in range(_BLOCKS):
        x = _layers.temporal_block(x, block, _CHANNELS, _BLOCK_FRAMES, seed)
    return _layers.averaged_classifier(features, x, label_count, dropout, seed, "spectro_temporal")
