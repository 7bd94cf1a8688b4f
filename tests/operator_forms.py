"""Random forms of operators, each a .tflite of one operator: shapes, axes, scales, zero points.

Each function takes a random generator and gives a file. Scales are rarely what a converter would
choose: far apart, so that results saturate, or alike.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from tflite_builder import Network, Value

from train.tflite.schema import schema

ALL_VALUES = np.arange(-128, 128).astype(np.int8).reshape(1, 16, 16)
ZERO_POINTS = (-128, 127, 0, -3, 45)


def scale(rng: np.random.Generator) -> float:
    return float(np.float32(rng.choice([1.0, 0.05, 1 / 128, 1 / 256, 2 ** rng.uniform(-9, 3)])))


def zero_point(rng: np.random.Generator) -> int:
    return int(rng.choice(ZERO_POINTS))


def quantization(rng: np.random.Generator) -> tuple[float, int]:
    return scale(rng), zero_point(rng)


def sizes(rng: np.random.Generator, least: int = 1, most: int = 5) -> tuple[int, ...]:
    """A shape of ``least`` to ``most`` dimensions."""
    return tuple(int(n) for n in rng.choice([1, 2, 3, 4, 5], int(rng.integers(least, most + 1))))


def begin(rng: np.random.Generator, shape: Sequence[int]) -> tuple[Network, Value]:
    """A network whose input is seen as ``shape``."""
    network = Network((math.prod(shape),), zero_point(rng), scale(rng))
    return network, network.reshape(network.input, tuple(shape))


def end(network: Network, value: Value) -> bytes:
    return network.tflite(network.reshape(value, (1, math.prod(value.shape))))


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


def near(rng: np.random.Generator, entry: Value) -> tuple[float, int]:
    """A scale from a hundredth to a hundred times that of the input, or the same; so with the zero point."""
    ratio = rng.choice([1, 2 ** rng.uniform(-7, 7)])
    return float(np.float32(entry.scale * ratio)), int(rng.choice([entry.zero_point, zero_point(rng)]))


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


def transpose(rng: np.random.Generator) -> bytes:
    shape = sizes(rng)
    network, value = begin(rng, shape)
    order = [int(axis) for axis in rng.permutation(len(shape))]
    output = tuple(shape[axis] for axis in order)
    inputs = [value, network.numbers(order)]
    return end(network, network.op("TRANSPOSE", inputs, output, value, "TransposeOptions"))


def expand_and_squeeze(rng: np.random.Generator) -> bytes:
    shape = sizes(rng, most=4)
    network, value = begin(rng, shape)
    axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
    wide = list(shape)
    wide.insert(axis if axis >= 0 else len(shape) + 1 + axis, 1)
    inputs = [value, network.numbers(axis)]
    value = network.op("EXPAND_DIMS", inputs, wide, value, "ExpandDimsOptions")
    value = network.op("REVERSE_V2", [value, network.numbers([0])], wide, value, "ReverseV2Options")
    narrow = [size for size in wide if size > 1] if rng.random() < 0.5 else shape
    dims = [] if len(narrow) < len(shape) else [axis]
    value = network.op("SQUEEZE", [value], narrow, value, "SqueezeOptions", squeezeDims=dims)
    return end(network, value)


def split(name: str) -> Callable:
    """The parts come together again in the opposite order."""

    def form(rng: np.random.Generator) -> bytes:
        shape = list(sizes(rng))
        rank = len(shape)
        axis = int(rng.integers(-rank, rank))
        count = int(rng.integers(1, 4))
        parts = [int(rng.integers(1, 4))] * count if name == "SPLIT" else list(map(int, rng.integers(1, 4, count)))
        shape[axis] = 1 if name == "UNPACK" else sum(parts)
        if name == "UNPACK":
            shape[axis] = count
        network, value = begin(rng, shape)
        at = network.numbers(axis if rng.random() < 0.5 else [axis])
        if name == "UNPACK":
            outputs = [[size for i, size in enumerate(shape) if i != axis % rank]] * count
            made = network.ops(name, [value], outputs, value, "UnpackOptions", num=count, axis=axis)
        else:
            outputs = [[*shape] for _ in parts]
            for output, part in zip(outputs, parts, strict=True):
                output[axis] = part
            inputs = [at, value] if name == "SPLIT" else [value, network.numbers(parts), at]
            table = "SplitOptions" if name == "SPLIT" else "SplitVOptions"
            made = network.ops(name, inputs, outputs, value, table, numSplits=count)
        rows = [network.reshape(part, (1, math.prod(part.shape))) for part in reversed(made)]
        joined = (1, sum(row.shape[1] for row in rows))
        return network.tflite(
            network.op("CONCATENATION", rows, joined, value, "ConcatenationOptions", axis=-1)
        )

    return form


def pack(rng: np.random.Generator) -> bytes:
    shape = sizes(rng, most=4)
    network, value = begin(rng, shape)
    rank, count = len(shape) + 1, int(rng.integers(1, 4))
    axis = int(rng.integers(-rank, rank))
    backwards = network.op("REVERSE_V2", [value, network.numbers([0])], shape, value, "ReverseV2Options")
    constant = network.constant_input(
        rng.integers(-128, 128, shape, dtype=np.int8), value.scale, value.zero_point
    )
    inputs = [value, backwards, constant][:count]
    output = [*shape]
    output.insert(axis % rank, count)
    return end(
        network, network.op("PACK", inputs, output, value, "PackOptions", valuesCount=count, axis=axis)
    )


def slices(rng: np.random.Generator) -> bytes:
    shape = sizes(rng)
    network, value = begin(rng, shape)
    begins = [int(rng.integers(size)) for size in shape]
    counts = [int(rng.integers(1, size - at + 1)) for size, at in zip(shape, begins, strict=True)]
    inputs = [value, network.numbers(begins), network.numbers(counts)]
    return end(network, network.op("SLICE", inputs, counts, value, "SliceOptions"))


def pads(rng: np.random.Generator) -> bytes:
    shape = sizes(rng)
    network, value = begin(rng, shape)
    paddings = rng.integers(0, 3, (len(shape), 2)) * (rng.random((len(shape), 1)) < 0.7)
    output = [size + int(pair.sum()) for size, pair in zip(shape, paddings, strict=True)]
    inputs = [value, network.numbers(paddings)]
    if rng.random() < 0.3:
        return end(network, network.op("PAD", inputs, output, value, "PadOptions"))
    constant = rng.integers(-128, 128, rng.choice([0, 1]) * (1,), dtype=np.int8)
    inputs.append(network.constant_input(np.int8(constant), value.scale, value.zero_point))
    return end(network, network.op("PADV2", inputs, output, value, "PadV2Options"))


def mirror_pad(rng: np.random.Generator) -> bytes:
    shape = tuple(int(n) for n in rng.integers(2, 5, int(rng.integers(1, 5))))
    network, value = begin(rng, shape)
    mode = int(rng.integers(2))
    first = int(rng.integers(len(shape)))
    paddings = np.zeros((len(shape), 2), int)
    for axis in range(first, min(first + int(rng.integers(1, 3)), len(shape))):
        paddings[axis] = rng.integers(0, shape[axis] + mode, 2)
    output = [size + int(pair.sum()) for size, pair in zip(shape, paddings, strict=True)]
    inputs = [value, network.numbers(paddings)]
    return end(network, network.op("MIRROR_PAD", inputs, output, value, "MirrorPadOptions", mode=mode))


def gather(rng: np.random.Generator) -> bytes:
    shape = sizes(rng)
    network, value = begin(rng, shape)
    axis = int(rng.integers(-len(shape), len(shape)))
    indices = rng.integers(0, shape[axis], sizes(rng, 1, 2))
    at = axis % len(shape)
    output = (*shape[:at], *indices.shape, *shape[at + 1 :])
    inputs = [value, network.numbers(indices)]
    return end(network, network.op("GATHER", inputs, output, value, "GatherOptions", axis=axis))


def broadcast_to(rng: np.random.Generator) -> bytes:
    shape = sizes(rng)
    network, value = begin(rng, shape)
    output = [int(rng.integers(1, 4)) if size == 1 else size for size in shape]
    output = [2] * int(rng.integers(0, 6 - len(shape))) + output
    inputs = [value, network.numbers(output)]
    return end(network, network.op("BROADCAST_TO", inputs, output, value, "BroadcastToOptions"))


def reverse(rng: np.random.Generator) -> bytes:
    shape = sizes(rng)
    network, value = begin(rng, shape)
    first = int(rng.integers(len(shape)))
    axes = list(range(first, int(rng.integers(first, len(shape))) + 1))  # TFLite-Micro wants neighbours
    inputs = [value, network.numbers(axes)]
    return end(network, network.op("REVERSE_V2", inputs, shape, value, "ReverseV2Options"))


def blocks(name: str) -> Callable:
    def form(rng: np.random.Generator) -> bytes:
        batch, rows, columns, channels, size = (int(n) for n in rng.integers(1, 4, 5))
        large = (batch, rows * size, columns * size, channels)
        small = (batch, rows, columns, channels * size * size)
        shapes = (large, small) if name == "SPACE_TO_DEPTH" else (small, large)
        network, value = begin(rng, shapes[0])
        table = "SpaceToDepthOptions" if name == "SPACE_TO_DEPTH" else "DepthToSpaceOptions"
        return end(network, network.op(name, [value], shapes[1], value, table, blockSize=size))

    return form


def resize(name: str) -> Callable:
    """Larger and smaller, by any factor."""

    def form(rng: np.random.Generator) -> bytes:
        shape = tuple(int(n) for n in rng.integers((1, 1, 1, 1), (3, 9, 9, 4)))
        network, value = begin(rng, shape)
        height, width = (int(n) for n in rng.integers(1, 20, 2))
        mode = str(rng.choice(["", "alignCorners", "halfPixelCenters"]))
        both = name.endswith("NEIGHBOR") and rng.random() < 0.2
        options = {m: True for m in (mode, *(["alignCorners", "halfPixelCenters"] if both else [])) if m}
        table = "ResizeNearestNeighborOptions" if name.endswith("NEIGHBOR") else "ResizeBilinearOptions"
        inputs = [value, network.numbers([height, width])]
        output = (shape[0], height, width, shape[3])
        return end(network, network.op(name, inputs, output, value, table, **options))

    return form


def lstm(rng: np.random.Generator) -> bytes:
    """Time first or batches first, several of both; cells that saturate, and clipped ones."""
    batches, steps, inputs, units = (int(n) for n in rng.integers((1, 1, 1, 1), (4, 6, 20, 19)))
    is_time_major = bool(rng.integers(2))
    shape = (steps, batches, inputs) if is_time_major else (batches, steps, inputs)
    network, value = begin(rng, shape)
    output = (float(rng.choice([1 / 128, 0.005, 0.02])), int(rng.choice([0, -4, -128, 127])))
    spread = float(rng.choice([0.5, 3, 40]))  # of what goes into a gate

    def weights(values: int, from_scale: float) -> Value:
        data = rng.integers(-127, 128, (units, values), dtype=np.int8)
        return network.constant_input(data, spread / (74 * 74 * values**0.5 * from_scale))

    to_gates = [weights(inputs, value.scale) for _ in range(4)]
    between = [weights(units, output[0]) for _ in range(4)]
    biases = [network.numbers(rng.integers(-9000, 9000, units)) for _ in range(4)]
    cells = 2.0 ** int(rng.integers(-15, -7))
    states = [
        network.state((batches, units), *output),
        network.state((batches, units), cells, dtype="int16"),
    ]
    inputs = [value, *to_gates, *between, *[None] * 3, *biases, *[None] * 2, *states, *[None] * 4]
    result = network.op(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        inputs,
        (*shape[:2], units),
        output,
        "UnidirectionalSequenceLSTMOptions",
        timeMajor=is_time_major,
        cellClip=float(rng.choice([0, 0, 1.5, 1e6])),
        fusedActivationFunction=schema().ActivationFunctionType.TANH,
    )
    return end(network, result)


def svdf(rng: np.random.Generator) -> bytes:
    """A state of int8 or int16, any rank and memory."""
    batches, count, units, rank, memory = (int(n) for n in rng.integers((1, 1, 1, 1, 1), (3, 30, 8, 4, 12)))
    filters = units * rank
    network, value = begin(rng, (batches, count))
    dtype = str(rng.choice(["int8", "int16"]))
    state = network.state(
        (batches, filters * memory),
        float(rng.choice([0.02, 1])) / (1 if dtype == "int8" else 256),
        int(rng.integers(-128, 128)) if dtype == "int8" else 0,
        dtype,
    )
    spread = state.scale * (60 if dtype == "int8" else 15_000) * float(rng.choice([1, 1, 4]))
    feature = network.constant_input(
        rng.integers(-127, 128, (filters, count), dtype=np.int8), spread / (74 * 74 * count**0.5 * value.scale)
    )
    limit = np.iinfo(dtype).max
    times = rng.integers(-limit, limit + 1, (filters, memory)).astype(dtype)
    time = network.constant_input(times, 1 / limit)
    bias = network.constant_input(rng.integers(-3000, 3000, units).astype(np.int32), state.scale * time.scale)
    output = (spread * (rank * memory) ** 0.5 / 100, zero_point(rng))
    inputs = [value, feature, time, bias, state]
    return end(network, network.op("SVDF", inputs, (batches, units), output, "SVDFOptions", rank=rank))


Forms = dict[str, Callable[[np.random.Generator], bytes]]

GROUPS: dict[str, Forms] = {
    "one value": {
        "TANH": unary("TANH", lambda rng, entry: (1 / 128, 0)),
        "LEAKY_RELU": unary(
            "LEAKY_RELU", near, "LeakyReluOptions", alpha=lambda rng: float(rng.choice([0, 0.01, 0.3, 1, 2.5]))
        ),
        "ABS": unary("ABS", near, "AbsOptions"),
        "ELU": unary("ELU", near),
    },
    "two values": {
        "SUB": binary("SUB", "SubOptions"),
        "SQUARED_DIFFERENCE": binary("SQUARED_DIFFERENCE"),
        "MAXIMUM": binary("MAXIMUM", same=True),
        "MINIMUM": binary("MINIMUM", same=True),
        "PRELU": binary("PRELU"),
        "ADD": binary("ADD", "AddOptions"),
        "MUL": binary("MUL", "MulOptions"),
    },
    "many values": {
        "REDUCE_MAX": reduction("REDUCE_MAX"),
        "REDUCE_MIN": reduction("REDUCE_MIN"),
        "MEAN": reduction("MEAN"),
        "SUM": reduction("SUM"),
    },
    "moved": {
        "TRANSPOSE": transpose,
        "EXPAND_DIMS, SQUEEZE": expand_and_squeeze,
        "SPLIT": split("SPLIT"),
        "SPLIT_V": split("SPLIT_V"),
        "UNPACK": split("UNPACK"),
        "PACK": pack,
        "SLICE": slices,
        "PAD, PADV2": pads,
        "BROADCAST_TO": broadcast_to,
        "REVERSE_V2": reverse,
        "SPACE_TO_DEPTH": blocks("SPACE_TO_DEPTH"),
        "DEPTH_TO_SPACE": blocks("DEPTH_TO_SPACE"),
    },
    "picked": {
        "MIRROR_PAD": mirror_pad,
        "GATHER": gather,
        "RESIZE_NEAREST_NEIGHBOR": resize("RESIZE_NEAREST_NEIGHBOR"),
        "RESIZE_BILINEAR": resize("RESIZE_BILINEAR"),
    },
    "with state": {"UNIDIRECTIONAL_SEQUENCE_LSTM": lstm, "SVDF": svdf},
}
