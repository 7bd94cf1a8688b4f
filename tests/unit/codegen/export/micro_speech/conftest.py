"""Networks for 49 x 40 features, with random weights."""

import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tflite_builder import Network, Value, Weighted

from train.core.spec import FrontEnd

sys.path.append(str(Path(__file__).parent))  # what these tests share
from micro_runs import exported, write_run

MICRO = FrontEnd("micro")


def convolved(net: Network, value: Value, filters: int, name: str = "CONV_2D") -> Value:
    """8 x 10 of stride 2 over all channels, or over each."""
    rng = np.random.default_rng(filters)
    channels = value.shape[3]
    shape = (filters, 10, 8, channels) if name == "CONV_2D" else (1, 10, 8, filters)
    weights = rng.integers(-127, 128, shape, dtype=np.int8)
    factors = rng.uniform(1e-4, 1e-3, filters) / channels
    weighted = Weighted(weights, rng.integers(-9999, 9999, filters), factors, 0.1, -128)
    return net.convolve(name, value, weighted, stride=(2, 2), activation="RELU")


def classified(net: Network, value: Value) -> bytes:
    """A dense layer of four labels on top."""
    rng = np.random.default_rng(4)
    flat = net.reshape(value, (1, math.prod(value.shape)))
    weights = rng.integers(-127, 128, (4, flat.shape[1]), dtype=np.int8)
    weighted = Weighted(weights, rng.integers(-9999, 9999, 4), np.array(1e-3), 0.1, 0)
    return net.tflite(net.softmax(net.dense(flat, weighted)))


def network(front_end: FrontEnd = MICRO) -> Network:
    """One that is begun: its input are features of a front end."""
    shape = (front_end.frames, front_end.bins, 1)
    return Network(shape, zero_point=front_end.input_zero_point, scale=front_end.feature_scale)


@pytest.fixture(scope="session")
def tiny_conv() -> bytes:
    """As upstream's own model but for its first operator, which is a CONV_2D."""
    net = network()
    return classified(net, convolved(net, net.input, 8))


@pytest.fixture(scope="session")
def of_average() -> bytes:
    """For the features of the front end ``average``."""
    net = network(FrontEnd())
    return classified(net, convolved(net, net.input, 8))


@pytest.fixture(scope="session")
def two_convolutions() -> bytes:
    """The second reads eight channels."""
    net = network()
    return classified(net, convolved(net, convolved(net, net.input, 8), 4))


@pytest.fixture(scope="session")
def reshaped_first() -> bytes:
    """It begins with a RESHAPE, and its convolution is a depthwise one."""
    net = network()
    rows = net.reshape(net.input, (1, 40, 49, 1))
    return classified(net, convolved(net, rows, 8, "DEPTHWISE_CONV_2D"))


@pytest.fixture(scope="session")
def folders(once: Callable[..., Path], tiny_conv: bytes, two_convolutions: bytes) -> dict[str, Path]:
    """Exports of a network that the example's programs run, and of one that they do not."""
    networks = {"fits": tiny_conv, "needs_more": two_convolutions}

    def make(folder: Path) -> None:
        for name, tflite in networks.items():
            exported(write_run(folder / name / "run", tflite), folder / name / "export")

    folder = once("micro_speech_exports", make)
    return {name: folder / name / "export" for name in networks}
