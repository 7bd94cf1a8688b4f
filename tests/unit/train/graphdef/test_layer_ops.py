"""Every layer type that the GraphDef writer knows against Keras, and what it must refuse."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from single_layers import FRONT_END, SINGLE_LAYERS, make_audio, make_model, randomise

from train.audio.frontend import compute_features
from train.audio.wav import encode_wav
from train.core.errors import UserError
from train.core.spec import FrontEnd
from train.graphdef import layer_ops
from train.graphdef.freeze import GraphDefModel, freeze


def assert_equal_scores(model: keras.Model, graph: bytes) -> None:
    audio = make_audio()
    expected = model(compute_features(audio, FRONT_END)[..., np.newaxis]).numpy()
    scores = GraphDefModel(graph).scores(audio)
    assert scores.shape == (len(audio), 4)
    assert scores.dtype == np.float32
    assert np.ptp(expected, axis=0).max() > 0.05, "the scores must depend on the audio"
    assert np.abs(scores - expected).max() <= 1e-5


def nodes(graph: bytes) -> dict:
    return {node.name: node for node in tf.compat.v1.GraphDef.FromString(graph).node}


@pytest.mark.parametrize("case", SINGLE_LAYERS)
def test_layer_equals_keras(case):
    layer, ops = SINGLE_LAYERS[case]
    model = make_model(type(layer).from_config(layer.get_config()))
    graph = freeze(model, FRONT_END)
    assert_equal_scores(model, graph)
    assert ops <= {node.op for node in nodes(graph).values()}


def test_branches_equal_keras():
    """A squeeze-and-excite residual block: Add, Multiply and Concatenate with three inputs each."""
    inputs = keras.Input((FRONT_END.frames, FRONT_END.bins, 1), name="features")
    x = layers.Conv2D(3, 4, strides=4, name="first")(inputs)
    a, b = (layers.Conv2D(3, 1, name=name)(x) for name in "ab")
    added = layers.Add()([x, a, b])
    gate = layers.GlobalAveragePooling2D(keepdims=True)(added)
    gate = layers.Conv2D(3, 1, activation="sigmoid", name="gate")(gate)
    gated = layers.Multiply()([added, gate, x])
    joined = layers.Concatenate()([gated, a, b])
    by_frame = layers.Concatenate(axis=1)([joined, joined])
    x = layers.Dense(8, activation="tanh", name="fc")(layers.Flatten()(by_frame))
    x = layers.Softmax(name="labels_softmax")(layers.Dense(4, use_bias=False, name="final_fc")(x))
    model = randomise(keras.Model(inputs, x))
    assert_equal_scores(model, freeze(model, FRONT_END))


def test_model_that_was_called_elsewhere_freezes():
    """Wrapping a model for training gives its layers a second place, which must not confuse."""
    model = make_model()
    keras.Sequential([keras.Input((49, 43, 1)), layers.Rescaling(0.5), model])
    assert_equal_scores(model, freeze(model, FRONT_END))


def test_saved_and_loaded_model_freezes_to_the_same_bytes(tmp_path):
    model = make_model(layers.BatchNormalization(), layers.ReLU(max_value=6))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert freeze(loaded, FRONT_END) == freeze(model, FRONT_END)


def test_weights_are_read_through_an_identity():
    graph = nodes(freeze(make_model(), FRONT_END))
    for name in ("first_weights", "first_bias", "final_fc_weights", "final_fc_bias"):
        assert graph[name].op == "Const"
        assert graph[f"{name}/read"].op == "Identity"
        assert list(graph[f"{name}/read"].input) == [name]


REFUSED = {
    "an unknown layer": (layers.GaussianNoise(0.1, name="odd"), r"'odd' is GaussianNoise.*layer_ops"),
    "dilation": (layers.Conv2D(3, 2, dilation_rate=2, name="odd"), r"dilation_rate is \(2, 2\)"),
    "groups": (layers.Conv2D(3, 2, groups=3, name="odd"), "groups is 3, expected 1"),
    "leaky relu": (layers.ReLU(negative_slope=0.1, name="odd"), "negative_slope"),
    "relu with another top": (layers.ReLU(max_value=4, name="odd"), "max_value is 4"),
    "an unknown activation": (layers.Activation("swish", name="odd"), "its activation is 'silu'"),
    "softmax as an activation": (layers.Conv2D(3, 1, activation="softmax", name="odd"), "as a Softmax layer"),
    "dense on a picture": (layers.Dense(3, name="odd"), "its input is 4-D; put a Flatten"),
    "softmax on a picture": (layers.Softmax(name="odd"), "its input is 4-D; put a Flatten"),
    "batch norm over frames": (layers.BatchNormalization(axis=1, name="odd"), "axis is 1, expected -1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case):
    layer, message = REFUSED[case]
    model = make_model(type(layer).from_config(layer.get_config()))
    with pytest.raises(UserError, match=message):
        freeze(model, FRONT_END)


def test_refuses_a_depthwise_stride_that_tensorflow_cannot_run():
    model = make_model(layers.DepthwiseConv2D(3, strides=(2, 1)))
    with pytest.raises(UserError, match=r"strides are \(2, 1\)"):
        freeze(model, FRONT_END)


def test_refuses_a_layer_used_twice():
    shared = layers.Conv2D(3, 1, name="shared")
    with pytest.raises(UserError, match="a layer used in more than one place"):
        freeze(make_model(shared, shared), FRONT_END)


def test_refuses_operations_that_are_no_layers():
    with pytest.raises(UserError, match="what layer 'after' takes comes from an operation"):
        freeze(make_model(keras.ops.abs, layers.ReLU(name="after")), FRONT_END)


def test_refuses_a_model_without_our_softmax():
    with pytest.raises(
        UserError, match="ends in ReLU 'last', expected a Softmax layer, or the activation sigmoid, named"
    ):
        freeze(make_model(layers.ReLU(name="last"), end=False), FRONT_END)


def test_refuses_a_model_of_another_front_end():
    with pytest.raises(UserError, match="do not belong together"):
        freeze(make_model(), FrontEnd(window_stride_ms=10))


def test_refuses_an_op_outside_the_list(monkeypatch):
    table = {op: known for op, known in layer_ops.TF14_ATTRIBUTES.items() if op != "MatMul"}
    monkeypatch.setattr(layer_ops, "TF14_ATTRIBUTES", table)
    with pytest.raises(
        UserError, match=r"node MatMul is MatMul, which is not in the list of TensorFlow 1\.4"
    ):
        freeze(make_model(), FRONT_END)


def test_refuses_an_attribute_that_1_4_lacks_and_the_graph_needs():
    with tf.Graph().as_default() as graph:
        picture, kernel = tf.zeros((1, 8, 8, 1)), tf.zeros((2, 2, 1, 1))
        tf.raw_ops.Conv2D(
            input=picture, filter=kernel, strides=[1] * 4, padding="SAME", dilations=[1, 2, 2, 1]
        )
    with pytest.raises(UserError, match="needs the attribute dilations"):
        layer_ops.tf14_graph_def(graph)


@pytest.fixture(scope="module")
def frozen() -> bytes:
    return freeze(make_model(), FRONT_END)


def scores_of_wav(frozen: bytes, wav: bytes) -> np.ndarray:
    """What the graph makes of the bytes of a WAV file, which it decodes itself."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(frozen), name="")
        return session.run("labels_softmax:0", {"wav_data:0": wav})[0]


def test_scores_of_a_wav_equal_scores_of_its_samples(frozen):
    graph = GraphDefModel(frozen)
    samples = (make_audio() * 32767).astype(np.int16)
    audio = samples.astype(np.float32) / 32768
    expected = graph.scores(audio)
    for clip, scores in zip(samples, expected, strict=True):
        assert np.array_equal(scores_of_wav(frozen, encode_wav(clip, 16000)), scores)
    padded = np.where(np.arange(16000) < 9000, audio[:1], 0).astype(np.float32)
    short_wav = encode_wav(samples[0, :9000], 16000)
    assert np.array_equal(scores_of_wav(frozen, short_wav), graph.scores(padded)[0])


def test_no_clips_give_no_scores(frozen):
    assert GraphDefModel(frozen).scores(np.empty((0, 16000), np.float32)).shape == (0, 4)


def test_refuses_clips_of_another_length(frozen):
    with pytest.raises(ValueError, match=r"expected \(clips, 16000\)"):
        GraphDefModel(frozen).scores(np.zeros((1, 8000), np.float32))


def test_model_from_a_file(frozen, tmp_path):
    path = tmp_path / "model.pb"
    path.write_bytes(frozen)
    audio = make_audio(1)
    assert np.array_equal(GraphDefModel(path).scores(audio), GraphDefModel(frozen).scores(audio))


def without(graph: bytes, name: str) -> bytes:
    graph_def = tf.compat.v1.GraphDef.FromString(graph)
    kept = [node for node in graph_def.node if node.name != name]
    del graph_def.node[:]
    graph_def.node.extend(kept)
    return graph_def.SerializeToString()


def renamed_op(graph: bytes) -> bytes:
    graph_def = tf.compat.v1.GraphDef.FromString(graph)
    next(node for node in graph_def.node if node.op == "MatMul").op = "NoSuchOp"
    return graph_def.SerializeToString()


DAMAGED = {
    "not a graph": (lambda graph: b"this is not a graph", "not a GraphDef, damaged or cut short"),
    "cut short": (lambda graph: graph[: len(graph) // 2], "not a GraphDef, damaged or cut short"),
    "empty": (lambda graph: b"", "a graph of 0 nodes without wav_data"),
    "no output": (lambda graph: without(graph, "labels_softmax"), "without labels_softmax"),
    "no audio": (lambda graph: without(graph, "decoded_sample_data"), "without decoded_sample_data"),
    "a hole": (lambda graph: without(graph, "MatMul"), "TensorFlow cannot load it"),
    "an unknown op": (renamed_op, "TensorFlow cannot load it"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_refuses_damaged_graphs(case, frozen, tmp_path):
    damage, message = DAMAGED[case]
    path = tmp_path / "model.pb"
    path.write_bytes(damage(frozen))
    with pytest.raises(UserError, match=message) as caught:
        GraphDefModel(path)
    assert str(caught.value).startswith(str(path))


def test_refuses_a_missing_file(tmp_path: Path):
    with pytest.raises(UserError, match="cannot be read"):
        GraphDefModel(tmp_path / "model.pb")
