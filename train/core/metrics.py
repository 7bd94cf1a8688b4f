"""How good a set of scores is: accuracy with its interval, confusion, per-class figures."""

import functools
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.core.results.accuracy import Accuracy, ClassFigures

# Two-sided 95 % quantile of the normal distribution.
_Z_95 = 1.959963984540054
_TAIL = 0.025  # on each side of a 95 % interval
FEW_CLIPS = 20  # of a label; below, the interval of its accuracy is wider than 30 points


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """95 % confidence interval of a proportion.

    Args:
        correct: successes, 0..total.
        total: trials; 0 gives the whole range (0, 1).
    Returns:
        (low, high), both in 0..1.
    Source:
        E. B. Wilson, 1927; holds at 0 % and 100 %, where the normal approximation fails.
    """
    if total == 0:
        return 0.0, 1.0
    share = correct / total
    z2 = _Z_95 * _Z_95
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z_95 / (1 + z2 / total) * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total))
    return max(0.0, centre - half), min(1.0, centre + half)


@functools.cache
def poisson_interval(events: int) -> tuple[float, float]:
    """95 % confidence interval of the mean number of events, where so many were counted.

    Source:
        F. Garwood, 1936: exact. The bounds are the means with which as many events or more, and as
        many or fewer, have a chance of 2.5 %.
    """

    def at_most(count: int, mean: float) -> float:
        log_terms = (k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(count + 1))
        return math.fsum(map(math.exp, log_terms))

    def mean_with(count: int, chance: float) -> float:
        low, high = 1e-9, 2.0 * count + 20.0  # the chance falls as the mean grows
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if at_most(count, middle) > chance else (low, middle)
        return low

    return mean_with(events - 1, 1 - _TAIL) if events else 0.0, mean_with(events, _TAIL)


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log-probabilities of (clips, labels) logits."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def cross_entropy(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Mean over clips of what (clips, labels) logits say of their true (clips,) labels."""
    return float(-np.mean(log_softmax(logits)[np.arange(len(labels)), labels]))


def mcnemar(only_first: int, only_second: int) -> float:
    """How often chance alone makes two models that are equally good differ so much, or more: 0 to 1.

    Args:
        only_first, only_second: clips that one of the two has right and the other has not.
    Source:
        Q. McNemar, 1947; exact, two-sided: a clip of these is as likely of the one kind as of the other.
    """
    clips = only_first + only_second
    fewer = sum(math.comb(clips, count) for count in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * fewer / (1 << clips))


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike, label_count: int) -> NDArray[np.int64]:
    """(label_count, label_count) int64: rows are true labels, columns are predictions."""
    matrix = np.zeros((label_count, label_count), dtype=np.int64)
    np.add.at(matrix, (np.asarray(truth, dtype=np.intp), np.asarray(predicted, dtype=np.intp)), 1)
    return matrix


def summarize(truth: ArrayLike, predicted: ArrayLike, labels: tuple[str, ...]) -> Accuracy:
    """How many clips were told right.

    Args:
        truth: (clips,) label indices.
        predicted: (clips,) label indices.
        labels: names in index order.
    """
    matrix = confusion_matrix(truth, predicted, len(labels))
    clips, correct = int(matrix.sum()), int(np.trace(matrix))
    per_class = []
    for index, label in enumerate(labels):
        hits, said, true = int(matrix[index, index]), int(matrix[:, index].sum()), int(matrix[index].sum())
        per_class.append(
            ClassFigures(
                label=label,
                precision=hits / said if said else None,
                recall=hits / true if true else None,
                f1=2 * hits / (said + true) if said + true else None,
                clips=true,
            )
        )
    return Accuracy(
        accuracy=correct / clips if clips else 0.0,
        interval=wilson_interval(correct, clips),
        clips=clips,
        correct=correct,
        confusion=tuple(map(tuple, matrix.tolist())),
        per_class=tuple(per_class),
    )
