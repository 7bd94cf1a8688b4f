"""The compiled engine against the TFLite-Micro interpreter: the same bits for whole models, always."""

import shutil
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
from converted_models import assert_same, convert, mixed, op_names, repack
from kernel_models import Oracle, inputs_for
from places import C_PROGRAMS
from sweeping import sweep

from codegen.engine import build_engine
from codegen.native import NativeEngine, compile_engine
from train.architectures import build, logits, names_for_boards
from train.core.spec import FrontEnd
from train.tflite.graph import read_graph

runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")


def test_yes_no(tiny_tflite):
    """The model that everything here is for, on more inputs."""
    assert op_names(tiny_tflite) == ("CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX")
    scores = assert_same(tiny_tflite, 2000)
    assert len(np.unique(scores)) > 50
    engine = build_engine(read_graph(tiny_tflite, ""), "", "")
    rows, lanes = (
        10 + 2,
        52,
    )  # of the image in int16 for two rows of outputs, and what a load may reach beyond
    widened = 2 * 10 * 8  # weights of a filter, once for outputs at odd lanes
    least = 4400 + 2 * (rows * lanes + widened + 16)
    assert engine.arena_bytes <= least, "the input lies within the output"


@pytest.fixture(scope="module")
def architecture_tflite() -> Callable[[str], bytes]:
    def convert_one(name: str) -> bytes:
        model = build(name, FrontEnd(), 4, 0.0, 1)
        rng = np.random.default_rng(5)
        for layer in model.layers:  # as large as trained ones, so that the scores differ from clip to clip
            if isinstance(layer, tf.keras.layers.BatchNormalization):
                continue  # a variance is no normal number
            weights = [
                rng.normal(0, 2 / np.sqrt(max(w[..., 0].size, 1)), w.shape) for w in layer.get_weights()
            ]
            layer.set_weights(weights)
        # Means over a whole clip of noise differ little: what they have in common is taken off. The noise is
        # that of the test, every int8 as likely, where the range is that of normal noise of spread 40.
        given = logits(model)(rng.uniform(-160, 160, (20, *model.input_shape[1:]))).numpy()
        last = model.layers[-2]
        kernel, bias = last.get_weights()
        last.set_weights(
            [2 * kernel / given.std(axis=0), 2 * (bias - given.mean(axis=0)) / given.std(axis=0)]
        )
        entry = tf.keras.Input(batch_shape=(1, *model.input_shape[1:]))
        static = tf.keras.Model(entry, model(entry, training=False))
        return convert(lambda x: static(x), model.input_shape[1:], per_channel=False, spread=40)

    return convert_one


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", sweep(names_for_boards(), "tiny_conv", "low_latency_svdf", "spectro_temporal")
)
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
    harness = C_PROGRAMS / "run_engine.c"

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
