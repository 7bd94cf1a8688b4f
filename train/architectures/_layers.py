"""Layers as the original speech_commands models make them, with a seed of their own each."""

import zlib

import keras

from train.architectures import INPUT_NAME, OUTPUT_NAME
from train.spec import FrontEnd

SIGMA = 0.01  # of the first weights, in every original model but single_fc


def layer_seed(seed: int, layer: str) -> int:
    """A seed for one layer, so that adding a layer does not change what the others draw."""
    return zlib.crc32(f"{seed}/{layer}".encode()) & 0x7FFFFFFF


def first_weights(seed: int, layer: str, sigma: float = SIGMA) -> keras.initializers.Initializer:
    """Truncated normal first weights for the layer of that name."""
    return keras.initializers.TruncatedNormal(stddev=sigma, seed=layer_seed(seed, layer))


def features(front_end: FrontEnd) -> keras.KerasTensor:
    """The input: (frames, bins, 1) float32 features."""
    return keras.Input((front_end.frames, front_end.bins, 1), name=INPUT_NAME)


def conv2d(
    name: str,
    filters: int,
    kernel: tuple[int, int],
    seed: int,
    *,
    strides: tuple[int, int] = (1, 1),
    padding: str = "same",
    use_bias: bool = True,
) -> keras.layers.Conv2D:
    """A convolution; ``kernel`` and ``strides`` are (frames, bins)."""
    return keras.layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding=padding,
        use_bias=use_bias,
        kernel_initializer=first_weights(seed, name),
        name=name,
    )


def dense(name: str, units: int, seed: int, sigma: float = SIGMA) -> keras.layers.Dense:
    """A fully connected layer without activation."""
    return keras.layers.Dense(units, kernel_initializer=first_weights(seed, name, sigma), name=name)


def relu_dropout(x: keras.KerasTensor, name: str, rate: float, seed: int) -> keras.KerasTensor:
    """ReLU, then dropout."""
    return dropout(keras.layers.ReLU(name=f"{name}_relu")(x), name, rate, seed)


def dropout(x: keras.KerasTensor, name: str, rate: float, seed: int) -> keras.KerasTensor:
    """Dropout, which draws by a seed of its own."""
    label = f"{name}_dropout"
    return keras.layers.Dropout(rate, seed=layer_seed(seed, label), name=label)(x)


def classifier(inputs: keras.KerasTensor, logits: keras.KerasTensor, name: str) -> keras.Model:
    """The model that ends in a softmax over ``logits``."""
    return keras.Model(inputs, keras.layers.Softmax(name=OUTPUT_NAME)(logits), name=name)
