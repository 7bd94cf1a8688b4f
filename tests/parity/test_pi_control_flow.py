"""Graphs of others in the NumPy interpreter, against TensorFlow: loops, branches, recurrent layers, more."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from hil.pi.remote.ends import Ends
from hil.pi.remote.interpreter import Interpreter, UnknownOperator
from hil.pi.remote.tensorflow_engine import TensorFlowEngine
from hil.pi.remote.timer import count_flops

RAW, V1 = tf.raw_ops, tf.compat.v1
RNG = np.random.default_rng(1)
X = RNG.normal(0, 1, (2, 6, 4)).astype(np.float32)
PICTURE = RNG.normal(0, 1, (2, 5, 6, 4)).astype(np.float32)
STATISTICS = [RNG.uniform(0.5, 2, 4).astype(np.float32) for _ in range(4)]  # scale, offset, mean, variance


def graph_of(build: Callable[[tf.Tensor], tf.Tensor], x: np.ndarray) -> tuple[bytes, str]:
    """A graph of TensorFlow 1, with Switch and Merge, and the name of its result."""
    was_new = V1.control_flow_v2_enabled()
    V1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default() as graph:
            result = build(V1.placeholder(tf.float32, x.shape, name="x"))
    finally:
        if was_new:
            V1.enable_control_flow_v2()
    return graph.as_graph_def().SerializeToString(), result.name


def frozen(model: tf.keras.Model, x: np.ndarray, lower: bool = True) -> tuple[bytes, str, str]:
    """A frozen graph of TensorFlow 2; names of its input and output."""
    for index, weight in enumerate(model.weights):
        weight.assign(np.random.default_rng(index).uniform(0.1, 0.5, weight.shape))
    spec = tf.TensorSpec(x.shape, tf.float32, name="audio")
    function = tf.function(lambda given: model(given, training=False)).get_concrete_function(spec)
    made = convert_variables_to_constants_v2(function, lower_control_flow=lower)
    return made.graph.as_graph_def().SerializeToString(), made.inputs[0].name, made.outputs[0].name


def assert_equal(content: bytes, given: str, wanted: str, x: np.ndarray) -> Interpreter:
    engine = Interpreter(content, [given], [wanted])
    (expected,) = TensorFlowEngine(content, [given], [wanted]).run([x])
    for _ in range(2):  # a run leaves nothing that the next one finds
        (found,) = engine.run([x])
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    return engine


def loop(x):
    return V1.while_loop(lambda i, _: i < 5, lambda i, a: (i + 1, a * 0.9 + tf.reduce_mean(x)), [0, x])[1]


def loop_of_loops(x):
    def body(i, a):
        inner = V1.while_loop(
            lambda j, _: j < i, lambda j, b: (j + 1, b + x * tf.cast(i, tf.float32)), [0, a]
        )
        return i + 1, inner[1]

    return V1.while_loop(lambda i, _: i < 4, body, [0, x])[1]


def branch_in_a_loop(x):
    def body(i, a):
        return i + 1, V1.cond(tf.equal(i % 2, 0), lambda: a + 1.0, lambda: a * x)

    return V1.while_loop(lambda i, _: i < 5, body, [0, x])[1]


def branch(sign: float):
    """One side takes nothing of the branch, one an operator of several outputs."""

    def build(x):
        is_positive = tf.reduce_sum(x) * sign > 0
        constant = V1.cond(is_positive, lambda: tf.constant(1.5), lambda: tf.constant(2.5))
        part = V1.cond(is_positive, lambda: tf.split(x, 3, axis=1)[1], lambda: x[:, :2] * 2)
        return constant + part

    return build


def recurrent(x):
    """A plain recurrent network as TensorFlow 1 made them, over arrays of tensors."""
    weights = tf.constant(RNG.normal(0, 0.5, (4, 4)).astype(np.float32))
    steps = tf.TensorArray(tf.float32, 6).unstack(tf.transpose(x, [1, 0, 2]))

    def body(i, state, out):
        state = tf.tanh(steps.read(i) + tf.matmul(state, weights))
        return i + 1, state, out.write(i, state)

    start = (0, tf.zeros((2, 4)), tf.TensorArray(tf.float32, 6))
    return tf.transpose(V1.while_loop(lambda i, *_: i < 6, body, start)[2].stack(), [1, 0, 2])


@pytest.mark.parametrize(
    "build",
    [loop, loop_of_loops, branch_in_a_loop, branch(1.0), branch(-1.0), recurrent],
    ids=["loop", "loop of loops", "branch in a loop", "branch", "other branch", "recurrent"],
)
def test_control_flow_equals_tensorflow(build):
    content, name = graph_of(build, X)
    assert_equal(content, "x:0", name, X)


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "SimpleRNN", "Bidirectional"])
def test_recurrent_layers_equal_tensorflow(layer):
    keras = tf.keras.layers
    made = keras.Bidirectional(keras.LSTM(3)) if layer == "Bidirectional" else getattr(keras, layer)(3)
    content, given, wanted = frozen(tf.keras.Sequential([tf.keras.Input(X.shape[1:]), made]), X)
    assert_equal(content, given, wanted, X)


def test_work_in_a_loop_counts_as_often_as_it_is_done():
    content, name = graph_of(recurrent, X)
    ends = Ends("x:0", "", name)
    for engine in (Interpreter, TensorFlowEngine):
        made = engine(content, ends.feeds, ends.fetches)
        assert count_flops(made, content, [X], ends) == 6 * 2 * 2 * 4 * 4


def test_functions_are_tensorflow_s_alone():
    model = tf.keras.Sequential([tf.keras.Input(X.shape[1:]), tf.keras.layers.LSTM(3)])
    content, given, wanted = frozen(model, X, lower=False)
    engine = TensorFlowEngine(content, [given], [wanted])
    assert engine.run([X])[0].shape == (2, 3)
    assert count_flops(engine, content, [X], Ends(given, "", wanted)) is None
    with pytest.raises(UnknownOperator, match="while is While, which the NumPy interpreter does not know"):
        Interpreter(content, [given], [wanted])


def norm(version: str, **settings):
    return lambda x: (
        getattr(RAW, f"FusedBatchNorm{version}")(
            x=x,
            scale=STATISTICS[0],
            offset=STATISTICS[1],
            mean=STATISTICS[2] if not settings["is_training"] else [],
            variance=STATISTICS[3] if not settings["is_training"] else [],
            epsilon=0.01,
            **settings,
        ).y
    )


OPERATORS = {
    "batch norm": norm("", is_training=False),
    "batch norm 2": norm("V2", is_training=False),
    "batch norm 3": norm("V3", is_training=False),
    "batch norm of the batch": norm("V3", is_training=True),
    "split": lambda x: RAW.Split(axis=2, value=x, num_split=3)[1],
    "split at": lambda x: RAW.SplitV(value=x, size_splits=[1, -1, 2], axis=1, num_split=3)[1],
    "unpack": lambda x: RAW.Unpack(value=x, num=5, axis=1)[3],
    "pack": lambda x: RAW.Pack(values=[x, x * 2], axis=-1),
    "gather": lambda x: RAW.GatherV2(params=x, indices=[3, 0, 3], axis=2),
    "strided slice": lambda x: x[:, 1:-1:2, tf.newaxis, ..., -1],
    "strided slice backwards": lambda x: x[1, ::-1],
    "shape": lambda x: RAW.Reshape(tensor=x, shape=tf.stack([RAW.Shape(input=x)[0], -1])),
    "fill": lambda x: x + RAW.Fill(dims=RAW.Shape(input=x)[3:], value=0.5),
    "select": lambda x: RAW.SelectV2(condition=x > 0, t=x, e=x * 0.1),
    "select rows": lambda x: RAW.Select(condition=[True, False], x=x, y=-x),
    "pad with": lambda x: RAW.PadV2(input=x, paddings=[[0, 0], [1, 2], [0, 1], [0, 0]], constant_values=3.0),
    "mirror": lambda x: RAW.MirrorPad(input=x, paddings=[[0, 0], [1, 2], [0, 1], [0, 0]], mode="REFLECT"),
    "tile": lambda x: RAW.Tile(input=x, multiples=[1, 2, 1, 1]),
    "reverse": lambda x: RAW.ReverseV2(tensor=x, axis=[1, -1]),
    "best": lambda x: RAW.ArgMax(input=x, dimension=-1),
    "batch product": lambda x: RAW.BatchMatMulV2(x=x, y=x, adj_y=True),
    "sum of several": lambda x: RAW.AddN(inputs=[x, x, x]),
    "elu": lambda x: RAW.Elu(features=x),
    "softplus": lambda x: RAW.Softplus(features=x * 30.0),
    "log softmax": lambda x: RAW.LogSoftmax(logits=x),
    "rsqrt": lambda x: RAW.Rsqrt(x=RAW.Square(x=x) + 1.0),
    "least": lambda x: RAW.Min(input=RAW.SquaredDifference(x=x, y=1.0), axis=[1, 2]),
    "range": lambda x: x * RAW.Cast(x=RAW.Range(start=1, limit=5, delta=1), DstT=tf.float32),
}


@pytest.mark.parametrize("case", OPERATORS)
def test_operator_equals_tensorflow(case):
    content, name = graph_of(OPERATORS[case], PICTURE)
    assert_equal(content, "x:0", name, PICTURE)
