"""Whole models of the kinds that people bring, against TFLite-Micro: the bits at their real ends."""

import re
import shutil

import numpy as np
import pytest
from kernel_models import Chain, Oracle
from model_ends import inputs_of, several, with_ends, with_wide_softmax
from tflite_builder import Network, Weighted

from codegen.engine import build_engine
from codegen.native import UNDEFINED_SANITIZER, NativeEngine
from train.tflite.graph import read_graph

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")


def assert_same(tflite: bytes) -> list[np.ndarray]:
    """Every bit of every output on 200 inputs. Returns the outputs."""
    oracle = Oracle(tflite, "model")
    inputs = inputs_of(oracle)
    expected = oracle.run_all(inputs)
    found = NativeEngine(tflite, "model", UNDEFINED_SANITIZER).run_all(inputs)
    for given, wanted in zip(found, expected, strict=True):
        assert given.dtype == wanted.dtype
        np.testing.assert_array_equal(given.reshape(wanted.shape), wanted)
        assert len(np.unique(wanted, axis=0)) > 1, "the test must not be blind to its inputs"
    return found


def small() -> bytes:
    return Chain(3, (6, 5, 1), -20).convolve((3, 3), 4).dense(5).tflite()


@pytest.mark.parametrize(
    ("given", "taken", "ratio", "shapes"),
    [
        ("float32", "float32", 1.0, 0),
        ("uint8", "uint8", 1.0, 0),
        ("uint8", "int16", 0.7, 1),
        ("int16", "uint8", 3.3, 0),
        ("int16", "float32", 0.01, 0),
        ("int32", "int32", 1e-6, 1),
        ("float32", "int8", 1.0, 1),
        ("int8", "float32", 1.0, 2),
    ],
)
def test_ends_of_other_types(given, taken, ratio, shapes):
    (scores,) = assert_same(with_ends(small(), given, taken, ratio, shapes))
    assert scores.dtype == taken


@pytest.mark.parametrize(
    ("taken", "shapes", "beta"),
    [("", 0, 1.0), ("", 2, 0.3), ("int32", 0, 1.0), ("int16", 1, 4.0), ("float32", 1, 1.0)],
)
def test_a_softmax_to_int16_at_the_end(taken, shapes, beta):
    (scores,) = assert_same(with_wide_softmax(small(), taken, shapes, beta))
    assert scores.dtype == (taken or "int16")


def test_rows_of_a_softmax_to_int16():
    network = Network((6, 40), -3, 0.3)
    (scores,) = assert_same(
        with_wide_softmax(network.tflite(network.reshape(network.input, (1, 6, 40))), "int32")
    )
    np.testing.assert_allclose(scores.reshape(-1, 40).sum(axis=1), 1 << 15, rtol=0.01)


def test_scores_of_a_softmax_to_int16_are_told_where_they_are():
    engine = build_engine(read_graph(with_wide_softmax(small(), "int32"), ""), "", "")
    assert "before SOFTMAX 1 x 5 int8" in engine.sources["engine.h"]
    assert "void kws_model_get_output(const kws_model* model, int32_t* values);" in engine.sources["engine.h"]
    assert {"softmax_s8", "ends"} <= set(engine.kernels)
    assert "ends" not in build_engine(read_graph(with_wide_softmax(small()), ""), "", "").kernels


def test_floats_beyond_all_steps_are_the_ends_of_the_range():
    """Where TFLite-Micro leaves it open: its cast to an integer is undefined there."""
    engine = NativeEngine(with_ends(small(), "float32", "float32"), "model", UNDEFINED_SANITIZER)
    (end,) = engine.inputs
    inside = NativeEngine(small(), "model")
    for value, step in ((1e30, 127), (np.inf, 127), (-1e30, -128), (-np.inf, -128), (np.nan, -128)):
        found = engine.run(np.full((1, end.count), value, np.float32))
        steps = inside.run(np.full((1, end.count), step, np.int8)).astype(np.float32)
        (result,) = engine.outputs
        expected = (steps - result.core.zero_point) * np.float32(result.core.scale)
        np.testing.assert_array_equal(found, expected)


def sum_of_two() -> bytes:
    network = Network((2, 8), 3)
    other = network.constant_input(np.ones((1, 2, 8), np.int8))
    total = network.add(network.input, other, 0.08, -7)
    return several(
        network.tflite(total),
        [other.index, network.input.index],
        [total.index, network.input.index],
        {"größe": other.index, "int": network.input.index, "sum": total.index},
    )


def test_several_inputs_and_outputs_by_name():
    tflite = sum_of_two()
    assert_same(tflite)
    engine = build_engine(read_graph(tflite, ""), "", "")
    assert [end.name for end in engine.inputs] == ["groe", "int"]
    assert [end.name for end in engine.outputs] == ["sum", "int"]
    header = engine.sources["engine.h"]
    for name in (
        "int8_t* kws_model_input_int(kws_model* model)",
        "const int8_t* kws_model_output_sum(const kws_model* model)",
    ):
        assert f"{name};" in header
    assert re.search("KWS_INPUT_GROE_BYTES = 16,.*KWS_OUTPUT_SUM_ZERO_POINT = -7", header, re.DOTALL)
    assert "kws_model_input(" not in engine.sources["engine.c"]


def test_dense_weights_take_no_more_rows_than_they_have():
    network, layers = Network((48,), 5), []
    for outputs in range(1, 10):
        weights = np.random.default_rng(outputs).integers(-128, 128, (outputs, 48), dtype=np.int8)
        layer = Weighted(weights, np.arange(outputs), np.full(outputs, 1e-4), 0.1, -9)
        layers.append(network.dense(network.input, layer))
    tflite = network.tflite(network.flat(layers))
    assert_same(tflite)
    source = build_engine(read_graph(tflite, ""), "", "").sources["engine.c"]
    sizes = re.findall(r"op_\d+_weights\[(\d+)\] =", source)
    assert [int(size) for size in sizes] == [48 * outputs for outputs in range(1, 10)]


_LIMIT = 2**31 - 1


@pytest.mark.parametrize("layer", ["dense", "convolution"])
def test_channels_that_are_dead_or_overflow(layer):
    """Sums that leave 32 bits wrap around in both engines, and a multiplier of 0 hides them."""
    rng = np.random.default_rng(4)
    weights = rng.integers(-128, 128, (8, 1, 1, 40), dtype=np.int8)
    weights[:3] = [[[0]]]
    weights[3] = 127
    bias = np.array([_LIMIT, -_LIMIT - 1, 0, _LIMIT, _LIMIT, -_LIMIT - 1, 10**9, 5])
    factors = np.array([1e-8, 1e-8, 1e-8, 1e-20, 1e-9, 3e-8, 1e-7, 1e-4])
    network = Network((1, 3, 40) if layer == "convolution" else (40,), 100)
    if layer == "dense":
        value = network.dense(network.input, Weighted(weights[:, 0, 0], bias, factors, 0.1, -9))
    else:
        value = network.convolve("CONV_2D", network.input, Weighted(weights, bias, factors, 0.1, -9))
    (found,) = assert_same(network.tflite(value))
    assert (found.reshape(-1, 8)[:, 3] == -9).all(), "the dead one"
