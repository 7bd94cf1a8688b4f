"""Random small Keras models of every kind that people convert, as int8 .tflite files."""

import random
from collections.abc import Callable

import numpy as np
import tensorflow as tf

layers = tf.keras.layers
Tensor = tf.keras.KerasTensor

_ENDS = (tf.int8, tf.int8, tf.float32, tf.uint8)
_ACTIVATIONS: tuple[Callable[[], layers.Layer], ...] = (
    *(lambda name=name: layers.Activation(name) for name in ("relu", "relu6", "tanh", "sigmoid")),
    *(lambda name=name: layers.Activation(name) for name in ("hard_swish", "swish", "elu", "softmax")),
    *(lambda name=name: layers.Activation(name) for name in ("hard_sigmoid", "linear", "softsign", "gelu")),
    lambda: layers.LeakyReLU(),
    lambda: layers.PReLU(),
    lambda: layers.ReLU(max_value=1.0),
)


def random_keras(seed: int) -> bytes:
    """A full-int8 .tflite of a model that this seed draws: vectors, sequences or pictures in, 1 to 6 out."""
    chance = random.Random(seed)
    tf.keras.utils.set_random_seed(seed)
    shape = chance.choice(((chance.randint(1, 40),), (chance.randint(8, 40), chance.randint(1, 8)), None))
    shape = shape or (chance.randint(8, 24), chance.randint(8, 24), chance.randint(1, 3))
    batch = chance.choice((1, None))
    entry = tf.keras.Input(batch_shape=(batch, *shape))
    x = entry
    for _ in range(chance.randint(1, 4)):
        x = _block(x, chance)
    x = _flat(x, chance)
    for _ in range(chance.randint(0, 2)):
        x = _activation(layers.Dense(chance.randint(1, 24))(x), chance)
    x = layers.Dense(chance.randint(1, 6), activation=chance.choice(("softmax", "sigmoid", None)))(x)
    return _converted(tf.keras.Model(entry, x), shape, chance)


def _block(x: Tensor, chance: random.Random) -> Tensor:
    kinds = {2: _dense_block, 3: _sequence_block, 4: _picture_block}
    x = kinds[len(x.shape)](x, chance)
    if chance.random() < 0.3:
        x = layers.BatchNormalization(
            gamma_initializer=tf.keras.initializers.RandomUniform(0.5, 2),
            moving_mean_initializer=tf.keras.initializers.RandomNormal(),
        )(x)
    return _activation(x, chance)


def _dense_block(x: Tensor, chance: random.Random) -> Tensor:
    wide = layers.Dense(chance.randint(1, 32), use_bias=chance.random() < 0.8)(x)
    return _joined(x, wide, chance)


def _sequence_block(x: Tensor, chance: random.Random) -> Tensor:
    length = x.shape[1]
    options = {"padding": chance.choice(("same", "valid")), "strides": chance.randint(1, 2)}
    taps = chance.randint(1, min(5, length))
    choices = [
        lambda: layers.Conv1D(chance.randint(1, 12), taps, **options)(x),
        lambda: layers.Conv1D(chance.randint(1, 12), taps, padding="same", dilation_rate=2)(x),
        lambda: layers.DepthwiseConv1D(taps, **options)(x),
        lambda: layers.SeparableConv1D(chance.randint(1, 12), taps, **options)(x),
        lambda: layers.MaxPooling1D(2, padding="same")(x),
        lambda: layers.AveragePooling1D(2, padding="same")(x),
        lambda: layers.ZeroPadding1D(chance.randint(1, 3))(x),
        lambda: layers.UpSampling1D(2)(x),
        lambda: layers.Permute((2, 1))(x),
        lambda: _joined(x, layers.Conv1D(x.shape[2], taps, padding="same")(x), chance),
    ]
    return chance.choice(choices)()


def _picture_block(x: Tensor, chance: random.Random) -> Tensor:
    height, width, channels = x.shape[1:]
    taps = (chance.randint(1, min(5, height)), chance.randint(1, min(5, width)))
    stride = chance.randint(1, 2)
    options = {"padding": chance.choice(("same", "valid")), "strides": (stride, stride)}
    choices = [
        lambda: layers.Conv2D(chance.randint(1, 12), taps, **options)(x),
        lambda: layers.Conv2D(chance.randint(1, 12), taps, padding="same", dilation_rate=2)(x),
        lambda: layers.DepthwiseConv2D(taps, depth_multiplier=chance.randint(1, 2), **options)(x),
        lambda: layers.SeparableConv2D(chance.randint(1, 12), taps, **options)(x),
        lambda: layers.Conv2DTranspose(chance.randint(1, 6), taps, **options)(x),
        lambda: layers.MaxPooling2D(2, padding="same")(x),
        lambda: layers.AveragePooling2D(2, padding="same")(x),
        lambda: layers.ZeroPadding2D(chance.randint(1, 2))(x),
        lambda: layers.UpSampling2D(2, interpolation=chance.choice(("nearest", "bilinear")))(x),
        lambda: layers.Permute((2, 1, 3))(x),
        lambda: layers.Cropping2D(1)(x) if min(height, width) > 3 else x,
        lambda: _joined(x, layers.Conv2D(channels, taps, padding="same")(x), chance),
    ]
    return chance.choice(choices)()


def _joined(x: Tensor, other: Tensor, chance: random.Random) -> Tensor:
    """A residual, where shapes allow it, or both one behind the other."""
    if x.shape != other.shape:
        return layers.Concatenate()([x, other]) if chance.random() < 0.3 else other
    kind = chance.choice((layers.Add, layers.Multiply, layers.Subtract, layers.Maximum, layers.Minimum))
    return kind()([x, other])


def _activation(x: Tensor, chance: random.Random) -> Tensor:
    return chance.choice(_ACTIVATIONS)()(x) if chance.random() < 0.7 else x


def _flat(x: Tensor, chance: random.Random) -> Tensor:
    if len(x.shape) == 2:
        return x
    pools = {
        3: (layers.GlobalAveragePooling1D, layers.GlobalMaxPooling1D),
        4: (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D),
    }[len(x.shape)]
    return chance.choice((layers.Flatten, *pools))()(x)


def _converted(model: tf.keras.Model, shape: tuple[int, ...], chance: random.Random) -> bytes:
    rng = np.random.default_rng(chance.randrange(2**32))
    samples = rng.normal(0, chance.choice((0.1, 1.0, 30.0)), (8, 1, *shape)).astype(np.float32)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([sample] for sample in samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type, converter.inference_output_type = (
        chance.choice(_ENDS),
        chance.choice(_ENDS),
    )
    return converter.convert()
