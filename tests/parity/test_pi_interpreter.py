"""The NumPy interpreter that a Raspberry Pi without TensorFlow runs, against TensorFlow."""

import ast
import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from parity.test_graphdef import (
    FRONT_END,
    NAMES,
    TF14,
    needs_tf14,
    on_offset,
    synthetic_clips,
)
from single_layers import SINGLE_LAYERS, make_audio, make_model
from spread_models import TOLERANCE, assert_spread, front_end_of, spread_model, tolerance
from sweeping import sweep

from hil.pi.bundle import BUNDLE, bundle
from hil.pi.remote import operators
from hil.pi.remote.interpreter import Interpreter
from hil.pi.remote.tensorflow_engine import TensorFlowEngine
from hil.pi.remote.timer import AUDIO_INPUT, OUTPUT, RATE_INPUT
from train import architectures
from train.audio.wav import encode_wav
from train.core.spec import FRONT_ENDS, HOST_FRONT_ENDS, MICRO, FrontEnd
from train.graphdef.freeze import GraphDefModel, freeze

FEEDS = [AUDIO_INPUT, RATE_INPUT]


WITH_AUDIO = [name for name in (*FRONT_ENDS, *HOST_FRONT_ENDS) if name != MICRO]


def numpy_scores(graph: bytes, audio: np.ndarray) -> np.ndarray:
    engine = Interpreter(graph, FEEDS, [OUTPUT])
    return np.concatenate([engine.run([clip[:, np.newaxis], np.int32(16000)])[0] for clip in audio])


def assert_same_scores(name: str, audio: np.ndarray, front_end: FrontEnd | None = None) -> None:
    front_end = front_end or front_end_of(name)
    graph = freeze(spread_model(name, audio, front_end=front_end), front_end)
    expected = GraphDefModel(graph).scores(audio)
    assert_spread(expected)
    assert np.abs(numpy_scores(graph, audio) - expected).max() <= tolerance(name)


@pytest.mark.parametrize("name", NAMES)
def test_scores_equal_tensorflow_on_synthetic_audio(name):
    assert_same_scores(name, synthetic_clips())


@pytest.mark.parametrize(
    "front_end",
    [
        *map(FrontEnd, WITH_AUDIO),
        FrontEnd("log_mel", dc_block=True),
        FrontEnd("mfcc", window_stride_ms=10, dc_block=True),
    ],
    ids=lambda front_end: f"{front_end.name}{', DC blocked' if front_end.dc_block else ''}",
)
def test_every_front_end_equals_tensorflow(front_end):
    audio = synthetic_clips()
    if front_end.dc_block:
        audio = on_offset(audio)
    assert_same_scores("tiny_conv", audio, front_end)


@pytest.mark.shared
@pytest.mark.parametrize("name", sweep(NAMES, "tiny_conv", "low_latency_svdf", "spectro_temporal"))
def test_scores_equal_tensorflow_on_real_clips(real_clips, name):
    audio = real_clips
    assert len(audio) >= 200
    audio = audio[::2] if "conv" in name else audio
    assert_same_scores(name, audio)


@pytest.mark.parametrize("case", SINGLE_LAYERS)
def test_every_layer_equals_tensorflow(case):
    layer, _ = SINGLE_LAYERS[case]
    graph = freeze(make_model(type(layer).from_config(layer.get_config())), FRONT_END)
    audio = make_audio()
    assert np.abs(numpy_scores(graph, audio) - GraphDefModel(graph).scores(audio)).max() <= TOLERANCE


RNG = np.random.default_rng(3)
PICTURE = RNG.normal(0, 2, (2, 7, 6, 4)).astype(np.float32)
ROW = RNG.normal(0, 2, 4).astype(np.float32)
AUDIO = RNG.uniform(-1, 1, (1000, 2)).astype(np.float32)
STEREO = encode_wav((AUDIO * 32767).astype(np.int16).ravel(), 8000)
# Two channels in place of one: their number, bytes per second, bytes per frame.
STEREO = STEREO[:22] + struct.pack("<HIIH", 2, 8000, 32000, 4) + STEREO[34:]
RAW = tf.raw_ops

OPERATORS = {
    "BiasAdd": lambda x: RAW.BiasAdd(value=x, bias=ROW),
    "Sub": lambda x: RAW.Sub(x=x, y=ROW),
    "Sub, small first": lambda x: RAW.Sub(x=RAW.Add(x=tf.constant(ROW), y=1.0), y=x),
    "Log": lambda x: RAW.Log(x=RAW.Maximum(x=x, y=0.01)),
    "Pow": lambda x: RAW.Pow(x=RAW.Maximum(x=x, y=0.01), y=-0.98),
    "Slice": lambda x: RAW.Slice(input=x, begin=[0, 2, 0, 1], size=[-1, 3, 6, 2]),
    "Maximum": lambda x: RAW.Maximum(x=x, y=ROW),
    "RealDiv": lambda x: RAW.RealDiv(x=x, y=ROW),
    "AddV2": lambda x: RAW.AddV2(x=x, y=ROW),
    "Max": lambda x: RAW.Max(input=x, axis=[1, -1], keep_dims=True),
    "Sum": lambda x: RAW.Sum(input=x, axis=1),
    "Squeeze": lambda x: RAW.Squeeze(input=RAW.ExpandDims(input=x, axis=1), axis=[1]),
    "Squeeze all": lambda x: RAW.Squeeze(input=RAW.ExpandDims(input=x, axis=-1)),
    "Cast": lambda x: RAW.Cast(x=x, DstT=tf.int32),
    "Softmax": lambda x: RAW.Softmax(logits=RAW.Mul(x=x, y=50.0)),
    "Sigmoid, far out": lambda x: RAW.Sigmoid(x=RAW.Mul(x=x, y=200.0)),
    "transposed product": lambda x: RAW.MatMul(
        a=RAW.Reshape(tensor=x, shape=[6, -1]),
        b=np.ones((3, 6), np.float32),
        transpose_a=True,
        transpose_b=True,
    ),
    "pool, wide strides": lambda x: RAW.MaxPool(
        input=x, ksize=[1, 2, 3, 1], strides=[1, 3, 2, 1], padding="SAME"
    ),
    "conv, uneven": lambda x: RAW.Conv2D(
        input=x, filter=PICTURE[:2, :3, :4].transpose(1, 2, 3, 0), strides=[1, 2, 3, 1], padding="SAME"
    ),
    "spectrogram, magnitude": lambda x: RAW.AudioSpectrogram(
        input=tf.constant(AUDIO), window_size=100, stride=37, magnitude_squared=False
    ),
    "mfcc, other limits": lambda x: RAW.Mfcc(
        spectrogram=RAW.AudioSpectrogram(
            input=tf.constant(AUDIO), window_size=500, stride=37, magnitude_squared=True
        ),
        sample_rate=tf.constant(22050),
        upper_frequency_limit=7000.0,
        lower_frequency_limit=300.0,
        filterbank_channel_count=30,
        dct_coefficient_count=12,
    ),
    "stereo WAV": lambda x: RAW.DecodeWav(contents=tf.constant(STEREO), desired_samples=1200).audio,
    "one channel of a WAV": lambda x: (
        RAW.DecodeWav(contents=tf.constant(STEREO), desired_channels=1, desired_samples=700).audio
    ),
    "rate of a WAV": lambda x: RAW.DecodeWav(contents=tf.constant(STEREO)).sample_rate,
}


@pytest.mark.parametrize("case", OPERATORS)
def test_operator_equals_tensorflow(case):
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, PICTURE.shape, name="x")
        y = OPERATORS[case](x)
    content = graph.as_graph_def().SerializeToString()
    (found,) = Interpreter(content, ["x:0"], [y.name]).run([PICTURE])
    (expected,) = TensorFlowEngine(content, ["x:0"], [y.name]).run([PICTURE])
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_both_engines_trace_the_same_work():
    graph = freeze(architectures.build("tiny_conv", FRONT_END, 4, 0.5, 1), FRONT_END)
    inputs = [np.zeros((16000, 1), np.float32), np.array(16000, np.int32)]
    ours, theirs = (engine(graph, FEEDS, [OUTPUT]) for engine in (Interpreter, TensorFlowEngine))
    wanted = [("Conv2D", 0), ("MatMul", 0), ("first_weights/read", 0), ("Reshape_2", 0)]
    shapes = ours.shapes(inputs, wanted)
    assert shapes == theirs.shapes(inputs, wanted)
    assert shapes["Conv2D", 0] == (1, 25, 22, 8)
    traced = theirs.run_traced(inputs)
    # Today's TensorFlow joins nodes and gives some of them other operators.
    assert {record.name for record in traced} >= {"AudioSpectrogram", "avg_pool", "labels_softmax"}
    assert "AudioSpectrogram" in {record.op for record in traced}
    assert all(record.duration_us >= 0 and record.start_us >= 0 for record in traced)
    assert sum(record.duration_us for record in traced) > 50
    # 49 x 257 powers, 49 x 43 means, 25 x 22 x 8 sums, 4 scores; the rest is written over them.
    # TensorFlow 1.4.0 itself reports 76,416 bytes for this graph.
    assert sum(record.memory_bytes for record in ours.run_traced(inputs)) == 76416


# Python 2.7: arguments are the timer, the graph, the clips, and where the scores go.
SCRIPT_27 = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from earshot_timer.interpreter import Interpreter
engine = Interpreter(
    open(sys.argv[2], "rb").read(), ["decoded_sample_data:0", "decoded_sample_data:1"], ["labels_softmax:0"]
)
assert sys.version_info[0] == 2
clips = np.load(sys.argv[3])
np.save(sys.argv[4], [engine.run([clip[:, None], np.array(16000, np.int32)])[0][0] for clip in clips])
"""


def assert_python_2_7_agrees(
    graph: bytes, audio: np.ndarray, folder: Path, allowed: float = TOLERANCE
) -> None:
    names = ("script.py", BUNDLE, "model.pb", "audio.npy", "scores.npy")
    script, timer, path, clips, scores = (folder / file for file in names)
    script.write_text(SCRIPT_27)
    timer.write_bytes(bundle())
    path.write_bytes(graph)
    np.save(clips, audio)
    subprocess.run([TF14 / "python", script, timer, path, clips, scores], check=True)
    assert np.abs(np.load(scores) - GraphDefModel(graph).scores(audio)).max() <= allowed


@pytest.mark.shared
@needs_tf14
@pytest.mark.parametrize("name", NAMES)
def test_python_2_7_gives_the_same_scores(real_clips, name, tmp_path):
    """On recordings: NumPy 1.16 sums less exactly, and noise at full scale makes 1.4e-5 of that."""
    audio = real_clips[::4]
    graph = freeze(spread_model(name, audio), front_end_of(name))
    assert_python_2_7_agrees(graph, audio, tmp_path, tolerance(name))


@pytest.mark.shared
@needs_tf14
@pytest.mark.parametrize("name", WITH_AUDIO[:-1])  # raw has networks of its own, tested above
def test_python_2_7_knows_every_front_end(real_clips, name, tmp_path):
    audio, front_end = real_clips[::4], FrontEnd(name)
    model = spread_model("tiny_conv", audio, front_end=front_end)
    assert_python_2_7_agrees(freeze(model, front_end), audio, tmp_path)


@needs_tf14
def test_timer_under_tensorflow_1_4_counts_as_numpy_does(tmp_path):
    graph = freeze(architectures.build("tiny_conv", FRONT_END, 4, 0.5, 1), FRONT_END)
    (tmp_path / BUNDLE).write_bytes(bundle())
    (tmp_path / "model.pb").write_bytes(graph)
    found = {}
    for engine in ("tensorflow", "numpy"):
        command = [TF14 / "python", BUNDLE, "model.pb", "--engine", engine, "--max-num-runs", "20"]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        found[engine] = json.loads(done.stdout)
    assert found["tensorflow"]["engine"] == "TensorFlow 1.4.0"
    for figure in ("flops", "memory_bytes", "graph_sha256", "output_shape"):
        assert found["tensorflow"][figure] == found["numpy"][figure]
    assert found["numpy"]["memory_bytes"] == 76416


@pytest.mark.parametrize(
    "path", sorted(Path(operators.__file__).parent.glob("*.py")), ids=lambda path: path.name
)
def test_sources_are_of_python_3_4(path):
    """As on a Pi of 2017: no f-strings, no annotated variables."""
    ast.parse(path.read_text(), feature_version=(3, 4))
    assert not [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.JoinedStr)]
