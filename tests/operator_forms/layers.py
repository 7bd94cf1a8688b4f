"""Operators with weights, and those with state."""

import numpy as np
from tflite_builder import Value

from operator_forms.choices import begin, end, scale, zero_point
from train.tflite.schema import schema


def transpose_conv(rng: np.random.Generator) -> bytes:
    """Filters smaller and larger than the stride, with and without padding, scales and biases."""
    height, width, depth, channels = (int(n) for n in rng.integers(1, 6, 4))
    taps, stride = rng.integers(1, 5, 2), rng.integers(1, 4, 2)
    padding = str(rng.choice(["SAME", "VALID"]))
    size = [
        int(n * step - rng.integers(0, step) if padding == "SAME" else (n - 1) * step + tap)
        for n, tap, step in zip((height, width), taps, stride, strict=True)
    ]
    network, value = begin(rng, (1, height, width, depth))
    data = rng.integers(-127, 128, (channels, *taps, depth), dtype=np.int8)
    result = (0.1, zero_point(rng))
    spread = result[0] / (30 * 74 * (depth * taps.prod()) ** 0.5 * value.scale)
    weights = network.constant_input(data, spread)
    if rng.random() < 0.5:
        network.scale_each(weights, spread * 2 ** rng.uniform(-1, 1, channels))
    inputs = [network.numbers([1, *size, channels]), weights, value]
    if rng.random() < 0.7:
        inputs.append(network.numbers(rng.integers(-20_000, 20_000, channels)))
    activation = str(rng.choice(["NONE", "RELU", "RELU6"]))
    options = {
        "padding": getattr(schema().Padding, padding),
        "strideH": int(stride[0]),
        "strideW": int(stride[1]),
        "fusedActivationFunction": getattr(schema().ActivationFunctionType, activation),
    }
    shape = (1, *size, channels)
    return end(
        network, network.op("TRANSPOSE_CONV", inputs, shape, result, "TransposeConvOptions", **options)
    )


def batch_matmul(rng: np.random.Generator) -> bytes:
    """Either side transposed, batches repeated; the second is made of the first, or a constant."""
    rows, columns, depth = (int(n) for n in rng.integers(1, 6, 3))
    batch = tuple(int(n) for n in rng.integers(1, 4, int(rng.integers(0, 3))))
    flips = [bool(n) for n in rng.integers(2, size=2)]
    left = (*batch, depth, rows) if flips[0] else (*batch, rows, depth)
    network, value = begin(rng, left)
    matrix = (columns, depth) if flips[1] else (depth, columns)
    other = network.constant_input(
        rng.integers(-128, 128, (*(n if rng.random() < 0.5 else 1 for n in batch), *matrix), dtype=np.int8),
        scale(rng),
        zero_point(rng),
    )
    if rng.random() < 0.5:
        other = network.op("ABS", [other], other.shape, other, "AbsOptions")
    result = (value.scale * other.scale * 40 * depth**0.5 * 2 ** rng.uniform(-1, 4), zero_point(rng))
    options = {"adjX": flips[0], "adjY": flips[1]}
    inputs, shape = [value, other], (*batch, rows, columns)
    return end(network, network.op("BATCH_MATMUL", inputs, shape, result, "BatchMatMulOptions", **options))


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
        rng.integers(-127, 128, (filters, count), dtype=np.int8),
        spread / (74 * 74 * count**0.5 * value.scale),
    )
    limit = np.iinfo(dtype).max
    times = rng.integers(-limit, limit + 1, (filters, memory)).astype(dtype)
    time = network.constant_input(times, 1 / limit)
    bias = network.constant_input(rng.integers(-3000, 3000, units).astype(np.int32), state.scale * time.scale)
    output = (spread * (rank * memory) ** 0.5 / 100, zero_point(rng))
    inputs = [value, feature, time, bias, state]
    return end(network, network.op("SVDF", inputs, (batches, units), output, "SVDFOptions", rank=rank))
