"""Each operator of the compiled engine, in every form, against the TFLite-Micro interpreter."""

import shutil
from collections.abc import Callable

import numpy as np
import pytest
from converted_models import MATRIX, assert_same, convert, hard_swish, mixed, op_names, repack, rescaled
from kernel_models import Oracle

from codegen.native import UNDEFINED_SANITIZER, NativeEngine
from train.core.errors import UserError
from train.tflite.graph import read_graph

pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")


def activation(rng: np.random.Generator) -> Callable:
    bounded = [lambda x: x, tf.nn.relu, tf.nn.relu6, lambda x: tf.clip_by_value(x, -1.0, 1.0)]
    return bounded[rng.integers(len(bounded))]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_convolutions(kind, seed):
    """Any size, stride, dilation, padding and activation."""
    rng = np.random.default_rng(seed)
    height, width, channels = (int(n) for n in rng.integers((3, 3, 1), (12, 12, 5)))
    filter_height, filter_width = (int(n) for n in rng.integers(1, 6, 2))
    count = int(rng.integers(1, 9) if kind == "CONV_2D" else rng.integers(1, 4))
    padding = "SAME" if seed % 2 else "VALID"
    stride = [int(n) for n in rng.integers(1, 4, 2)] if kind == "CONV_2D" else [int(rng.integers(1, 4))] * 2
    dilation = [1, 1]
    if seed % 3 == 0:
        stride, dilation = [1, 1], [int(n) for n in rng.integers(1, 4, 2)]
    if padding == "VALID":
        height += (filter_height - 1) * dilation[0]
        width += (filter_width - 1) * dilation[1]
    weights = rng.normal(0, 1, (filter_height, filter_width, channels, count)).astype(np.float32)
    weights *= rng.uniform(0.05, 2, weights.shape[2:])  # channels of different scales
    limit = activation(rng)

    def function(x):
        if kind == "CONV_2D":
            y = tf.nn.conv2d(x, weights, stride, padding, dilations=dilation)
        else:
            y = tf.nn.depthwise_conv2d(x, weights, [1, *stride, 1], padding, dilations=dilation)
        return limit(y + rng.normal(0, 1, y.shape[-1:]).astype(np.float32))

    tflite = convert(function, (height, width, channels), per_channel=seed % 4 != 3)
    # One input channel, or one filter per channel, and the converter may take the other kind.
    assert set(op_names(tflite)) & {"CONV_2D", "DEPTHWISE_CONV_2D"}
    assert_same(tflite)


def test_convolution_in_groups():
    weights = np.random.default_rng(0).normal(0, 1, (3, 3, 2, 6)).astype(np.float32)
    tflite = convert(lambda x: tf.nn.conv2d(x, weights, 1, "SAME"), (6, 5, 4))
    assert op_names(tflite) == ("CONV_2D",)
    assert read_graph(tflite, "").tensors[read_graph(tflite, "").ops[0].inputs[1]].shape == (6, 3, 3, 2)
    assert_same(tflite)


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize(("shape", "limit"), [((37,), tf.nn.relu), ((3, 5), lambda x: x)])
def test_dense(per_channel, shape, limit):
    rng = np.random.default_rng(3)
    weights = rng.normal(0, 1, (shape[-1], 7)).astype(np.float32) * rng.uniform(0.1, 3, 7)
    bias = rng.normal(0, 2, 7)

    def function(x):
        rows = tf.matmul(tf.reshape(x, (-1, shape[-1])), weights.astype(np.float32))
        return tf.reshape(limit(rows + np.float32(bias)), (1, -1))

    tflite = convert(function, shape, per_channel)
    assert "FULLY_CONNECTED" in op_names(tflite)
    graph = read_graph(tflite, "")
    (dense,) = (op for op in graph.ops if op.name == "FULLY_CONNECTED")
    assert len(graph.tensors[dense.inputs[1]].scales) == (7 if per_channel else 1)
    assert_same(tflite, 1000)


@pytest.mark.parametrize(
    ("expected", "function"),
    [
        ("SOFTMAX", lambda x: tf.nn.softmax(x)),
        ("LOGISTIC", lambda x: tf.sigmoid(x)),
        ("HARD_SWISH", hard_swish),
        ("RELU", lambda x: tf.nn.relu(x)),
        ("ADD", lambda x: x + mixed(x)),
        ("ADD", lambda x: tf.nn.relu(mixed(x) + x)),
        ("ADD", lambda x: x + tf.reduce_mean(mixed(x), axis=(1, 2), keepdims=True)),
        ("ADD", lambda x: tf.reduce_mean(x, axis=(2,), keepdims=True) + x[:, :1]),
        ("ADD", lambda x: x + MATRIX[0]),
        ("ADD", lambda x: x + x),
        ("MUL", lambda x: x * mixed(x)),
        ("MUL", lambda x: tf.nn.relu6(x * tf.sigmoid(mixed(x))[:, :, :1])),
        ("MUL", lambda x: x * MATRIX[1]),
        ("MEAN", lambda x: tf.reduce_mean(x, axis=(1, 2))),
        ("MEAN", lambda x: tf.reduce_mean(x, axis=(1, 2), keepdims=True)),
        ("MEAN", lambda x: tf.reduce_mean(x, axis=-1)),
        ("MEAN", lambda x: tf.reduce_mean(x, axis=1)),
        ("PAD", lambda x: tf.pad(x, ((0, 0), (1, 2), (3, 0), (0, 0)))),
        ("PAD", lambda x: tf.pad(x, ((0, 0), (0, 0), (0, 1), (2, 1)))),
        ("CONCATENATION", lambda x: tf.concat([x, mixed(x)], axis=-1)),
        ("CONCATENATION", lambda x: tf.concat([x[:, 1:], mixed(x), x], axis=1)),
        ("QUANTIZE", lambda x: tf.concat([tf.sigmoid(x), mixed(x)], axis=2)),
        ("STRIDED_SLICE", lambda x: x[:, 1:5:2, ::-1, 2:]),
        ("STRIDED_SLICE", lambda x: x[:, -2, :, -3:-1]),
        ("RESHAPE", lambda x: tf.nn.relu(mixed(tf.reshape(x, (1, 5, 4, 6)))) + tf.reshape(x, (1, 5, 4, 6))),
    ],
)
@pytest.mark.parametrize("spread", [0.5, 6.0])
def test_one_operator(expected, function, spread):
    tflite = convert(function, (4, 5, 6), spread=spread)
    assert expected in op_names(tflite)
    assert_same(tflite)


def test_relu6_alone():
    """TFLite-Micro clamps and does not rescale: right only where both scales are the same."""
    converted = convert(tf.nn.relu6, (4, 5, 6), spread=6)
    with pytest.raises(UserError, match=r"op 0 RELU6: tensor \d+ .* expects the same of both"):
        NativeEngine(converted, "relu6")

    def rescale(tree):
        entry, result = (
            tree.subgraphs[0].tensors[end[0]] for end in (tree.subgraphs[0].inputs, tree.subgraphs[0].outputs)
        )
        result.quantization = entry.quantization

    assert_same(repack(converted, rescale))


@pytest.mark.parametrize("pooling", [tf.nn.avg_pool2d, tf.nn.max_pool2d])
@pytest.mark.parametrize(
    ("window", "stride", "padding"), [((2, 2), 2, "VALID"), ((3, 2), (2, 1), "SAME"), ((4, 5), 3, "SAME")]
)
def test_pooling(pooling, window, stride, padding):
    tflite = convert(lambda x: tf.nn.relu6(pooling(x, window, stride, padding)), (9, 7, 3), spread=4)
    assert set(op_names(tflite)) & {"AVERAGE_POOL_2D", "MAX_POOL_2D"}
    assert_same(tflite)


@pytest.mark.parametrize("scale", [0.001, 0.0137, 0.25, 1.7])
def test_exponentials_of_any_scale(scale):
    """The number of inputs that count at all, and the shifts, depend on it."""
    for function in (tf.nn.softmax, tf.sigmoid):
        converted = convert(function, (11,), spread=30 * scale)

        def rescale(tree, converted=converted):
            tree.subgraphs[0].tensors[read_graph(converted, "").inputs[0]].quantization.scale = [scale]

        assert_same(repack(converted, rescale), 2000)


@pytest.fixture(scope="module")
def hard_swish_tflite() -> bytes:
    return convert(hard_swish, (16, 16))


@pytest.mark.parametrize("ratio", [1 / 127.9, 0.6, 511])
@pytest.mark.parametrize("scale", [2e-7, 0.00037, 0.0117, 0.0234375, 0.0371, 0.25, 1.7, 380])
@pytest.mark.parametrize("zero_points", [(-128, -128), (127, 127)])
def test_hard_swish_of_any_scale(hard_swish_tflite, scale, ratio, zero_points):
    """3 is a step of the input or thousands, which decides about shifts and where they saturate."""
    tflite = rescaled(hard_swish_tflite, (scale, zero_points[0]), (scale * ratio, zero_points[1]))
    inputs = np.arange(-128, 128).astype(np.int8).reshape(1, 16, 16)
    found = NativeEngine(tflite, "model", UNDEFINED_SANITIZER).run(inputs)
    np.testing.assert_array_equal(found.ravel(), Oracle(tflite, "model").run(inputs).ravel())


@pytest.mark.parametrize(("scale", "ratio"), [(0.1, 1 / 128.1), (0.1, 513), (1.7e-7, 1), (385, 1)])
def test_hard_swish_of_other_scales_is_refused(hard_swish_tflite, scale, ratio):
    tflite = rescaled(hard_swish_tflite, (scale, 0), (scale * ratio, 0))
    with pytest.raises(UserError, match=r"op 0 HARD_SWISH: scales .* expects an input scale of 2e-7 to 380"):
        NativeEngine(tflite, "model")
