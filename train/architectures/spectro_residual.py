"""spectro_residual: residual convolutions over time and frequency, then residual ones over time alone.

What slides over frequency has few weights and many products: a file of 20,000 bytes has room for it.
12 filters of 5 frames x 5 bins at stride 1 x 2; depthwise 3 x 3 at stride 2 and 16 pointwise filters;
two residual blocks of a depthwise 3 x 3 and a pointwise convolution; what is left of the bins becomes
channels, mixed into 32; three residual blocks over 9 frames; mean over time; dense. As
``spectro_temporal``, with more of the work done before the bins are mixed.
Parameters for 49 x 43 features, normalization folded in: 11,428 with 4 labels, 11,692 with 12.
"""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd

_SPECTRAL_FILTERS, _SPECTRAL_BLOCKS = 16, 2
_CHANNELS, _TEMPORAL_BLOCKS, _BLOCK_FRAMES = 32, 3, 9


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    x = _layers.relu(_layers.convolution(features, "first", 12, (5, 5), seed, strides=(1, 2)), "first")
    x = _layers.depthwise(x, "second_depth", (3, 3), seed, stride=2)
    x = _layers.relu(_layers.convolution(x, "second", _SPECTRAL_FILTERS, (1, 1), seed), "second")
    for block in range(_SPECTRAL_BLOCKS):
        x = _layers.residual_block(x, f"_spectral{block}", (3, 3), seed)
    frames, bins, filters = x.shape[1:]
    x = keras.layers.Reshape((frames, 1, bins * filters), name="bins_to_channels")(x)
    x = _layers.relu(_layers.convolution(x, "mixed", _CHANNELS, (1, 1), seed), "mixed")
    for block in range(_TEMPORAL_BLOCKS):
        x = _layers.temporal_block(x, block, _BLOCK_FRAMES, seed)
    return _layers.averaged_classifier(features, x, label_count, dropout, seed, "spectro_residual")
