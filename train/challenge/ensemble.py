"""Weights of an ensemble, chosen on validation clips, and the file that remembers them."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.challenge.scorers import Committee, convene
from train.core import runfolder
from train.core.console import warn
from train.core.errors import UserError
from train.core.metrics import FEW_CLIPS
from train.core.outputs import Output, has_key

_MEMBERS = "ensemble_of"  # in the file: what shows that it is one
ENSEMBLE = Output(
    "holds an ensemble", "exists and is no earlier ensemble", has_key(_MEMBERS), example="ensemble.json"
)
_HOW = "make one with: earshot ensemble RUN RUN --out FILE"
_TINY = 1e-12  # a model may be sure of the wrong label: the logarithm of nothing has no end
_MOST_ROUNDS = 10_000
_GAIN = 1e-10  # of the log-loss, in a round that is the last


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


def warn_of_few(truth: NDArray[np.int64], labels: Sequence[str]) -> None:
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


def write_ensemble(path: Path, committee: Committee, record: dict[str, Any]) -> None:
    """Write the members, as seen from the file, their weights and the hashes of their models."""
    members = [
        {"run": os.path.relpath(run, path.parent), "model_sha256": digest, "weight": weight}
        for run, digest, weight in zip(
            committee.runs, committee.models_sha256, committee.weights, strict=True
        )
    ]
    words = list(committee.words) if committee.words is not None else None
    runfolder.write_json(path, {_MEMBERS: members, "as_words": words, **record})


def read_ensemble(path: Path, words: tuple[str, ...] | None = None) -> Committee:
    """The committee that ``write_ensemble`` wrote.

    Args:
        words: to judge by; None: those that the weights were chosen for.
    Raises:
        UserError: not such a file, or a member has gone or was trained again.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        members = content[_MEMBERS]
        runs = [path.parent / member["run"] for member in members]
        weights = [float(member["weight"]) for member in members]
        digests = [member["model_sha256"] for member in members]
        of_file = content["as_words"]
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file; {_HOW}") from error
    except (TypeError, KeyError, ValueError) as error:
        raise UserError(f"{path}: not an ensemble ({error!r}); {_HOW}") from error
    if words is None and of_file is not None:
        words = tuple(of_file)
    committee = convene(runs, words, weights)
    for run, now, then in zip(runs, committee.models_sha256, digests, strict=True):
        if now != then:
            raise UserError(
                f"{path}: the model of {run} is another than the one its weight was chosen for; make the "
                "ensemble again: earshot ensemble RUN RUN --out FILE --overwrite"
            )
    return committee
