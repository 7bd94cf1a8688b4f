"""Models that keep state in variables, as streaming wake words do: TFLite-Micro's bits over long streams."""

import shutil

import numpy as np
import pytest
from places import SHARED

from codegen.native import UNDEFINED_SANITIZER, NativeEngine
from train.core.errors import UserError
from train.tflite.graph import read_graph
from train.tflite.tflm import TflmModel

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")

PUBLIC = sorted((SHARED / "cases" / "models").glob("streaming_*.tflite"))


class TwoRings(tf.Module):
    """Convolutions over what came before, which variables hold, as in microWakeWord's networks."""

    def __init__(self, first: np.ndarray) -> None:
        """Begin with ``first``, (1, 4, 1, 8), in the first variable."""
        rng = np.random.default_rng(0)
        self.rings = [
            tf.Variable(first, name="first"),
            tf.Variable(tf.zeros((1, 3, 1, 6)), name="second"),
        ]
        self.filters = [rng.normal(0, 0.3, (5, 1, 8, 6)), rng.normal(0, 0.3, (4, 1, 6, 5))]
        self.dense = rng.normal(0, 1, (5, 1)).astype(np.float32)

    @tf.function(input_signature=[tf.TensorSpec((1, 1, 1, 8))])
    def __call__(self, rows):
        for ring, filters in zip(self.rings, self.filters, strict=True):
            known = tf.concat([ring, rows], 1)
            ring.assign(known[:, 1:])
            rows = tf.nn.relu(tf.nn.conv2d(known, filters.astype(np.float32), 1, "VALID"))
        return tf.sigmoid(tf.matmul(tf.reshape(rows, (1, 5)), self.dense))


def two_rings(first: np.ndarray) -> bytes:
    """int8 in, uint8 out."""
    module, rng = TwoRings(first.astype(np.float32)), np.random.default_rng(1)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.__call__.get_concrete_function()], module
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    samples = rng.normal(0, 1, (200, 1, 1, 1, 8)).astype(np.float32)
    converter.representative_dataset = lambda: ([sample] for sample in samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type, converter.inference_output_type = tf.int8, tf.uint8
    converter.experimental_enable_resource_variables = True
    converter._experimental_variable_quantization = True
    return converter.convert()


def check(tflite: bytes, where: str, count: int) -> NativeEngine:
    """Every output of a stream of noise that comes and goes, and again from the start."""
    oracle, engine = TflmModel(tflite, where), NativeEngine(tflite, where, UNDEFINED_SANITIZER)
    shape = (count, *oracle.inputs[0].batch_shape)
    loudness = np.repeat(np.random.default_rng(5).uniform(1, 128, count // 20 + 1), 20)[:count]
    noise = np.random.default_rng(6).normal(-128, loudness.reshape(-1, 1), (count, np.prod(shape[1:])))
    stream = np.clip(np.rint(noise), -128, 127).astype(np.int8).reshape(shape)
    (expected,) = oracle.run_all([stream])
    expected = expected.reshape(count, -1)
    assert len(np.unique(expected)) > 3
    assert np.array_equal(engine.run(stream), expected)
    assert not np.array_equal(engine.run(stream), expected), "it must remember"
    engine.reset()
    assert np.array_equal(engine.run(stream), expected)
    return engine


@pytest.mark.parametrize("first", [np.zeros((1, 4, 1, 8)), np.linspace(-1, 1, 32).reshape(1, 4, 1, 8)])
def test_state_is_kept(first):
    engine = check(two_rings(first), "two rings", 300)
    other = engine.another()
    stream = np.random.default_rng(7).integers(-128, 128, (2, 40, 1, 1, 1, 8), dtype=np.int8)
    alone = []
    for item in stream:
        other.reset()
        alone.append(other.run(item))
    engine.reset()
    other.reset()
    beside = np.empty_like(alone)
    for step in range(40):
        for place, model in enumerate((engine, other)):
            beside[place, step] = model.run(stream[place, step : step + 1])[0]
    assert np.array_equal(beside, alone), "two streams side by side"


@pytest.mark.skipif(not PUBLIC, reason="no ../shared/cases/models")
@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.stem)
def test_public_models(path):
    check(path.read_bytes(), path.name, 600)


def test_control_flow_is_told_from_state():
    @tf.function(input_signature=[tf.TensorSpec((1, 4))])
    def halve(x):
        return tf.while_loop(lambda y: tf.reduce_sum(y) > 1, lambda y: (y / 2,), (x,))[0]

    converter = tf.lite.TFLiteConverter.from_concrete_functions([halve.get_concrete_function()])
    with pytest.raises(UserError, match=r"control flow \(WHILE\)"):
        read_graph(converter.convert(), "loop")
