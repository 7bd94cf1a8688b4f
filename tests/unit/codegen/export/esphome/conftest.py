"""A run with a wake word of random weights, and its export."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_models import Chain

from train.core.spec import FrontEnd

sys.path.append(str(Path(__file__).parent))  # what these tests share
from wake_runs import WAKE, exported, write_run


def begun(front_end: FrontEnd = WAKE, seed: int = 3) -> Chain:
    """A network that takes features of a front end."""
    shape = (front_end.frames, front_end.bins, 1)
    return Chain(seed, shape, front_end.input_zero_point, front_end.feature_scale)


def wake_network(front_end: FrontEnd = WAKE, labels: int = 4, seed: int = 40) -> Chain:
    """As the network wake_word is, but smaller, up to its logits.

    Of this seed every layer has a bias, which TensorFlow Lite asks for.
    """
    chain = begun(front_end, seed)
    chain.bins_to_channels().convolve((5, 1), 8, stride=(3, 1), padding="VALID")
    chain.depthwise((5, 1), padding="VALID").convolve((1, 1), 8)
    return chain.depthwise((9, 1), padding="VALID").convolve((1, 1), 12).dense(labels)


@pytest.fixture(scope="session")
def wake_run(once: Callable[..., Path]) -> Path:
    """A run folder of two wake words."""
    folder = once("wake_run", lambda folder: write_run(folder / "run", wake_network().logistic().tflite()))
    return folder / "run"


@pytest.fixture(scope="session")
def wake_export(once: Callable[..., Path], wake_run: Path) -> Path:
    """Its export."""
    return once("wake_export", lambda folder: exported(wake_run, folder / "export")) / "export"


@pytest.fixture(scope="session")
def refused_runs(once: Callable[..., Path]) -> dict[str, Path]:
    """Runs that cannot be exported, by what is wrong with them."""
    padded = begun().convolve((5, 3), 4, stride=(2, 2)).mean().dense(4)
    networks = {
        "front end": (wake_network(FrontEnd("micro")).logistic(), FrontEnd("micro")),
        "softmax": (wake_network().softmax(), WAKE),
        "padding": (padded.logistic(), WAKE),
        "operator": (with_tanh().logistic(), WAKE),
        "bins": (None, dataclasses.replace(WAKE, feature_bin_count=32)),
    }

    def make(folder: Path) -> None:
        for name, (chain, front_end) in networks.items():
            chain = chain or wake_network(front_end).logistic()
            write_run(folder / name, chain.tflite(), front_end)

    folder = once("refused_wake_runs", make)
    return {name: folder / name for name in networks}


def with_tanh() -> Chain:
    """With an operator that ESPHome does not register."""
    chain = begun().bins_to_channels()
    chain.convolve((5, 1), 8, stride=(3, 1), padding="VALID").tanh()
    return chain.mean().dense(4)
