"""Small Keras models that use many operators together, converted by TensorFlow: TFLite-Micro's bits."""

import shutil
from collections.abc import Callable

import pytest
from converted_models import assert_same, convert, op_names

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
pytestmark = [
    pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with"),
    pytest.mark.slow,
]
layers = tf.keras.layers
tensorwise = layers.Lambda  # operators that Keras has no layer for


def activations(x):
    x = layers.LeakyReLU()(layers.Conv2D(6, 3)(x))
    x = layers.Conv2D(6, 3, activation="tanh")(x)
    return layers.Dense(3)(layers.GlobalMaxPooling2D()(x))


def upsampling(x):
    x = tensorwise(lambda t: tf.image.resize(t, (15, 24), "nearest"))(layers.Permute((2, 1, 3))(x))
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.Conv2D(4, 3, activation="relu")(x))
    return layers.Dense(3)(layers.Flatten()(x))


def autoencoder(x):
    x = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(x)
    return layers.Conv2DTranspose(1, 2, activation="sigmoid")(x)


def extremes(x):
    a = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(4, 3, padding="same")(x))
    b = layers.Conv2D(4, 1)(x)
    x = layers.Subtract()([layers.Maximum()([a, b]), layers.Minimum()([a, b])])
    return layers.Dense(3)(layers.GlobalAveragePooling2D()(x))


def split_channels(x):
    a, b = tensorwise(lambda t: tf.split(t, 2, axis=-1))(x)
    x = layers.Concatenate()([b, layers.Conv2D(1, 3, padding="same", activation="relu")(a)])
    x = tensorwise(lambda t: tf.stack(tf.unstack(t, axis=1)[::-1], axis=2))(x)
    return layers.Dense(3)(layers.Flatten()(x))


def embedding(x):
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, activation="relu")(x))
    return tensorwise(lambda t: tf.math.l2_normalize(t, axis=-1))(layers.Dense(16)(x))


def rearranged(x):
    x = tensorwise(lambda t: tf.pad(t, ((0, 0), (2, 2), (1, 1), (0, 0)), "REFLECT"))(x)
    x = layers.Conv2D(4, 3, activation="relu")(x)
    x = tensorwise(lambda t: tf.nn.depth_to_space(tf.nn.space_to_depth(t, 2), 2))(x)
    return layers.Dense(2)(layers.Flatten()(tensorwise(lambda t: tf.gather(t, [3, 0, 1], axis=3))(x)))


def backwards_and_sums(x):
    x = tensorwise(lambda t: tf.squeeze(t[:, :, :, :1], axis=3))(x)
    x = tensorwise(lambda t: tf.concat([tf.reverse(t, [1]), tf.abs(t)], axis=2))(x)
    x = tensorwise(lambda t: tf.concat([tf.reduce_sum(t, 1), tf.reduce_max(t, 1), tf.reduce_min(t, 1)], -1))(
        x
    )
    return layers.Dense(3)(x)


def gated(x):
    """A GRU, step by step."""
    x = tensorwise(lambda t: t[:, :5])(layers.Reshape((12, 20))(x))
    return layers.Dense(3, activation="softmax")(layers.GRU(6, unroll=True)(x))


def recurrent(x):
    """An LSTM, step by step."""
    x = tensorwise(lambda t: t[:, :4])(layers.Reshape((12, 20))(x))
    return layers.Dense(3)(layers.LSTM(5, unroll=True)(x))


def dilated(x):
    x = layers.Reshape((12, 20))(x)
    for dilation in (1, 2, 4):
        x = layers.Conv1D(6, 3, dilation_rate=dilation, padding="causal", activation="relu")(x)
    return layers.Dense(3)(layers.GlobalMaxPooling1D()(x))


def attention(x):
    x = layers.Reshape((12, 20))(x)
    query, key, value = (layers.Dense(8)(x) for _ in range(3))
    x = tensorwise(lambda t: tf.nn.softmax(tf.matmul(t[0], t[1], transpose_b=True)))([query, key])
    x = tensorwise(lambda t: tf.matmul(t[0], t[1]))([x, value])
    return layers.Dense(3)(layers.GlobalAveragePooling1D()(x))


# Now and then, after many other conversions in the process, the converter leaves the SPLIT of gated or
# recurrent in float. The same conversion again does not; why is not known.
_TRIES = 4


@pytest.mark.parametrize(
    ("network", "operators"),
    [
        (activations, {"LEAKY_RELU", "TANH", "REDUCE_MAX"}),
        (upsampling, {"TRANSPOSE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"}),
        (autoencoder, {"TRANSPOSE_CONV"}),
        (extremes, {"PRELU", "MAXIMUM", "MINIMUM", "SUB"}),
        (split_channels, {"SPLIT", "UNPACK", "PACK"}),
        (embedding, {"L2_NORMALIZATION"}),
        (rearranged, {"MIRROR_PAD", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "GATHER"}),
        (backwards_and_sums, {"SUM", "REDUCE_MAX", "REDUCE_MIN", "ABS", "REVERSE_V2"}),
        (gated, {"SPLIT", "SUB", "TANH"}),
        (recurrent, {"UNPACK", "SPLIT", "TANH", "LOGISTIC"}),
        (dilated, {"REDUCE_MAX"}),
        (attention, {"BATCH_MATMUL", "SOFTMAX"}),
    ],
)
def test_network(network: Callable, operators: set[str]) -> None:
    shape = (12, 10, 2)
    tf.keras.utils.set_random_seed(1)
    entry = tf.keras.Input(batch_shape=(1, *shape))
    model = tf.keras.Model(entry, network(entry))
    for _ in range(_TRIES):
        tflite = convert(lambda x: model(x), shape)
        if "DEQUANTIZE" not in op_names(tflite):
            break
    assert operators <= set(op_names(tflite))
    assert_same(tflite, 200)
