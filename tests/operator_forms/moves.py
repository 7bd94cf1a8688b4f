"""Operators that move values and do not change them, and those that resize images."""

import math
from collections.abc import Callable

import numpy as np

from operator_forms.choices import begin, end, sizes


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
        parts = (
            [int(rng.integers(1, 4))] * count
            if name == "SPLIT"
            else list(map(int, rng.integers(1, 4, count)))
        )
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
