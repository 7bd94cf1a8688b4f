"""The weighted average of several models' scores, its weights chosen on validation clips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.core.console import say, warn
from train.core.metrics import FEW_CLIPS, summarize
from train.core.results.accuracy import Accuracy

_TINY = 1e-12  # a model may be sure of the wrong label: the logarithm of nothing has no end
_MOST_ROUNDS = 10_000
_GAIN = 1e-10  # of the log-loss, in a round that is the last


@dataclass(frozen=True)
class Weighting:
    """Models and what their scores are worth in the average.

    Attributes:
        weights: (members,) float64, not negative, sum 1.
        losses: mean log-loss on validation clips by name: of each member, then of the average.
    """

    weights: NDArray[np.float64]
    losses: dict[str, float]

    def average(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """(..., labels) float64, of (members, ..., labels)."""
        return average(self.weights, scores)

    def print(self) -> None:
        """Write a line for each member, and one for the average, to stdout."""
        say("weight  log-loss on validation")
        for (name, loss), weight in zip(self.losses.items(), [*self.weights, 1.0], strict=True):
            say(f" {weight:.3f}  {loss:.4f}  {name}")


def weigh(
    names: Sequence[str],
    scores: NDArray[np.floating[Any]],
    truth: NDArray[np.int64],
    labels: Sequence[str],
    name: str,
) -> Weighting:
    """Choose the weights with the least log-loss; warn where the clips are few.

    Args:
        names: of the members.
        scores: (members, clips, labels) of validation clips.
        truth: (clips,) label indices.
        name: of the average.
    """
    _warn_of_few(truth, labels)
    weights = fit_weights(scores, truth)
    losses = [log_loss(each, truth) for each in (*scores, average(weights, scores))]
    return Weighting(weights, dict(zip([*names, name], losses, strict=True)))


def average(weights: Sequence[float] | NDArray[np.float64], scores: NDArray[Any]) -> NDArray[np.float64]:
    """(..., labels) float64, the weighted average of (members, ..., labels)."""
    return np.tensordot(np.asarray(weights), scores, axes=1)


def figures(
    scores: Mapping[str, NDArray[np.floating[Any]]], truth: NDArray[np.int64], labels: tuple[str, ...]
) -> dict[str, Accuracy]:
    """How many clips each model tells right, by its (clips, labels) scores."""
    return {name: summarize(truth, own.argmax(axis=-1), labels) for name, own in scores.items()}


def log_loss(scores: NDArray[np.floating[Any]], truth: NDArray[np.int64]) -> float:
    """Mean negative logarithm of the true label's score, of (clips, labels)."""
    return float(-np.log(_of_truth(scores, truth)).mean())


def fit_weights(scores: NDArray[np.floating[Any]], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights of the average with the least log-loss: (members,) float64, not negative, sum 1.

    Args:
        scores: (members, clips, labels).
        truth: (clips,) label indices.
    Source:
        Expectation maximization for the weights of a mixture whose components stand (Dempster, Laird and
        Rubin 1977): each round takes a member's mean share of the true label's score. The loss is convex
        in the weights, never rises, and no weight becomes negative, so there is nothing to tune.
    """
    likelihood = np.stack([_of_truth(member, truth) for member in scores])  # (members, clips)
    weights = np.full(len(likelihood), 1 / len(likelihood))
    loss = np.inf
    for _ in range(_MOST_ROUNDS):
        mixture = weights @ likelihood
        before, loss = loss, float(-np.log(mixture).mean())
        if before - loss < _GAIN:
            break
        weights = weights * (likelihood / mixture).mean(axis=1)
        weights /= weights.sum()
    return weights


def _warn_of_few(truth: NDArray[np.int64], labels: Sequence[str]) -> None:
    """Say so if weights are chosen by so few clips of a label that they may fit them by chance."""
    counts = np.bincount(truth, minlength=len(labels))
    fewest = int(counts.argmin())
    if counts[fewest] < FEW_CLIPS:
        warn(
            f"only {counts[fewest]} validation clips of {labels[fewest]}: weights chosen by so few may fit "
            "them by chance"
        )


def _of_truth(scores: NDArray[np.floating[Any]], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.maximum(scores[np.arange(len(truth)), truth].astype(np.float64), _TINY)
