"""Convolutions over time and frequency, then residual ones over time alone; in three sizes."""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd

_BLOCK_FRAMES = 9


def build(
    name: str,
    front_end: FrontEnd,
    label_count: int,
    dropout: float,
    seed: int,
    *,
    stem_filters: int = 8,
    spectral_filters: int = 10,
    channels: int = 32,
    blocks: int = 5,
    stem_strides: tuple[int, int] = (1, 2),
) -> keras.Model:
    """The untrained model; see ``train.architectures.build``.

    Args:
        stem_filters: 5 frames x 5 bins.
        spectral_filters: of the depthwise-separable 3 x 3 that follows.
        channels: of the part over time alone, which has ``blocks`` residual blocks.
        stem_strides: in frames and bins.
    """
    features = _layers.features(front_end)
    x = _layers.convolution(features, "first", stem_filters, (5, 5), seed, strides=stem_strides)
    x = _layers.relu(x, "first")
    x = _layers.depthwise(x, "second_depth", (3, 3), seed)
    x = _layers.relu(_layers.convolution(x, "second", spectral_filters, (1, 1), seed), "second")
    x = keras.layers.MaxPooling2D((2, 2), padding="same", name="max_pool")(x)
    frames, bins, filters = x.shape[1:]
    x = keras.layers.Reshape((frames, 1, bins * filters), name="bins_to_channels")(x)
    x = _layers.relu(_layers.convolution(x, "mixed", channels, (1, 1), seed), "mixed")
    for block in range(blocks):
        x = _layers.temporal_block(x, block, _BLOCK_FRAMES, seed)
    return _layers.averaged_classifier(features, x, label_count, dropout, seed, name)
