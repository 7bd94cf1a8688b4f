"""Random networks that go through every form of the hot kernels, and how their answers are judged."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from tflite_builder import INPUT_SCALE, Network, Value, Weighted

from train.tflite.tflm import TflmModel

BRANCHES = 8  # operators that one network shows side by side
_NOISE_RMS = 74  # of int8 values that are all as likely
_OUTPUT_RMS = 45  # such that some outputs meet the ends of int8
_MOST_INPUT_BYTES = 1500  # they go over an emulated serial line
_MOST_PRODUCTS = 60_000  # of one operator
_MOST_WEIGHTS = 12_000
_SCALE = 0.1  # of all outputs of a network; what matters are the factors that lead there
_RELU6_SCALE = 0.06  # of networks with RELU6, which then cuts off 100 steps above the zero point


class Oracle(TflmModel):
    """The interpreter with room to spare: in the arena that it reports it may lack a few bytes to start."""

    def __init__(self, tflite: bytes, where: str) -> None:
        super().__init__(tflite, where, arena_bytes=16 << 20)


def inputs_for(model: TflmModel, count: int) -> np.ndarray:
    """(count + 4, *input_shape) int8: noise, and the extremes."""
    size = int(np.prod(model.input_shape))
    noise = np.random.default_rng(2).integers(-128, 128, (count, size), dtype=np.int8)
    extremes = np.empty((4, size), np.int8)
    extremes[0], extremes[1] = -128, 127
    extremes[2] = np.where(np.arange(size) % 2, 127, -128)
    extremes[3] = -extremes[2] - 1
    return np.concatenate([noise, extremes]).reshape(-1, *model.input_shape)


def assert_equal(found: np.ndarray, expected: np.ndarray, where: str = "") -> None:
    """Every bit of every output, of outputs that depend on the inputs."""
    found, expected = (outputs.reshape(len(outputs), -1) for outputs in (found, expected))
    wrong = np.argwhere(found != expected)
    if len(wrong):
        row, column = wrong[0]
        raise AssertionError(
            f"{where}: {len(wrong)} of {expected.size} outputs differ, in inputs {sorted(set(wrong[:, 0]))}, "
            f"first output {column} of input {row}: {found[row, column]}, expected {expected[row, column]}; "
            f"outputs that differ: {sorted(set(wrong[:, 1]))[:20]}"
        )
    assert len(np.unique(expected, axis=0)) > 1, f"{where}: the test must not be blind to its inputs"


def random_weights(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """int8, noise or only extremes."""
    if rng.random() < 0.2:
        return rng.choice(np.array([-128, 127], np.int8), tuple(shape))
    return rng.integers(-128, 128, tuple(shape), dtype=np.int8)


def weighted(
    rng: np.random.Generator,
    weights: np.ndarray,
    axis: int,
    input_zero_point: int,
    zero_point: int,
    scale: float = _SCALE,
    kind: str = "plain",
) -> Weighted:
    """Weights with factors that spread the outputs over int8.

    Args:
        axis: of ``weights``, that of the output channels.
        kind: "plain"; "steep", factors over 1, which shift to the left; "large", sums about 2^30, where
            the shifts are too great for plain scaling and sums lie at the brink between two outputs.
    """
    channels = weights.shape[axis]
    of_channel = np.moveaxis(weights, axis, 0).reshape(channels, -1).astype(np.int64)
    rms = np.sqrt((of_channel**2).sum(axis=1).mean()) * _NOISE_RMS
    factors = np.full(channels, _OUTPUT_RMS / rms)
    if rng.random() < 0.7:
        factors *= 2 ** rng.uniform(-2, 2, channels)
    else:  # one scale for all
        factors = factors[:1]
    bias = np.rint(rng.normal(0, 0.5, channels) * rms)
    if kind == "steep":
        factors = rng.uniform(0.9, 5, len(factors))
        bias = input_zero_point * of_channel.sum(axis=1)
    if kind == "large":
        # 2^30 times the factor is some step and a half, within int8.
        steps = rng.integers(20, 60, len(factors)) + 0.5
        sums = rng.choice([-1, 1], channels) * rng.uniform(0.98, 1.02, channels) * 2.0**30
        factors = steps / np.abs(sums[: len(factors)])
        near = np.round(sums * factors - 0.5) + 0.5
        bias = np.rint(near / factors) + input_zero_point * of_channel.sum(axis=1)
        bias = np.clip(bias, -(2**30) * 1.3, 2**30 * 1.3)
    has_bias = kind == "large" or rng.random() < 0.9
    return Weighted(weights, bias.astype(np.int64) if has_bias else None, factors, scale, zero_point)


def _zero_points(rng: np.random.Generator) -> tuple[int, int]:
    """Of input and outputs; -128 is what rectifies."""
    choices = (-128, 127, 0, int(rng.integers(-128, 128)))
    return int(rng.choice(choices)), -128 if rng.random() < 0.4 else int(rng.choice(choices))


def _kind(rng: np.random.Generator) -> str:
    return str(rng.choice(["plain", "steep", "large"], p=[0.7, 0.1, 0.2]))


def random_convolutions(seed: int) -> bytes:
    """An image and convolutions of it, of any size, stride, dilation, padding, grouping and scaling."""
    rng = np.random.default_rng(seed)
    while True:
        height, width = int(rng.integers(1, 12)), int(rng.integers(1, 26))
        width = 1 if rng.random() < 0.15 else width
        depth = int(rng.choice([*range(1, 21), 64]))
        if height * width * depth <= _MOST_INPUT_BYTES:
            break
    input_zero_point, zero_point = _zero_points(rng)
    has_relu6 = rng.random() < 0.3
    scale = _RELU6_SCALE if has_relu6 else _SCALE
    network = Network((height, width, depth), input_zero_point)
    results: list[Value] = []
    while len(results) < BRANCHES:
        taps = (int(rng.integers(1, 11)), int(rng.integers(1, 9)))
        if rng.random() < 0.5:
            taps = (min(taps[0], 3), min(taps[1], 3))
        if width == 1:
            taps = (taps[0], 1)
        if rng.random() < 0.15:
            taps = (1, 1)
        stride, dilation = (1, 1), (1, 1)
        if rng.random() < 0.5:
            stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
        if rng.random() < 0.3:
            dilation = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
        window = [(n - 1) * spread + 1 for n, spread in zip(taps, dilation, strict=True)]
        fits = window[0] <= height and window[1] <= width
        padding = "VALID" if fits and rng.random() < 0.5 else "SAME"
        if rng.random() < 0.35:
            name, count = "DEPTHWISE_CONV_2D", depth * int(rng.choice([1, 1, 2, 8]))
            shape, axis = (1, *taps, count), 3
        else:
            groups = int(rng.choice([n for n in range(1, depth + 1) if depth % n == 0 and n <= 8]))
            groups = groups if rng.random() < 0.4 else 1
            name, count = "CONV_2D", groups * int(rng.integers(1, 2 + 20 // groups))
            count = 64 if groups == 1 and rng.random() < 0.05 else count
            shape, axis = (count, *taps, depth // groups), 0
        places = -(-height // stride[0]) * -(-width // stride[1])
        products = math.prod(shape) * places
        if products > _MOST_PRODUCTS or math.prod(shape) > _MOST_WEIGHTS:
            continue
        layer = weighted(
            rng, random_weights(rng, shape), axis, input_zero_point, zero_point, scale, kind=_kind(rng)
        )
        activation = str(rng.choice(["NONE", "RELU", "RELU6"] if has_relu6 else ["NONE", "RELU"]))
        results.append(
            network.convolve(
                name,
                network.input,
                layer,
                stride=stride,
                dilation=dilation,
                padding=padding,
                activation=activation,
            )
        )
    return network.tflite(network.flat(results))


def random_dense(seed: int) -> bytes:
    """Values and dense layers of them, in one row and in several."""
    rng = np.random.default_rng(seed)
    size = int(rng.choice([int(rng.integers(1, 300)), 16 * int(rng.integers(1, 20)), 17 * 12]))
    input_zero_point, zero_point = _zero_points(rng)
    network = Network((size,), input_zero_point)
    divisors = [n for n in range(1, size + 1) if size % n == 0]
    results = []
    for branch in range(BRANCHES):
        rows = int(rng.choice(divisors)) if branch else 1
        outputs = int(rng.integers(1, 21))
        layer = weighted(
            rng,
            random_weights(rng, (outputs, size // rows)),
            0,
            input_zero_point,
            zero_point,
            kind=_kind(rng),
        )
        value = network.reshape(network.input, (rows, size // rows))
        results.append(network.dense(value, layer, str(rng.choice(["NONE", "RELU"]))))
    return network.tflite(network.flat(results))


def random_pools(seed: int) -> bytes:
    """An image and poolings of it."""
    rng = np.random.default_rng(seed)
    height, width, depth = (int(n) for n in rng.integers((1, 1, 1), (12, 16, 9)))
    network = Network((height, width, depth), int(rng.integers(-128, 128)))
    results = []
    for _ in range(BRANCHES):
        window = (int(rng.integers(1, height + 1)), int(rng.integers(1, width + 1)))
        stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
        name = str(rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
        padding = str(rng.choice(["SAME", "VALID"]))
        results.append(network.pool(name, network.input, window, stride, padding))
    return network.tflite(network.flat(results))


def random_sums(seed: int) -> bytes:
    """An image and what is added to it: of any scale, of the same one, or one place for the whole image."""
    rng = np.random.default_rng(seed)
    height, width, depth = (int(n) for n in rng.integers((1, 1, 1), (8, 8, 12)))
    input_zero_point, zero_point = _zero_points(rng)
    network = Network((height, width, depth), input_zero_point)
    results = []
    for _ in range(BRANCHES):
        ratio = float(rng.choice([1, 2, 0.5, 2 ** rng.uniform(-9, 9)]))
        weights = random_weights(rng, (depth, 1, 1, depth))
        layer = weighted(rng, weights, 0, input_zero_point, int(rng.integers(-128, 128)), INPUT_SCALE * ratio)
        other = network.convolve("CONV_2D", network.input, layer)
        if rng.random() < 0.3:
            other = network.pool("AVERAGE_POOL_2D", other, (height, width), (1, 1), "VALID")
        terms = [network.input, other] if rng.random() < 0.5 else [other, network.input]
        activation = str(rng.choice(["NONE", "RELU", "RELU6"]))
        results.append(network.add(*terms, _SCALE, zero_point, activation))
    return network.tflite(network.flat(results))


class Chain:
    """Layers one after the other: outputs come to lie over inputs, and tiles meet what tiles wrote."""

    def __init__(
        self, seed: int, shape: Sequence[int], zero_point: int = 0, scale: float = INPUT_SCALE
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._network = Network(shape, zero_point, scale)
        self.value = self._network.input

    def convolve(self, taps: tuple[int, int], filters: int, rectified: bool = True, **options) -> "Chain":
        return self._convolve(
            "CONV_2D", (filters, *taps, self.value.shape[3]), 0, rectified=rectified, **options
        )

    def depthwise(self, taps: tuple[int, int], multiplier: int = 1, **options) -> "Chain":
        return self._convolve("DEPTHWISE_CONV_2D", (1, *taps, multiplier * self.value.shape[3]), 3, **options)

    def pool(self, name: str, window: tuple[int, int]) -> "Chain":
        self.value = self._network.pool(name, self.value, window, window, "VALID")
        return self

    def bins_to_channels(self) -> "Chain":
        """(height, width, channels) to (height, 1, width * channels)."""
        height, width, channels = self.value.shape[1:]
        self.value = self._network.reshape(self.value, (1, height, 1, width * channels))
        return self

    def residual(self, taps: tuple[int, int]) -> "Chain":
        """A depthwise convolution and one that mixes the channels, and the way around both."""
        around = self.value
        self.depthwise(taps).convolve((1, 1), around.shape[3], rectified=False)
        self.value = self._network.add(around, self.value, 1.5 * INPUT_SCALE, -128, "RELU")
        return self

    def dense(self, outputs: int) -> "Chain":
        flat = self._network.reshape(self.value, (1, math.prod(self.value.shape)))
        weights = self._rng.integers(-127, 128, (outputs, flat.shape[1]), dtype=np.int8)
        layer = weighted(self._rng, weights, 0, self.value.zero_point, 0, scale=INPUT_SCALE)
        self.value = self._network.dense(flat, layer)
        return self

    def softmax(self) -> "Chain":
        self.value = self._network.softmax(self.value)
        return self

    def logistic(self) -> "Chain":
        self.value = self._network.op("LOGISTIC", [self.value], self.value.shape, (1 / 256, -128))
        return self

    def tanh(self) -> "Chain":
        self.value = self._network.op("TANH", [self.value], self.value.shape, (1 / 128, 0))
        return self

    def mean(self) -> "Chain":
        """Over all places, as one row."""
        axes, shape = self._network.numbers([1, 2]), (1, self.value.shape[3])
        self.value = self._network.op(
            "MEAN", [self.value, axes], shape, self.value, "ReducerOptions", keepDims=False
        )
        return self

    def tflite(self) -> bytes:
        return self._network.tflite(self.value)

    def _convolve(
        self, name: str, shape: tuple[int, ...], axis: int, rectified: bool = True, **options
    ) -> "Chain":
        weights = self._rng.integers(-127, 128, shape, dtype=np.int8)
        zero_point, activation = (-128, "RELU") if rectified else (-3, "NONE")
        layer = weighted(self._rng, weights, axis, self.value.zero_point, zero_point, scale=INPUT_SCALE)
        self.value = self._network.convolve(name, self.value, layer, activation=activation, **options)
        return self


def tiny_conv(seed: int = 1) -> bytes:
    """49 x 43 features, 8 filters of 10 x 8 every second place, 4 scores."""
    return Chain(seed, (49, 43, 1), -128).convolve((10, 8), 8, stride=(2, 2)).dense(4).softmax().tflite()


def separable(seed: int = 1, channels: int = 24, blocks: int = 2) -> bytes:
    """A small network of depthwise-separable convolutions, as keyword spotting uses them."""
    chain = Chain(seed, (24, 10, 1), -128).convolve((10, 4), channels, stride=(2, 2))
    for _ in range(blocks):
        chain = chain.depthwise((3, 3)).convolve((1, 1), channels)
    return chain.pool("AVERAGE_POOL_2D", (12, 5)).dense(12).softmax().tflite()


def spectro_temporal(seed: int = 1, channels: int = 20, blocks: int = 2) -> bytes:
    """Small convolutions over time and frequency, then residual ones over time alone."""
    chain = Chain(seed, (32, 16, 1), -128).convolve((5, 5), 8, stride=(1, 2))
    chain = chain.depthwise((3, 3)).convolve((1, 1), 10).pool("MAX_POOL_2D", (2, 2))
    chain = chain.bins_to_channels().convolve((1, 1), channels)
    for _ in range(blocks):
        chain = chain.residual((9, 1))
    return chain.pool("AVERAGE_POOL_2D", (16, 1)).dense(12).softmax().tflite()


def one_layer(
    kind: str, image: tuple[int, int, int], taps: tuple[int, int], outputs: int, **more: Any
) -> bytes:
    """A convolution with plain scales, rectified where it has an odd number of outputs."""
    rng = np.random.default_rng(outputs)
    network = Network(image, 3)
    depth = image[2] if kind == "CONV_2D" else 1
    filters = rng.integers(-128, 128, (outputs, *taps, depth), dtype=np.int8)
    if is_depthwise := kind != "CONV_2D":
        filters = np.moveaxis(filters, 0, 3).reshape(1, *taps, outputs)
    layer = weighted(rng, filters, 3 if is_depthwise else 0, 3, -128 if outputs % 2 else 5)
    return network.tflite(network.convolve(kind, network.input, layer, **more))
