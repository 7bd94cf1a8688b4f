"""model.pb against the Keras model and the NumPy front end, and in the real TensorFlow 1.4."""

import json
import os
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from places import SHARED
from spread_models import (
    TOLERANCE,
    assert_spread,
    front_end_of,
    keras_scores,
    spread_model,
    synthetic_clips,
    tolerance,
)
from sweeping import sweep

from hil.pi import benchmark
from hil.pi.remote.graphdef import parse_graph
from train import architectures
from train.audio.frontend import average_bins, compute_features, float_features
from train.audio.wav import encode_wav
from train.core.errors import UserError
from train.core.spec import FRONT_ENDS, HOST_FRONT_ENDS, MICRO, FrontEnd
from train.graphdef import frontend_ops, layer_ops, tf14
from train.graphdef.freeze import GraphDefModel, freeze

FRONT_END = FrontEnd()
TF14 = Path(os.environ.get("EARSHOT_TF14", ""))  # minutes of work: make bench-tf14
TF14_OPS = SHARED / "reference" / "tf14_ops.json"

needs_tf14 = pytest.mark.skipif(
    "EARSHOT_TF14" not in os.environ, reason="EARSHOT_TF14 names no TensorFlow 1.4 folder (make bench-tf14)"
)
needs_tf14_ops = pytest.mark.skipif(not TF14_OPS.is_file(), reason="../shared has no list of 1.4's ops")

# walkthrough_conv_1d has no layer that others lack, and a clip takes it a second.
NAMES = [name for name in architectures.names() if name != "walkthrough_conv_1d"]


def assert_equals_keras(model: keras.Model, audio: np.ndarray, front_end: FrontEnd, most: float) -> None:
    """The scores of the frozen model are Keras's, which say something."""
    expected = keras_scores(model, audio, front_end)
    assert_spread(expected)
    scores = GraphDefModel(freeze(model, front_end)).scores(audio)
    assert np.abs(scores - expected).max() <= most


@pytest.mark.parametrize("name", NAMES)
def test_scores_equal_keras_on_synthetic_audio(name):
    audio, front_end = synthetic_clips(), front_end_of(name)
    model = spread_model(name, audio)
    assert_equals_keras(model, audio, front_end, tolerance(name))


@pytest.mark.shared
@pytest.mark.parametrize("name", sweep(NAMES, "tiny_conv", "low_latency_svdf", "spectro_temporal"))
def test_scores_equal_keras_on_real_clips(real_clips, name):
    audio, front_end = real_clips, front_end_of(name)
    audio = audio[::3] if "conv" in name else audio
    assert len(audio) >= 50
    model = spread_model(name, audio)
    assert_equals_keras(model, audio, front_end, tolerance(name))


# TensorFlow 1.4 has no op for micro: its graph begins at features.
OTHER_FRONT_ENDS = [name for name in (*FRONT_ENDS, *HOST_FRONT_ENDS) if name not in (FRONT_END.name, MICRO)]
TO_OTHER_TOPS = [
    FrontEnd("log_mel", mel_top_hz=7600),
    FrontEnd("pcan", mel_top_hz=8000, feature_bin_count=52),
    FrontEnd("mfcc", mel_top_hz=6000),
]


@pytest.mark.parametrize("front_end", [*map(FrontEnd, OTHER_FRONT_ENDS), *TO_OTHER_TOPS], ids=str)
def test_scores_equal_keras_with_every_front_end(front_end):
    audio = synthetic_clips()
    model = spread_model("tiny_conv", audio, front_end=front_end)
    assert_equals_keras(model, audio, front_end, TOLERANCE)


def test_a_graph_that_begins_at_features_equals_keras():
    front_end, audio = FrontEnd(MICRO), synthetic_clips()
    model = spread_model("tiny_conv", audio, front_end=front_end)
    expected = keras_scores(model, audio, front_end)
    assert_spread(expected)
    graph = GraphDefModel(freeze(model, front_end))
    assert graph.begins_at_features
    features = float_features(audio, front_end).reshape(len(audio), -1)
    assert np.abs(graph.scores(features) - expected).max() <= TOLERANCE


def test_a_graph_that_begins_at_features_says_so_where_audio_is_needed():
    model = spread_model("tiny_conv", synthetic_clips(), front_end=FrontEnd(MICRO))
    nodes = parse_graph(freeze(model, FrontEnd(MICRO)))
    with pytest.raises(UserError, match=r"model.pb: begins at features, fingerprint_input, .*; do this, or"):
        benchmark.check_takes_audio(Path("model.pb"), nodes, "do this")


def on_offset(audio: np.ndarray) -> np.ndarray:
    """Every clip with a DC offset of its own and noise of 3 steps of int16, clipped at full scale.

    The first clip becomes a constant. Without noise in the others, mfcc would show the rounding of float32.
    """
    offsets = np.linspace(-0.5, 0.9, len(audio))[:, np.newaxis]
    noise = np.random.default_rng(4).normal(0, 1e-4, audio.shape)
    noise[0] = 0
    return np.clip(audio + offsets + noise, -1, 1).astype(np.float32)


@pytest.mark.parametrize("name", ["average", "log_mel", "pcan", "mfcc"])
def test_scores_equal_keras_without_dc(name):
    front_end, audio = FrontEnd(name, dc_block=True), on_offset(synthetic_clips())
    model = spread_model("tiny_conv", audio, front_end=front_end)
    assert_equals_keras(model, audio, front_end, TOLERANCE)


@pytest.mark.parametrize(
    "settings",
    [
        {"window_stride_ms": 10},  # three strides to a window
        {"window_size_ms": 20, "window_stride_ms": 20},
        {"window_size_ms": 20, "window_stride_ms": 30},  # samples between windows that none takes
        {"window_size_ms": 64, "window_stride_ms": 21, "clip_duration_ms": 400},  # four, the last cut short
        {"window_size_ms": 400, "window_stride_ms": 500, "clip_duration_ms": 450},  # one window
    ],
)
def test_every_window_is_less_its_own_mean(settings):
    front_end = FrontEnd("log", dc_block=True, **settings)
    audio = on_offset(synthetic_clips())[:, : front_end.clip_samples]
    expected = compute_features(audio, front_end)
    for clip, features in zip(audio, expected, strict=True):
        found = frontend_ops.emit(tf.constant(clip[:, np.newaxis]), front_end).numpy().reshape(features.shape)
        assert np.abs(np.minimum(found, front_end.feature_max) - features).max() <= 1e-5  # of an octave


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"window_stride_ms": 10},
        {"feature_bin_count": 13},
        {"sample_rate_hz": 8000, "window_size_ms": 60, "clip_duration_ms": 2000},
        {"sample_rate_hz": 44100, "clip_duration_ms": 360},
    ],
)
def test_mfcc_is_that_of_tensorflow(settings):
    front_end = FrontEnd("mfcc", **settings)
    audio = synthetic_clips()[:, : front_end.clip_samples]
    for clip, coefficients in zip(audio, compute_features(audio, front_end), strict=True):
        power = tf.raw_ops.AudioSpectrogram(
            input=clip[:, np.newaxis],
            window_size=front_end.window_samples,
            stride=front_end.stride_samples,
            magnitude_squared=True,
        )
        expected = tf.raw_ops.Mfcc(
            spectrogram=power,
            sample_rate=front_end.sample_rate_hz,
            dct_coefficient_count=front_end.feature_bin_count,
        )
        assert np.abs(coefficients - expected[0]).max() <= 1e-5


def test_loud_audio_needs_the_clamp():
    """Without the Minimum the graph would disagree on saturated features, as the original's did."""
    audio = synthetic_clips()
    model = spread_model("tiny_conv", audio)
    graph_def = tf.compat.v1.GraphDef.FromString(freeze(model, FRONT_END))
    highest = next(node for node in graph_def.node if node.name == "feature_max")
    highest.attr["value"].tensor.float_val[:] = [1e9]
    unclamped = GraphDefModel(graph_def.SerializeToString()).scores(audio)
    assert np.abs(unclamped - keras_scores(model, audio)).max() > 100 * TOLERANCE


@pytest.mark.parametrize("window_stride_ms", [10, 20])
@pytest.mark.parametrize(
    ("window_size_ms", "feature_bin_count"),
    [(30, 40), (64, 27), (8, 13), (30, 30), (30, 32), (30, 36)],  # the last three pad in front, too
)
def test_other_front_ends(window_stride_ms, window_size_ms, feature_bin_count):
    front_end = FrontEnd(
        window_size_ms=window_size_ms,
        window_stride_ms=window_stride_ms,
        feature_bin_count=feature_bin_count,
    )
    audio = synthetic_clips()
    model = architectures.build("single_fc", front_end, 4, 0.5, 1)
    expected = model(compute_features(audio, front_end)[..., np.newaxis]).numpy()
    scores = GraphDefModel(freeze(model, front_end)).scores(audio)
    assert np.abs(scores - expected).max() <= TOLERANCE


def test_average_bins_groups_as_same_pooling_does():
    """Every way of grouping the 257 bins, many of which leave places empty on both sides."""
    rng = np.random.default_rng(5)
    power = rng.uniform(0, 300, (1, 3, FRONT_END.fft_bins)).astype(np.float32)
    front_ends = {
        front_end.bins_per_average: front_end
        for front_end in (FrontEnd(feature_bin_count=count) for count in range(1, FRONT_END.fft_bins + 1))
    }
    assert len(front_ends) == 31
    for size, front_end in front_ends.items():
        group = [1, 1, size, 1]
        expected = tf.nn.avg_pool(power[..., np.newaxis], group, group, "SAME").numpy()[..., 0]
        pooled = average_bins(power, front_end)
        assert pooled.shape == expected.shape
        np.testing.assert_allclose(pooled, expected, rtol=1e-6, err_msg=f"groups of {size}")


def frozen(name: str, labels: int = 4) -> bytes:
    front_end = front_end_of(name)
    return freeze(architectures.build(name, front_end, labels, dropout=0.5, seed=1), front_end)


def test_tiny_conv_nodes_are_the_original_s_in_order():
    graph_def = tf.compat.v1.GraphDef.FromString(frozen("tiny_conv"))
    assert [(node.name, node.op) for node in graph_def.node] == [
        ("wav_data", "Placeholder"),
        ("decoded_sample_data", "DecodeWav"),
        ("AudioSpectrogram", "AudioSpectrogram"),
        ("ExpandDims/dim", "Const"),
        ("ExpandDims", "ExpandDims"),
        ("avg_pool", "AvgPool"),
        ("feature_max", "Const"),  # ours
        ("Minimum", "Minimum"),  # ours
        ("Reshape/shape", "Const"),
        ("Reshape", "Reshape"),
        ("Reshape_1/shape", "Const"),
        ("Reshape_1", "Reshape"),
        ("first_weights", "Const"),
        ("first_weights/read", "Identity"),
        ("Conv2D", "Conv2D"),
        ("first_bias", "Const"),
        ("first_bias/read", "Identity"),
        ("add", "Add"),
        ("Relu", "Relu"),
        ("Reshape_2/shape", "Const"),
        ("Reshape_2", "Reshape"),
        ("final_fc_weights", "Const"),
        ("final_fc_weights/read", "Identity"),
        ("MatMul", "MatMul"),
        ("final_fc_bias", "Const"),
        ("final_fc_bias/read", "Identity"),
        ("add_1", "Add"),
        ("labels_softmax", "Softmax"),
    ]
    attributes = {node.name: node.attr for node in graph_def.node}
    spectrogram, pool = attributes["AudioSpectrogram"], attributes["avg_pool"]
    assert (spectrogram["window_size"].i, spectrogram["stride"].i) == (480, 320)
    assert spectrogram["magnitude_squared"].b
    assert list(pool["ksize"].list.i) == list(pool["strides"].list.i) == [1, 1, 6, 1]
    assert pool["padding"].s == b"SAME"
    decode = attributes["decoded_sample_data"]
    assert (decode["desired_channels"].i, decode["desired_samples"].i) == (1, 16000)


def test_single_fc_has_the_original_s_names():
    graph_def = tf.compat.v1.GraphDef.FromString(frozen("single_fc"))
    assert {"weights", "weights/read", "bias", "bias/read"} <= {node.name for node in graph_def.node}


@pytest.mark.parametrize("name", NAMES)
def test_same_weights_give_the_same_bytes(name):
    assert frozen(name) == frozen(name)


def test_size():
    """The original's files are 75,069 bytes with 4 labels and 215,901 with 12."""
    assert len(frozen("tiny_conv")) < 80_000
    assert len(frozen("tiny_conv", labels=12)) < 220_000


@pytest.mark.shared
@needs_tf14_ops
def test_our_table_agrees_with_tensorflow_1_4():
    listed = json.loads(TF14_OPS.read_text())
    ours = {op: sorted(known) for op, known in layer_ops.TF14_ATTRIBUTES.items()}
    assert ours == {op: listed[op] for op in ours}


@pytest.mark.shared
@needs_tf14_ops
@pytest.mark.parametrize("name", NAMES)
def test_tensorflow_1_4_knows_every_op_and_attribute(name):
    listed = json.loads(TF14_OPS.read_text())
    graph_def = tf.compat.v1.GraphDef.FromString(frozen(name))
    unknown = [
        (node.name, node.op, attribute)
        for node in graph_def.node
        for attribute in node.attr
        if attribute not in listed.get(node.op, ())
    ]
    assert unknown == []
    assert {node.op for node in graph_def.node} <= set(listed)
    assert graph_def.versions.producer == 24
    assert not graph_def.library.function


# Python 2.7: the argument is where the list goes.
TF14_OPS_SCRIPT = """
import json
import sys
import tensorflow as tf
from tensorflow.contrib.framework.python.ops import audio_ops  # registers DecodeWav and AudioSpectrogram
from tensorflow.python.framework import op_def_registry
assert tf.__version__ == "1.4.0", tf.__version__
ops = op_def_registry.get_registered_ops()
attributes = dict((name, " ".join(sorted(entry.name for entry in op.attr))) for name, op in ops.items())
json.dump(attributes, open(sys.argv[1], "w"))
"""


@needs_tf14
def test_the_list_of_ops_is_that_of_the_real_1_4(tmp_path):
    """How train/graphdef/tf14_ops.json came to be."""
    (tmp_path / "script.py").write_text(TF14_OPS_SCRIPT)
    subprocess.run([TF14 / "python", tmp_path / "script.py", tmp_path / "ops.json"], check=True)
    listed = json.loads((tmp_path / "ops.json").read_text())
    kept = Path(tf14.__file__).with_name("tf14_ops.json").read_text()
    assert kept == json.dumps(listed, indent=2, sort_keys=True) + "\n"


# Python 2.7: arguments are the graph, the clips, one of them as a WAV file, and where the scores go.
TF14_SCRIPT = """
import sys
import numpy as np
import tensorflow as tf
from tensorflow.contrib.framework.python.ops import audio_ops  # registers DecodeWav and AudioSpectrogram
assert tf.__version__ == "1.4.0", tf.__version__
graph = tf.GraphDef()
graph.ParseFromString(open(sys.argv[1], "rb").read())
tf.import_graph_def(graph, name="")
with tf.Session() as session:
    def score(feed):
        return session.run("labels_softmax:0", feed)[0]
    scores = [
        score({"decoded_sample_data:0": clip[:, None], "decoded_sample_data:1": 16000})
        for clip in np.load(sys.argv[2])
    ]
    scores.append(score({"wav_data:0": open(sys.argv[3], "rb").read()}))
np.save(sys.argv[4], np.array(scores))
"""


def scores_of_tf14(python: Path, graph: bytes, audio: np.ndarray, folder: Path) -> np.ndarray:
    """(clips + 1, labels): every clip fed as samples, then the first one again as a WAV file."""
    files = [folder / name for name in ("script.py", "model.pb", "audio.npy", "first.wav", "scores.npy")]
    files[0].write_text(TF14_SCRIPT)
    files[1].write_bytes(graph)
    np.save(files[2], audio)
    samples = np.round(audio[0] * 32768).astype(np.int16)
    files[3].write_bytes(encode_wav(samples, FRONT_END.sample_rate_hz))
    done = subprocess.run([python, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return np.load(files[4])


def assert_tf14_agrees(
    model: keras.Model, audio: np.ndarray, front_end: FrontEnd, folder: Path, record_property
) -> None:
    graph = freeze(model, front_end)
    scores = scores_of_tf14(TF14 / "python", graph, audio, folder)
    expected = keras_scores(model, audio, front_end)
    expected = np.concatenate([expected, expected[:1]])
    difference = np.abs(scores - expected)
    record_property("clips", len(audio))
    record_property("max_difference", float(difference.max()))
    title = f"{model.name}, {front_end.name}"
    print(f"{title}: {len(audio)} clips, largest difference from Keras {difference.max():.1e}")
    assert_spread(expected)
    assert difference.max() <= tolerance(model.name)
    assert np.abs(scores[:-1] - GraphDefModel(graph).scores(audio)).max() <= tolerance(model.name)


@pytest.mark.slow
@pytest.mark.shared
@needs_tf14
@pytest.mark.parametrize("name", NAMES)
def test_real_tensorflow_1_4_gives_the_same_scores(real_clips, name, tmp_path, record_property):
    model = spread_model(name, real_clips)
    assert_tf14_agrees(model, real_clips, front_end_of(name), tmp_path, record_property)


@pytest.mark.slow
@pytest.mark.shared
@needs_tf14
@pytest.mark.parametrize(
    "front_end", [*map(FrontEnd, OTHER_FRONT_ENDS), FrontEnd("log_mel", dc_block=True)], ids=str
)
def test_real_tensorflow_1_4_knows_every_front_end(real_clips, front_end, tmp_path, record_property):
    model = spread_model("tiny_conv", real_clips, front_end=front_end)
    assert_tf14_agrees(model, real_clips, front_end, tmp_path, record_property)
