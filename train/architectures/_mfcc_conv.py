"""Two convolutions on cepstral coefficients, as large as an entry to the challenge made them."""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd

FRONT_END = FrontEnd("mfcc", window_stride_ms=10)  # 98 x 40


def build(
    name: str, filters: int, front_end: FrontEnd, label_count: int, dropout: float, seed: int
) -> keras.Model:
    """The untrained model; see ``train.architectures.build``. ``filters``: of either convolution."""
    features = _layers.features(front_end)
    x = convolution("first", features, filters, (20, 8), seed)
    x = keras.layers.MaxPooling2D((1, 3), name="max_pool")(x)
    x = convolution("second", x, filters, (10, 4), seed)
    return classifier(features, x, label_count, dropout, seed, name)


def convolution(
    name: str, x: keras.KerasTensor, filters: int, kernel: tuple[int, int], seed: int
) -> keras.KerasTensor:
    """A convolution where the kernel fits, VALID, and ReLU; ``kernel`` is (frames, bins)."""
    layer = _layers.conv2d(
        name, filters, kernel, seed, padding="valid", initializer=_layers.glorot(seed, name)
    )
    return _layers.relu(layer(x), name)


def classifier(
    features: keras.KerasTensor,
    x: keras.KerasTensor,
    label_count: int,
    dropout: float,
    seed: int,
    name: str,
) -> keras.Model:
    """The model that ends in dropout, which the entry had not (--dropout 0), and one dense layer."""
    x = _layers.dropout(keras.layers.Flatten(name="flatten")(x), "flatten", dropout, seed)
    return _layers.classifier(features, _layers.glorot_dense("final_fc", label_count, seed)(x), name)
