"""What the last layer ends as, chosen on validation clips: a bias of other words, and a temperature.

A network that is shown other words more often than it will meet them, and the hardest most of all, takes
words for them. A bias on their logit undoes that where the highest score counts. Thresholds hardly notice:
the scores of all windows rise together.

Mixed and smoothed labels teach a network to be less sure than it is right. Labels stay the same at another
temperature, but thresholds, and the 256 steps of an int8 score, are for scores that say how often they are
right.

Source:
    Guo et al., "On Calibration of Modern Neural Networks" (2017); Alexandari et al., "Maximum Likelihood with
    Bias-Corrected Calibration is Hard-To-Beat at Label Shift Adaptation" (2020).
"""

import math

import keras
import numpy as np
from numpy.typing import NDArray

from train.architectures import OUTPUT_NAME
from train.core.metrics import cross_entropy, log_softmax
from train.data.dataset import UNKNOWN_INDEX

_UNKNOWN_BIASES = np.round(np.linspace(-3.0, 3.0, 61), 1)
_OF_HARD_NEGATIVES = -0.5  # what they ask for besides the share of other words: 0 to -0.8 in seven networks
_SPREAD = 0.5  # of what networks ask for around that
TEMPERATURES = np.round(np.geomspace(0.25, 4.0, 65), 3)
# The largest share of clips with the highest int8 score: thresholds still tell the surest clips apart.
MOST_SATURATED = 0.5
_HIGHEST_SCORE = 254.5 / 256


def expected_unknown_bias(too_often: float, *, is_hard: bool) -> float:
    """What a network asks for by how it was trained, before any validation.

    Args:
        too_often: how many times as often as in validation training had other words.
        is_hard: whether those that pass for words were drawn more often.
    """
    return (_OF_HARD_NEGATIVES if is_hard else 0.0) - math.log(too_often)


def best_unknown_bias(logits: NDArray[np.float32], labels: NDArray[np.int64], expected: float) -> float:
    """What is added to the logit of other words: the most likely bias, given the validation clips.

    Many clips decide alone, by their cross entropy; a handful moves it little from what is expected.

    Args:
        logits: (clips, labels) of validation clips; without other words, or words, they say nothing.
        labels: (clips,) true ones.
        expected: by ``expected_unknown_bias``.
    """
    if np.count_nonzero(labels == UNKNOWN_INDEX) in (0, len(labels)):
        return expected

    def unlikely(bias: float) -> float:
        entropy = len(labels) * cross_entropy(with_unknown_bias(logits, bias), labels)
        return entropy + ((bias - expected) / _SPREAD) ** 2 / 2

    return float(min(_UNKNOWN_BIASES, key=unlikely))


def with_unknown_bias(logits: NDArray[np.float32], bias: float) -> NDArray[np.float32]:
    """Logits (clips, labels) with a bias on those of other words."""
    shifted = logits.copy()
    shifted[:, UNKNOWN_INDEX] += np.float32(bias)
    return shifted


def best_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The temperature with the lowest cross entropy that leaves int8 scores room.

    Args:
        logits: (clips, labels) of validation clips.
        labels: (clips,) true ones.
    """
    chosen, lowest = 1.0, np.inf
    for temperature in TEMPERATURES:
        divided = logits / np.float32(temperature)
        entropy = cross_entropy(divided, labels)
        saturated = float(np.mean(np.exp(log_softmax(divided).max(axis=-1)) >= _HIGHEST_SCORE))
        if saturated <= MOST_SATURATED and entropy < lowest:
            chosen, lowest = float(temperature), entropy
    return chosen


def logits_layer(model: keras.Model) -> keras.layers.Dense | None:
    """The dense layer whose outputs the softmax takes; None where it is another kind."""
    last = model.get_layer(OUTPUT_NAME).input._keras_history.operation
    return last if isinstance(last, keras.layers.Dense) else None


def settle(layer: keras.layers.Dense, unknown_bias: float = 0.0, temperature: float = 1.0) -> None:
    """Add the bias to the logit of other words, then divide all.

    Args:
        layer: by ``logits_layer``; without a bias of its own it can only be divided.
    """
    kernel, *biases = layer.get_weights()
    for bias in biases:
        bias[UNKNOWN_INDEX] += unknown_bias
    layer.set_weights([array / temperature for array in (kernel, *biases)])
