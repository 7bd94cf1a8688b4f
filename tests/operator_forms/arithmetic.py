"""Operators that compute with single values, with two, and with many."""

import math
from collections.abc import Callable

import numpy as np
from tflite_builder import Network

from operator_forms.choices import begin, end, near, quantization, scale, sizes, zero_point
from train.tflite.schema import schema


def unary(name: str, result: Callable, table: str | None = None, **options) -> Callable:
    """All values through an operator of one value.

    Args:
        result: from a generator and the input to the quantization of the output.
        options: from a generator to the value of each.
    """

    def form(rng: np.random.Generator) -> bytes:
        network = Network((256,), zero_point(rng), scale(rng))
        settings = {field: choose(rng) for field, choose in options.items()}
        result_of = result(rng, network.input)
        output = network.op(name, [network.input], (1, 256), result_of, table, **settings)
        return network.tflite(output)

    return form


def rsqrt(rng: np.random.Generator) -> bytes:
    network = Network((256,), -128, scale(rng))
    result = (network.input.scale**-0.5 * 2 ** rng.uniform(-11, -5), zero_point(rng))
    return network.tflite(network.op("RSQRT", [network.input], (1, 256), result))


def broadcast_shapes(rng: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that go together."""
    while True:
        whole = sizes(rng, most=4)
        shapes = []
        for _ in range(2):
            keep = rng.random(len(whole)) < rng.choice([0.5, 1])
            shape = tuple(n if kept else 1 for n, kept in zip(whole, keep, strict=True))
            shapes.append(shape[int(rng.integers(0, len(shape))) :] if rng.random() < 0.3 else shape)
        if max(map(math.prod, shapes)) > 1:
            return shapes[0], shapes[1]


def binary(name: str, table: str | None = None, same: bool = False) -> Callable:
    """Two inputs, of which one may be a constant, with broadcasting.

    Args:
        table: of the options, if the operator has a fused activation.
        same: whether all tensors have one quantization.
    """

    def form(rng: np.random.Generator) -> bytes:
        first, second = broadcast_shapes(rng)
        counts = math.prod(first), math.prod(second)
        network = Network((sum(counts),), *reversed(quantization(rng)))
        entry = network.input
        left, right = network.ops(
            "SPLIT_V",
            [entry, network.numbers(counts), network.numbers(1)],
            [(1, counts[0]), (1, counts[1])],
            entry,
            "SplitVOptions",
            numSplits=2,
        )
        left, right = network.reshape(left, first), network.reshape(right, second)
        if not same:  # another scale and zero point for the second
            right = network.op("QUANTIZE", [right], second, near(rng, entry), "QuantizeOptions")
        if rng.random() < 0.25:
            data = rng.integers(-128, 128, second, dtype=np.int8)
            right = network.constant_input(data, right.scale, right.zero_point)
        inputs = [left, right] if rng.random() < 0.7 or name == "PRELU" else [right, left]
        shape = np.broadcast_shapes(first, second)
        if name == "PRELU":
            left = inputs[0] = network.op(
                "BROADCAST_TO", [left, network.numbers(shape)], shape, left, "BroadcastToOptions"
            )
        largest = max(left.scale, right.scale)
        if name in ("MUL", "PRELU", "SQUARED_DIFFERENCE"):
            largest *= max(right.scale, 0.02)
        result = entry if same else (largest * 2 ** rng.uniform(-3, 3), zero_point(rng))
        options = {}
        if table:
            activation = str(rng.choice(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]))
            options["fusedActivationFunction"] = getattr(schema().ActivationFunctionType, activation)
        return end(network, network.op(name, inputs, shape, result, table, **options))

    return form


def reduction(name: str) -> Callable:
    """Any axes, also negative, twice the same, or none."""

    def form(rng: np.random.Generator) -> bytes:
        shape = sizes(rng)
        network, value = begin(rng, shape)
        rank = len(shape)
        axes = [int(axis) for axis in rng.integers(-rank, rank, int(rng.integers(1, rank + 1)))]
        keeps = bool(rng.integers(2))
        gone = {axis % rank for axis in axes}
        output = tuple(
            1 if axis in gone else size for axis, size in enumerate(shape) if keeps or axis not in gone
        )
        result = value if name.startswith("REDUCE") else near(rng, value)
        if name == "SUM":
            result = (result[0] * math.prod(shape) ** 0.5, result[1])
        inputs = [value, network.numbers(axes)]
        return end(network, network.op(name, inputs, output, result, "ReducerOptions", keepDims=keeps))

    return form


def l2_normalization(rng: np.random.Generator) -> bytes:
    shape = (*sizes(rng, most=3), int(rng.integers(1, 40)))
    network, value = begin(rng, shape)
    return end(network, network.op("L2_NORMALIZATION", [value], shape, (1 / 128, 0), "L2NormOptions"))
