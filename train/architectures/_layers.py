"""Layers as the original speech_commands models make them, with a seed of their own each."""

import zlib
from typing import Any

import keras
import tensorflow as tf

from train.architectures import INPUT_NAME, OUTPUT_NAME
from train.core.spec import FrontEnd

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
    initializer: keras.initializers.Initializer | None = None,
) -> keras.layers.Conv2D:
    """A convolution; ``kernel`` and ``strides`` are (frames, bins).

    Args:
        initializer: of the first weights; None: the original's.
    """
    return keras.layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding=padding,
        use_bias=use_bias,
        kernel_initializer=initializer or first_weights(seed, name),
        name=name,
    )


def glorot(seed: int, layer: str) -> keras.initializers.Initializer:
    """First weights as Keras and tf.layers draw them if nothing else is said."""
    return keras.initializers.GlorotUniform(layer_seed(seed, layer))


def dense(name: str, units: int, seed: int, sigma: float = SIGMA) -> keras.layers.Dense:
    """A fully connected layer without activation."""
    return keras.layers.Dense(units, kernel_initializer=first_weights(seed, name, sigma), name=name)


def glorot_dense(name: str, units: int, seed: int, use_bias: bool = True) -> keras.layers.Dense:
    """A fully connected layer without activation, its first weights Glorot's."""
    return keras.layers.Dense(units, use_bias=use_bias, kernel_initializer=glorot(seed, name), name=name)


def relu_dropout(x: keras.KerasTensor, name: str, rate: float, seed: int) -> keras.KerasTensor:
    """ReLU, then dropout."""
    return dropout(keras.layers.ReLU(name=f"{name}_relu")(x), name, rate, seed)


def dropout(x: keras.KerasTensor, name: str, rate: float, seed: int) -> keras.KerasTensor:
    """Dropout, which draws by a seed of its own."""
    label = f"{name}_dropout"
    return keras.layers.Dropout(rate, seed=layer_seed(seed, label), name=label)(x)


@keras.saving.register_keras_serializable("earshot")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalization that trains by TensorFlow's fused op: in two thirds of the time."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not training:
            return super().call(inputs, training=False)
        normalized, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        share = 1.0 - self.momentum
        self.moving_mean.assign(self.moving_mean * self.momentum + mean * share)
        self.moving_variance.assign(self.moving_variance * self.momentum + variance * share)
        return normalized


def normalized(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Batch normalization; quantization folds it into the convolution before it."""
    return FusedBatchNormalization(momentum=0.97, name=f"{name}_norm")(x)


def convolution(
    x: keras.KerasTensor,
    name: str,
    filters: int,
    kernel: tuple[int, int],
    seed: int,
    strides: tuple[int, int] = (1, 1),
    padding: str = "same",
) -> keras.KerasTensor:
    """A normalized convolution without activation; ``kernel`` and ``strides`` are (frames, bins)."""
    he_normal = keras.initializers.HeNormal(layer_seed(seed, name))
    layer = conv2d(
        name, filters, kernel, seed, strides=strides, padding=padding, use_bias=False, initializer=he_normal
    )
    return normalized(layer(x), name)


def depthwise(
    x: keras.KerasTensor,
    name: str,
    kernel: tuple[int, int],
    seed: int,
    *,
    stride: int = 1,
    padding: str = "same",
    multiplier: int = 1,
) -> keras.KerasTensor:
    """A normalized depthwise convolution without activation; one stride for frames and bins.

    Args:
        multiplier: filters of each channel.
    """
    layer = keras.layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding=padding,
        depth_multiplier=multiplier,
        use_bias=False,
        depthwise_initializer=glorot(seed, name),
        name=name,
    )
    return normalized(layer(x), name)


def relu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def residual_block(x: keras.KerasTensor, name: str, kernel: tuple[int, int], seed: int) -> keras.KerasTensor:
    """Each channel filtered, channels mixed, the input added: (frames, bins, channels) both ways."""
    depth, point, total = f"depth{name}", f"point{name}", f"sum{name}"
    y = depthwise(x, depth, kernel, seed)
    y = convolution(y, point, x.shape[-1], (1, 1), seed)
    return relu(keras.layers.Add(name=total)([x, y]), total)


def temporal_block(x: keras.KerasTensor, block: int, frames: int, seed: int) -> keras.KerasTensor:
    """A residual block over time alone."""
    return residual_block(x, str(block), (frames, 1), seed)


def averaged_classifier(
    inputs: keras.KerasTensor,
    x: keras.KerasTensor,
    label_count: int,
    rate: float,
    seed: int,
    name: str,
    is_logistic: bool = False,
) -> keras.Model:
    """The model that ends in the mean over all places, dropout, a dense layer and a softmax or sigmoid."""
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    x = dropout(x, "mean", rate, seed)
    return classifier(inputs, dense("final_fc", label_count, seed, sigma=0.1)(x), name, is_logistic)


def classifier(
    inputs: keras.KerasTensor, logits: keras.KerasTensor, name: str, is_logistic: bool = False
) -> keras.Model:
    """The model that ends in a softmax over ``logits``, or in a sigmoid of each."""
    last = keras.layers.Activation("sigmoid", name=OUTPUT_NAME) if is_logistic else None
    return keras.Model(inputs, (last or keras.layers.Softmax(name=OUTPUT_NAME))(logits), name=name)
