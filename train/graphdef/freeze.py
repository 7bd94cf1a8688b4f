"""``model.pb``: front end and network in one frozen GraphDef that TensorFlow 1.4 loads.

Node order and names are those that speech_commands' freeze.py gives for ``average``, with one
addition, a Minimum: the device clamps features to the range of uint8, and the Keras model is
trained on clamped features. (The lower end needs no clamp: no feature is negative.)
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from train.architectures import OUTPUT_NAME
from train.core.errors import UserError
from train.core.files.plain import read_plain
from train.core.spec import FrontEnd
from train.graphdef import frontend_ops, layer_ops

WAV_NODE = "wav_data"
FEATURES_NODE = "fingerprint_input"  # speech_commands' name for (1, feature_count) float32
AUDIO_NODE = "decoded_sample_data"  # output 0: (samples, 1) float32; output 1: sample rate, int32
# GRAPH_DEF_VERSION of TensorFlow 1.4.0: the graph says that it was made by that version.
_TF14_PRODUCER = 24


def freeze(model: keras.Model, front_end: FrontEnd) -> bytes:
    """The model with its front end as a serialized GraphDef, the same bytes for the same weights.

    Feed ``decoded_sample_data:0`` float (clip_samples, 1) in [-1, 1] and
    ``decoded_sample_data:1`` int32 (), or ``wav_data:0`` the bytes of a WAV file; fetch
    ``labels_softmax:0`` float (1, labels). TensorFlow 1.4 has no op for micro: its graph begins at
    features, ``fingerprint_input:0`` float (1, feature_count).

    Raises:
        UserError: a model whose input, output or layers cannot be written.
    """
    _check_shapes(model, front_end)
    weights = {layer.name: layer_ops.layer_weights(layer) for layer in model.layers}
    graph = tf.Graph()
    with graph.as_default():
        _emit_layers(model, weights, _emit_front_end(front_end))
    graph_def = layer_ops.tf14_graph_def(graph)
    graph_def.versions.Clear()
    graph_def.versions.producer = _TF14_PRODUCER
    return bytes(graph_def.SerializeToString(deterministic=True))


def _check_shapes(model: keras.Model, front_end: FrontEnd) -> None:
    expected = (None, front_end.frames, front_end.bins, 1)
    if model.input_shape != expected:
        raise UserError(
            f"model.pb: the model's input is {model.input_shape}, the front end gives {expected}; "
            "they do not belong together"
        )
    last = model.layers[-1]
    is_known = isinstance(last, keras.layers.Softmax) or layer_ops.is_sigmoid(last)
    if last.name != OUTPUT_NAME or not is_known:
        raise UserError(
            f"model.pb: the model ends in {type(last).__name__} {last.name!r}, "
            f"expected a Softmax layer, or the activation sigmoid, named {OUTPUT_NAME!r}"
        )


def _emit_front_end(front_end: FrontEnd) -> tf.Tensor:
    """Ops from ``wav_data`` to (1, frames, bins, 1) features, equal to ``compute_features``."""
    shape = [-1, front_end.frames, front_end.bins, 1]
    if front_end.is_micro:
        given = tf.compat.v1.placeholder(tf.float32, shape=[1, front_end.feature_count], name=FEATURES_NODE)
        return tf.raw_ops.Reshape(tensor=given, shape=shape)
    wav = tf.compat.v1.placeholder(tf.string, shape=[], name=WAV_NODE)
    audio = tf.raw_ops.DecodeWav(
        contents=wav, desired_channels=1, desired_samples=front_end.clip_samples, name=AUDIO_NODE
    ).audio
    features = frontend_ops.emit(audio, front_end)
    if front_end.is_deployable:  # the others end where their features can
        highest = tf.constant(front_end.feature_max, tf.float32, name="feature_max")
        features = tf.raw_ops.Minimum(x=features, y=highest)
    # Flat and back: the original's interface between front end and network is a flat array.
    flat = tf.raw_ops.Reshape(tensor=features, shape=[-1, front_end.feature_count])
    return tf.raw_ops.Reshape(tensor=flat, shape=shape)


def _emit_layers(model: keras.Model, weights: Mapping[str, layer_ops.Weights], features: tf.Tensor) -> None:
    """Ops of every layer of a functional model, in Keras's order, which is topological."""
    tensors = {id(model.input): features}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        try:
            inputs = [tensors[id(tensor)] for tensor in tf.nest.flatten(layer.input)]
        except KeyError as error:
            raise UserError(
                f"model.pb: what layer {layer.name!r} takes comes from an operation of keras.ops, or from a "
                "layer used in more than one place; write every place with a layer of its own"
            ) from error
        tensors[id(layer.output)] = layer_ops.emit(layer, weights[layer.name], inputs)


class GraphDefModel:
    """A frozen graph that scores clips, one at a time as on the Raspberry Pi.

    ``begins_at_features``: whether it is fed these, and not audio. ``input_length``: how many of them, or of
    samples.
    """

    def __init__(self, graph: bytes | Path) -> None:
        """Load a graph.

        Raises:
            UserError: no such file, not a GraphDef, or not one with our inputs and output.
        """
        where = str(graph) if isinstance(graph, Path) else "model.pb"
        try:
            content = read_plain(graph) if isinstance(graph, Path) else graph
            graph_def = tf.compat.v1.GraphDef.FromString(content)
        except OSError as error:
            raise UserError(f"{where}: cannot be read ({error.strerror})") from error
        except DecodeError as error:
            raise UserError(
                f"{where}: not a GraphDef, damaged or cut short ({len(content)} bytes); freeze it again"
            ) from error
        self.begins_at_features, self.input_length = _input(graph_def, where)
        imported = tf.Graph()
        with imported.as_default():
            try:
                tf.import_graph_def(graph_def, name="")
            except (ValueError, tf.errors.OpError) as error:
                raise UserError(f"{where}: TensorFlow cannot load it ({error}); freeze it again") from error
        # One thread: a clip is too little work to share, and the order of sums stays the same.
        threads = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        self._session = tf.compat.v1.Session(graph=imported, config=threads)
        audio_feeds = [f"{AUDIO_NODE}:0", f"{AUDIO_NODE}:1"]
        feeds = [f"{FEATURES_NODE}:0"] if self.begins_at_features else audio_feeds
        self._run = self._session.make_callable(f"{OUTPUT_NAME}:0", feed_list=feeds)
        self._sample_rate_hz = np.int32(16000)  # an input that the graph takes and does not use

    def scores(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Softmax scores of clips.

        Args:
            inputs: (clips, clip_samples) float32 in [-1, 1], or (clips, feature_count).
        Returns:
            (clips, labels) float32.
        Raises:
            ValueError: clips of another length.
        """
        if inputs.ndim != 2 or inputs.shape[1] != self.input_length:
            raise ValueError(f"audio is {inputs.shape}, expected (clips, {self.input_length})")
        rows = [self._score(clip) for clip in inputs]
        labels = self._session.graph.get_tensor_by_name(f"{OUTPUT_NAME}:0").shape[-1]
        return np.concatenate(rows) if rows else np.empty((0, labels), dtype=np.float32)

    def _score(self, clip: NDArray[np.float32]) -> Any:
        if self.begins_at_features:
            return self._run(clip[np.newaxis])
        return self._run(clip[:, np.newaxis], self._sample_rate_hz)


def _input(graph_def: tf.compat.v1.GraphDef, where: str) -> tuple[bool, int]:
    """Whether the graph begins at features, and how many numbers it takes; checks that its ends are ours."""
    nodes = {node.name: node for node in graph_def.node}
    if FEATURES_NODE in nodes and OUTPUT_NAME in nodes:
        return True, int(nodes[FEATURES_NODE].attr["shape"].shape.dim[-1].size)
    missing = [name for name in (WAV_NODE, AUDIO_NODE, OUTPUT_NAME) if name not in nodes]
    if missing:
        raise UserError(
            f"{where}: a graph of {len(nodes)} nodes without {', '.join(missing)}; "
            "expected one made by earshot train or by speech_commands' freeze.py"
        )
    return False, int(nodes[AUDIO_NODE].attr["desired_samples"].i)
