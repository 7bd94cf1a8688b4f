"""Blocks that operators move: as few calls as it takes, and each value at its place."""

import numpy as np
import pytest
from engine_batch import EngineBatch
from tflite_builder import Network

from codegen.engine import build_engine
from codegen.ops import generate
from train.core.errors import UserError
from train.tflite.graph import read_graph


def transposed(shape: tuple[int, ...], order: tuple[int, ...]) -> bytes:
    network = Network(shape[1:])
    inputs = [network.input, network.numbers(order)]
    output = tuple(shape[axis] for axis in order)
    value = network.op("TRANSPOSE", inputs, output, network.input, "TransposeOptions")
    return network.tflite(network.reshape(value, (1, int(np.prod(shape)))))


@pytest.mark.parametrize(
    ("shape", "order", "calls"),
    [
        ((1, 2, 3, 4, 5), (0, 1, 2, 3, 4), 0),
        ((1, 7, 1, 1, 5), (1, 0, 3, 4, 2), 0),  # only dimensions of 1 change their place
        ((1, 2, 3, 4, 5), (0, 3, 4, 1, 2), 1),
        ((1, 2, 3, 4, 5), (0, 4, 3, 2, 1), 1),
        ((1, 3, 2, 5, 4, 6), (5, 4, 3, 2, 1, 0), 2),  # one more than the kernel has
    ],
)
def test_calls(shape, order, calls):
    tflite = transposed(shape, order)
    graph = read_graph(tflite, "m")
    assert len(generate(graph, graph.ops[0], "m").calls) == calls
    values = np.arange(np.prod(shape)).astype(np.int8).reshape(shape)
    found = EngineBatch({"m": tflite}).run("m", values)
    np.testing.assert_array_equal(found.reshape(-1), values.transpose(order).reshape(-1))


@pytest.mark.parametrize(
    ("axis", "kernels"),
    [(1, ()), (2, ("copy_s8",))],  # rows one behind the other; side by side each is a run of its own
)
def test_one_run_needs_no_kernel(axis, kernels):
    network = Network((3, 20))
    doubled = tuple(2 * size if place == axis else size for place, size in enumerate((1, 3, 20)))
    both = network.op(
        "CONCATENATION", [network.input] * 2, doubled, network.input, "ConcatenationOptions", axis=axis
    )
    tflite = network.tflite(network.reshape(both, (1, 120)))
    graph = read_graph(tflite, "m")
    assert generate(graph, graph.ops[0], "m").kernels == kernels
    values = np.arange(60).astype(np.int8).reshape(1, 3, 20)
    found = EngineBatch({"m": tflite}).run("m", values)
    np.testing.assert_array_equal(found.reshape(-1), np.concatenate([values] * 2, axis).reshape(-1))


def test_too_many_calls_are_refused():
    tflite = transposed((1, *[5] * 7), (7, 6, 5, 4, 3, 2, 1, 0))
    with pytest.raises(
        UserError, match=r"op 0 TRANSPOSE: 7 dimensions in another order; .* 4 that are large"
    ):
        build_engine(read_graph(tflite, "m"), "// A test.", "m")
