"""What random forms are made of: shapes, scales, zero points, and a network around one operator."""

import math
from collections.abc import Sequence

import numpy as np
from tflite_builder import Network, Value

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


def near(rng: np.random.Generator, entry: Value) -> tuple[float, int]:
    """A scale from a hundredth to a hundred times that of the input, or the same; so with the zero point."""
    ratio = rng.choice([1, 2 ** rng.uniform(-7, 7)])
    return float(np.float32(entry.scale * ratio)), int(rng.choice([entry.zero_point, zero_point(rng)]))
