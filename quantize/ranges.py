"""Which range each activation gets: as narrow as serves the scores best.

Calibration records the smallest and largest value of every activation. Taken as they
are, one loud clip decides the step size for all others: with the linear ``average``
front end that cost 8 points of accuracy (docs/adr/0004-ranges.md). So ranges are
narrowed, one end at a time, as long as the int8 scores come closer to the float ones.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from train.core.spec import FrontEnd
from train.tflite.reader import read_model
from train.tflite.schema import IDENTIFIER

# Each trial leaves one end of a range at this share of what calibration saw. All are tried:
# the loss has more than one valley.
_SHARES = (
    1.0,
    0.85,
    0.7,
    0.6,
    0.5,
    0.42,
    0.35,
    0.3,
    0.25,
    0.21,
    0.18,
    0.15,
    0.125,
    0.1,
    0.08,
    0.05,
    0.03,
    0.01,
)
_MOST_ROUNDS = 3
# A deep network has many ranges, each with little to gain: one round over a few shares finds most of it
# (docs/ACCURACY.md) in a minute, where the whole search would take half an hour.
_MOST_ENDS = 8
_FEW_SHARES = (1.0, 0.85, 0.7, 0.5)


@dataclass(frozen=True)
class Range:
    """Range of the tensors that hold the same values, such as both sides of a RESHAPE."""

    tensors: tuple[int, ...]
    low: float
    high: float


def read_ranges(calibrated: bytes, where: str) -> list[Range]:
    """Ranges of the inner activations of a calibrated float .tflite, input and output left out."""
    graph = read_model(calibrated, where).subgraphs[0]
    ends = {*graph.inputs, *graph.outputs}
    found: dict[tuple[float, float], list[int]] = {}
    for index, tensor in enumerate(graph.tensors):
        quantization = tensor.quantization
        if index in ends or quantization is None or quantization.min is None:
            continue
        found.setdefault((float(quantization.min[0]), float(quantization.max[0])), []).append(index)
    return [Range(tuple(tensors), low, high) for (low, high), tensors in found.items()]


def with_ranges(calibrated: bytes, ranges: list[Range], front_end: FrontEnd, where: str) -> bytes:
    """A calibrated .tflite with these ranges, and exactly the front end's for the input.

    The input's range is a fact of the front end, not a matter of which clips happen to
    be in the calibration set; it makes scale and zero point exactly 0.5 and -128.
    """
    model = read_model(calibrated, where)
    graph = model.subgraphs[0]
    fixed = [Range(tuple(graph.inputs), front_end.feature_min, front_end.feature_max)]
    for item in [*ranges, *fixed]:
        for index in item.tensors:
            _set_range(graph.tensors[index], item)
    builder = flatbuffers.Builder(len(calibrated))
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _set_range(tensor: Any, item: Range) -> None:
    tensor.quantization.min = np.array([item.low], dtype=np.float32)
    tensor.quantization.max = np.array([item.high], dtype=np.float32)


def narrow(ranges: list[Range], loss_of: Callable[[list[Range]], float]) -> list[Range]:
    """Ranges narrowed one end at a time, each while it lowers the loss, until a round brings nothing.

    Args:
        ranges: as calibrated.
        loss_of: how far the int8 scores under these ranges are from the float scores.
    """
    shares, rounds = _effort(ranges)
    best, best_loss = list(ranges), loss_of(ranges)
    for _ in range(rounds):
        before = best_loss
        for position, calibrated in enumerate(ranges):
            for candidate in _candidates(calibrated, best[position], shares):
                trial = [*best[:position], candidate, *best[position + 1 :]]
                loss = loss_of(trial)
                if loss < best_loss:
                    best, best_loss = trial, loss
        if best_loss == before:
            break
    return best


def most_trials(ranges: list[Range]) -> int:
    """How often ``narrow`` asks for a loss at the most."""
    shares, rounds = _effort(ranges)
    return 1 + rounds * _ends(ranges) * len(shares)


def _effort(ranges: list[Range]) -> tuple[tuple[float, ...], int]:
    """Shares that are tried, and rounds over all ranges."""
    return (_SHARES, _MOST_ROUNDS) if _ends(ranges) <= _MOST_ENDS else (_FEW_SHARES, 1)


def _ends(ranges: list[Range]) -> int:
    return sum((item.high > 0) + (item.low < 0) for item in ranges)


def _candidates(calibrated: Range, best: Range, shares: tuple[float, ...]) -> Iterator[Range]:
    """The best range so far with either end moved to each share of the calibrated one."""
    if calibrated.high > 0:
        yield from (Range(best.tensors, best.low, calibrated.high * share) for share in shares)
    if calibrated.low < 0:
        yield from (Range(best.tensors, calibrated.low * share, best.high) for share in shares)


def divergence(
    expected: NDArray[np.float32], int8_scores: NDArray[np.int8], scores_alone: bool = False
) -> float:
    """Mean Kullback-Leibler divergence of int8 scores from float ones, in nats.

    Args:
        expected: (clips, labels) float32 probabilities.
        int8_scores: (clips, labels) int8, scale 1/256, zero point -128. Half a step is
            added so that a score of 0 costs much but not infinitely much.
        scores_alone: each is of a sigmoid: a choice between the label and all but the label.
    """
    got = int8_scores.astype(np.float64) + 128.5
    wanted = expected.astype(np.float64)
    if scores_alone:
        got, wanted = np.stack([got, 256 - got], axis=-1), np.stack([wanted, 1 - wanted], axis=-1)
    got /= got.sum(axis=-1, keepdims=True)
    wanted = np.maximum(wanted, 1e-12)
    return float(np.mean(np.sum(wanted * (np.log(wanted) - np.log(got)), axis=-1)))
