"""The temperature of the scores: chosen on validation clips, and divided into the last layer's weights.

Mixed and smoothed labels teach a network to be less sure than it is right. Labels stay the same, but
thresholds, and the 256 steps of an int8 score, are for scores that say how often they are right.

Source:
    Guo et al., "On Calibration of Modern Neural Networks" (2017).
"""

import keras
import numpy as np
from numpy.typing import NDArray

from train.architectures import OUTPUT_NAME
from train.core.metrics import cross_entropy, log_softmax

TEMPERATURES = np.round(np.geomspace(0.25, 4.0, 65), 3)
# The largest share of clips with the highest int8 score: thresholds still tell the surest clips apart.
MOST_SATURATED = 0.5
_HIGHEST_SCORE = 254.5 / 256


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


def divide(model: keras.Model, temperature: float) -> bool:
    """Divide what the softmax takes; False where the layer before it is not a dense one."""
    last = model.get_layer(OUTPUT_NAME).input._keras_history.operation
    if not isinstance(last, keras.layers.Dense):
        return False
    last.set_weights([array / temperature for array in last.get_weights()])
    return True
