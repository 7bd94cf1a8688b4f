"""spectro_deep: most of the work over time and frequency, for the best accuracy in a file of 20,000 bytes.

A small file has room for few weights, a faster core has time for many products. So most blocks slide over
frequency, too, where each weight is used at hundreds of places: the way of BC-ResNet (Kim et al. 2021),
without its broadcasts. 20 filters of 5 frames x 5 bins at stride 2 x 2; three residual blocks of a depthwise
3 x 3 and a pointwise convolution; max pooling of two bins; a depthwise 3 x 3 and 28 pointwise filters; two
such blocks; for each channel two filters over all bins; 32 channels of these; one residual block over 9
frames; mean over time; dense.
Parameters for 49 x 43 features, normalization folded in: 9,356 with 4 labels, 9,620 with 12.
"""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd

_SPECTRAL_FILTERS, _SPECTRAL_BLOCKS = (20, 28), (3, 2)
_CHANNELS, _BLOCK_FRAMES = 32, 9


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    few, many = _SPECTRAL_FILTERS
    x = _layers.relu(_layers.convolution(features, "first", few, (5, 5), seed, strides=(2, 2)), "first")
    x = _blocks(x, "fine", _SPECTRAL_BLOCKS[0], seed)
    x = keras.layers.MaxPooling2D((1, 2), padding="same", name="max_pool")(x)
    x = _layers.depthwise(x, "second_depth", (3, 3), seed)
    x = _layers.relu(_layers.convolution(x, "second", many, (1, 1), seed), "second")
    x = _blocks(x, "coarse", _SPECTRAL_BLOCKS[1], seed)
    x = _layers.depthwise(x, "bins", (1, x.shape[2]), seed, padding="valid", multiplier=2)
    x = _layers.relu(_layers.convolution(x, "mixed", _CHANNELS, (1, 1), seed), "mixed")
    x = _layers.temporal_block(x, 0, _BLOCK_FRAMES, seed)
    return _layers.averaged_classifier(features, x, label_count, dropout, seed, "spectro_deep")


def _blocks(x: keras.KerasTensor, name: str, count: int, seed: int) -> keras.KerasTensor:
    for block in range(count):
        x = _layers.residual_block(x, f"_{name}{block}", (3, 3), seed)
    return x
