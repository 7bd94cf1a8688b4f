"""The compiled engine against the TFLite-Micro interpreter: the same bits, always."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from kernel_models import Oracle, assert_equal, inputs_for

from codegen.ends import int8_core
from codegen.engine import build_engine
from codegen.native import UNDEFINED_SANITIZER, NativeEngine, compile_engine
from codegen.ops import OPERATORS
from codegen.tflite import read_graph
from train.architectures import build, names
from train.errors import UserError
from train.spec import FrontEnd
from train.tflm import read_model

runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")

RANDOM_INPUTS = 300


def convert(
    function: Callable, shape: tuple[int, ...], per_channel: bool = True, spread: float = 1.0, ends=tf.int8
) -> bytes:
    """A full-int8 .tflite of a function of one tensor (1, *shape), calibrated on normal noise."""
    signature = [tf.TensorSpec((1, *shape), tf.float32)]
    concrete = tf.function(function, input_signature=signature).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    rng = np.random.default_rng(1)
    samples = [rng.normal(0, spread, (1, *shape)).astype(np.float32) for _ in range(20)]
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([sample] for sample in samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = ends
    converter._experimental_disable_per_channel = not per_channel
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not per_channel
    return converter.convert()


def repack(tflite: bytes, change: Callable) -> bytes:
    """The model after ``change(tree)``."""
    tree = read_model(tflite, "original")
    change(tree)
    builder = flatbuffers.Builder(0)
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def assert_same(tflite: bytes, count: int = RANDOM_INPUTS) -> np.ndarray:
    """Every bit of every output, under UBSan. Returns the outputs."""
    oracle = Oracle(tflite, "model")
    inputs = inputs_for(oracle, count)
    found = NativeEngine(tflite, "model", UNDEFINED_SANITIZER).run(inputs)
    assert_equal(found, oracle.run(inputs))
    return found


@pytest.fixture(scope="module")
def tiny_tflite() -> bytes:
    """A tiny_conv with random weights, four labels."""
    rng = np.random.default_rng(1)
    filters = rng.normal(0, 0.1, (10, 8, 1, 8)).astype(np.float32)
    dense = rng.normal(0, 0.02, (4400, 4)).astype(np.float32)

    def tiny_conv(x):
        hidden = tf.nn.relu(tf.nn.conv2d(x, filters, 2, "SAME") + np.float32([0.5] * 8))
        return tf.nn.softmax(tf.matmul(tf.reshape(hidden, (1, 4400)), dense) + np.float32([0.1, 0, 0, 0]))

    return convert(tiny_conv, (49, 43, 1))


def op_names(tflite: bytes) -> tuple[str, ...]:
    return read_graph(tflite, "model").op_names


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


MATRIX = np.random.default_rng(7).normal(0, 1, (6, 6)).astype(np.float32)


def mixed(x):
    """Another tensor of the shape of x, of another scale."""
    return tf.matmul(x, 3 * MATRIX)


def hard_swish(x):
    """As the converter knows it."""
    return x * tf.nn.relu6(x + np.float32(3)) * np.float32(1 / 6)


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


def rescaled(tflite: bytes, entry: tuple[float, int], result: tuple[float, int]) -> bytes:
    """The model with these scales and zero points at its ends."""

    def change(tree):
        graph = tree.subgraphs[0]
        for end, (scale, zero_point) in ((graph.inputs, entry), (graph.outputs, result)):
            quantization = graph.tensors[end[0]].quantization
            quantization.scale, quantization.zeroPoint = [scale], [zero_point]

    return repack(tflite, change)


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


def test_yes_no(tiny_tflite):
    """The model that everything here is for, on more inputs."""
    assert op_names(tiny_tflite) == ("CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX")
    scores = assert_same(tiny_tflite, 2000)
    assert len(np.unique(scores)) > 50
    engine = build_engine(read_graph(tiny_tflite, ""), "", "")
    rows, lanes = 10, 52  # of the image in int16, and what a load may reach beyond
    assert engine.arena_bytes == 4400 + 2 * (rows * lanes + 16), "the input lies within the output"


@pytest.fixture(scope="module")
def architecture_tflite() -> Callable[[str], bytes]:
    def convert_one(name: str) -> bytes:
        model = build(name, FrontEnd(), 4, 0.0, 1)
        rng = np.random.default_rng(5)
        for layer in model.layers:  # as large as trained ones, so that the scores differ from clip to clip
            weights = [
                rng.normal(0, 2 / np.sqrt(max(w[..., 0].size, 1)), w.shape) for w in layer.get_weights()
            ]
            layer.set_weights(weights)
        entry = tf.keras.Input(batch_shape=(1, *model.input_shape[1:]))
        static = tf.keras.Model(entry, model(entry, training=False))
        return convert(lambda x: static(x), model.input_shape[1:], per_channel=False, spread=40)

    return convert_one


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_architectures(architecture_tflite, name):
    assert_same(architecture_tflite(name), 10 if name in ("conv", "low_latency_conv") else 50)


def test_a_changed_weight_is_seen(tiny_tflite):
    """So the equalities above come from equal arithmetic."""

    def change(tree):
        graph = tree.subgraphs[0]
        buffer = tree.buffers[graph.tensors[graph.operators[0].inputs[1]].buffer]
        buffer.data = buffer.data.copy()
        buffer.data[40] ^= 1

    other = repack(tiny_tflite, change)
    oracle = Oracle(tiny_tflite, "tiny")
    inputs = inputs_for(oracle, 200)
    assert (NativeEngine(other, "changed").run(inputs) != oracle.run(inputs)).any()


def test_memory_is_left_alone(tiny_tflite, tmp_path):
    """A program under AddressSanitizer: nothing outside of the arena and the constants is touched."""
    harness = Path(__file__).resolve().parents[1] / "c" / "run_engine.c"

    def many_operators(x):
        padded = tf.pad(x[:, 1:, ::-1] + 1, ((0, 0),) * 3 + ((1, 1),))
        return tf.concat([padded, mixed(x[:, 1:])], -1)

    several = convert(many_operators, (4, 5, 6))
    for number, tflite in enumerate((tiny_tflite, several)):
        folder = tmp_path / str(number)
        folder.mkdir()
        flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")
        compile_engine(tflite, "model", folder, folder / "program", flags, extra=[harness])
        oracle = Oracle(tflite, "model")
        inputs = inputs_for(oracle, 20)
        done = subprocess.run([folder / "program"], input=inputs.tobytes(), capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout == oracle.run(inputs).tobytes()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda x: tf.tanh(x),
            r"^m\.tflite: op 0 is operator TANH, which writes tensor \d+ .*codegen/ops/tanh\.py",
        ),
        (
            lambda x: tf.reduce_mean(x, axis=(1, 3)),
            r"^m\.tflite: op 0 MEAN: over axes \[1, 3\] .*neighbours.*codegen/ops/mean\.py",
        ),
    ],
)
def test_what_it_does_not_run_is_named(function, message):
    with pytest.raises(UserError, match=message):
        NativeEngine(convert(function, (4, 5, 6)), "m.tflite")


def test_a_float_model_is_refused():
    function = tf.function(lambda x: tf.tanh(x), input_signature=[tf.TensorSpec((1, 4))])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    with pytest.raises(UserError, match=r"inputs are tensor 0 .* float32; .* expects one int8 tensor"):
        NativeEngine(converter.convert(), "float.tflite")


def test_a_bias_that_overflows_is_refused(tiny_tflite):
    def change(tree):
        graph = tree.subgraphs[0]
        buffer = tree.buffers[graph.tensors[graph.operators[0].inputs[2]].buffer]
        buffer.data = np.full(8, 2**31 - 1, "<i4").view(np.uint8)

    with pytest.raises(UserError, match=r"op 0 CONV_2D: sums of up to \d+; .* which 32 bits hold"):
        NativeEngine(repack(tiny_tflite, change), "tiny")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("fusedActivationFunction", 5, "fused activation SIGN_BIT"),
        ("strideH", 3, "25 outputs; .* number of outputs that follows"),
        ("strideW", 0, "option stride_w is 0; .* at least 1"),
        ("dilationHFactor", 0, "option dilation_h_factor is 0"),
    ],
)
def test_a_form_it_does_not_run_is_named(tiny_tflite, field, value, message):
    def change(tree):
        setattr(tree.subgraphs[0].operators[0].builtinOptions, field, value)

    with pytest.raises(UserError, match=message):
        NativeEngine(repack(tiny_tflite, change), "tiny")


@pytest.mark.parametrize(
    ("scale", "zero_point", "message"),
    [
        ([0.0], [0], "scale 0.0 and zero point 0; .* positive scale"),
        ([0.5], [300], "zero point 300; .* within int8"),
        ([0.5] * 8, [0] * 8, "has 8 scales; .* one scale per tensor"),
    ],
)
def test_a_quantization_it_does_not_run_is_named(tiny_tflite, scale, zero_point, message):
    def change(tree):
        quantization = tree.subgraphs[0].tensors[tree.subgraphs[0].operators[0].outputs[0]].quantization
        quantization.scale, quantization.zeroPoint = scale, zero_point

    with pytest.raises(UserError, match=rf"op 0 CONV_2D: tensor \d+ .* {message}"):
        NativeEngine(repack(tiny_tflite, change), "tiny")


def test_an_operator_without_options_is_refused(tiny_tflite):
    def change(tree):
        tree.subgraphs[0].operators[0].builtinOptions = None

    with pytest.raises(UserError, match="op 0 CONV_2D: option dilation_h_factor is missing"):
        NativeEngine(repack(tiny_tflite, change), "tiny")


def test_inputs_of_another_kind_are_refused(tiny_tflite):
    engine = NativeEngine(tiny_tflite, "tiny")
    assert engine.run(np.zeros((0, 49, 43), np.int8)).shape == (0, 4)
    for inputs in (np.zeros((1, 49, 43), np.uint8), np.zeros((1, 49, 44), np.int8)):
        with pytest.raises(ValueError, match="expected int8"):
            engine.run(inputs)


@pytest.mark.parametrize("dtype", [tf.float32, tf.uint8])
def test_conversions_at_the_ends_are_the_callers(dtype):
    """The interpreter converts, the engine begins and ends at the int8 tensors inside."""
    weights = np.random.default_rng(0).normal(0, 1, (3, 3, 2, 6)).astype(np.float32)

    def function(x):
        return tf.nn.softmax(tf.reduce_mean(tf.nn.conv2d(x, weights, 1, "SAME"), axis=(1, 2)))

    tflite = convert(function, (6, 5, 2), ends=dtype)
    ops = read_graph(tflite, "").ops
    assert ops[0].name == "QUANTIZE"
    assert ops[-1].name in ("DEQUANTIZE", "QUANTIZE")
    core = int8_core(read_graph(tflite, ""))
    entry, result = core.tensors[core.inputs[0]], core.tensors[core.outputs[0]]
    inputs = np.random.default_rng(3).integers(-128, 128, (200, 6, 5, 2), dtype=np.int8)
    found = NativeEngine(tflite, "ends", UNDEFINED_SANITIZER).run(inputs)

    interpreter = runtime.Interpreter.from_bytes(tflite)
    for one, output in zip(inputs, found, strict=True):
        if dtype == tf.float32:
            given = (one.astype(np.float32) - entry.zero_point) * np.float32(entry.scale)
            wanted = (output.astype(np.float32) - result.zero_point) * np.float32(result.scale)
        else:  # the same scale, another zero point
            given, wanted = (one.astype(np.int16) + 128).astype(np.uint8), output.astype(np.int16) + 128
        interpreter.set_input(given[np.newaxis], 0)
        interpreter.invoke()
        np.testing.assert_array_equal(interpreter.get_output(0).ravel(), wanted)


def test_every_operator_that_the_audit_lets_through_is_there():
    from quantize.audit import ENGINE_OPS

    # DEQUANTIZE only leads to floats, which the audit refuses in the middle and codegen/ends.py takes off.
    assert set(OPERATORS) == set(ENGINE_OPS) - {"DEQUANTIZE"}
