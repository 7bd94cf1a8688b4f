"""Clips that are likely mislabelled: two simple models, which never heard the speaker, doubt their word."""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.core.console import progress
from train.core.metrics import wilson_interval

_FOLDS = 5
LINEAR, FOREST, TOGETHER = "linear", "random forest", "together"
ABOUT = {
    LINEAR: "linear discriminant analysis, covariance shrunk by a tenth",
    FOREST: "a hundred trees",
    TOGETHER: "the mean of their log probabilities",
}
# A model that is sure and wrong would have a loss without bounds; a hundred trees cannot be as sure.
_LEAST_PROBABILITY = {LINEAR: 1e-6, FOREST: 3e-3}


@dataclass(frozen=True)
class Doubt:
    """What the models together say of one clip: the less they believe the label, the higher the loss."""

    index: int  # of the clip, in the corpus
    heard: str
    loss: float  # cross entropy in nats
    excess: float  # of the loss, over the median of the word
    heard_probability: float  # 0 to 1


@dataclass(frozen=True)
class Baseline:
    """How often a simple model is right on speakers it never heard."""

    name: str
    about: str
    correct: int
    clips: int

    @property
    def accuracy(self) -> float:
        return self.correct / self.clips

    @property
    def interval(self) -> tuple[float, float]:
        return wilson_interval(self.correct, self.clips)


@dataclass(frozen=True)
class CrossValidation:
    """Baselines, and the clips that they together take for another word, the highest excess first.

    A word of few clips has a high loss throughout; ranked by the loss alone, its clips would come first.
    """

    baselines: tuple[Baseline, ...]
    doubts: tuple[Doubt, ...]
    folds: int
    majority: float  # share of the commonest word: what always answering it would get
    unjudged: int  # clips of words with a single speaker, whom no model can have learned from others


def cross_validate(
    features: NDArray[np.float32], words: Sequence[str], speakers: Sequence[str], seed: int
) -> CrossValidation | None:
    """Each clip judged by models trained on other speakers; None where there is nothing to tell apart.

    Args:
        features: (clips, n) float32, ``clipstats.pooled``.
        words, speakers: of each clip.
    """
    spoken_by: dict[str, set[str]] = {}
    for word, speaker in zip(words, speakers, strict=True):
        spoken_by.setdefault(word, set()).add(speaker)
    names = sorted(word for word, who in spoken_by.items() if len(who) > 1)
    judged = [index for index, word in enumerate(words) if word in names]
    truth = np.array([names.index(words[index]) for index in judged], dtype=np.intp)
    groups = np.array([speakers[index] for index in judged])
    folds = min(_FOLDS, len(set(groups)))
    if len(names) < 2:
        return None
    probabilities = _probabilities(features[judged], truth, groups, len(names), folds, seed)
    probabilities[TOGETHER] = _together(probabilities)
    baselines = tuple(
        Baseline(name, ABOUT[name], int((each.argmax(axis=1) == truth).sum()), len(truth))
        for name, each in probabilities.items()
    )
    return CrossValidation(
        baselines=baselines,
        doubts=_doubts(probabilities[TOGETHER], truth, judged, names),
        folds=folds,
        majority=float(np.bincount(truth).max() / len(truth)),
        unjudged=len(words) - len(judged),
    )


def _doubts(
    probabilities: NDArray[np.float64], truth: NDArray[np.intp], judged: list[int], names: list[str]
) -> tuple[Doubt, ...]:
    rows = np.arange(len(truth))
    heard = probabilities.argmax(axis=1)
    losses = -np.log(probabilities[rows, truth])
    medians = np.array([np.median(losses[truth == word]) for word in range(len(names))])
    excesses = losses - medians[truth]
    return tuple(
        Doubt(
            index=judged[row],
            heard=names[heard[row]],
            loss=float(losses[row]),
            excess=float(excesses[row]),
            heard_probability=float(probabilities[row, heard[row]]),
        )
        for row in np.argsort(-excesses, kind="stable")
        if heard[row] != truth[row]
    )


def _together(probabilities: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """The normalised geometric mean of what the models say: (clips, words) float64, nowhere zero."""
    logarithms = [np.log(np.maximum(each, _LEAST_PROBABILITY[name])) for name, each in probabilities.items()]
    mean = np.exp(np.mean(logarithms, axis=0))
    normalised: NDArray[np.float64] = mean / mean.sum(axis=1, keepdims=True)
    return normalised


def _probabilities(
    features: NDArray[np.float32],
    truth: NDArray[np.intp],
    groups: NDArray[np.str_],
    word_count: int,
    folds: int,
    seed: int,
) -> dict[str, NDArray[np.float64]]:
    """(clips, words) float64 of each model, each clip by the one that was trained without its speaker."""
    from sklearn.model_selection import GroupKFold

    models = _models(seed)
    results = {name: np.zeros((len(truth), word_count)) for name in models}
    splits = list(GroupKFold(folds, shuffle=True, random_state=seed).split(features, truth, groups))
    with (
        warnings.catch_warnings(),
        progress("cross-validation", folds * len(results)) as advance,
        _one_thread_for_blas(),
    ):
        warnings.filterwarnings("ignore", "Only one sample available")  # of a word; it is no news here
        for name, result in results.items():
            for training, testing in splits:
                if len(np.unique(truth[training])) < 2:  # every other word is said by the speakers held out
                    result[testing, truth[training][0]] = 1.0
                    advance(note=name)
                    continue
                model = models[name]().fit(features[training], truth[training])
                result[np.ix_(testing, model.classes_)] = model.predict_proba(features[testing])
                advance(note=name)
    return results


def _models(seed: int) -> dict[str, Callable[[], Any]]:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.ensemble import RandomForestClassifier

    return {
        LINEAR: lambda: LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1),
        FOREST: lambda: RandomForestClassifier(
            100, min_samples_leaf=2, n_jobs=os.cpu_count(), random_state=seed
        ),
    }


@contextlib.contextmanager
def _one_thread_for_blas() -> Iterator[None]:
    """The matrices are small: threads would spend their time waiting for each other."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
