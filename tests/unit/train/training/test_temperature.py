"""The temperature of the scores: what fits the validation clips, without crowding int8 scores at the top."""

import numpy as np
import pytest

from train import architectures
from train.core.metrics import cross_entropy, log_softmax
from train.core.spec import FrontEnd
from train.training.temperature import MOST_SATURATED, TEMPERATURES, best_temperature, divide

RNG = np.random.default_rng(5)
CLIPS = 4000


def clips_of(temperature: float, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of clips whose labels were drawn from their softmax at a temperature."""
    logits = RNG.normal(0, spread, (CLIPS, 4)).astype(np.float32)
    chances = np.exp(log_softmax(logits / np.float32(temperature)))
    labels = (chances.cumsum(axis=1) < RNG.random((CLIPS, 1))).sum(axis=1)
    return logits, labels


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.6])
def test_it_finds_the_temperature_that_labels_were_drawn_at(temperature):
    logits, labels = clips_of(temperature)
    chosen = best_temperature(logits, labels)
    assert chosen == pytest.approx(temperature, rel=0.1)
    best = cross_entropy(logits / np.float32(chosen), labels)
    assert best <= cross_entropy(logits / np.float32(temperature), labels) + 1e-4


def test_int8_scores_keep_room_at_the_top():
    """Where every clip is right, no temperature is low enough for the cross entropy alone."""
    labels = np.arange(CLIPS) % 4
    logits = (np.eye(4)[labels] * RNG.uniform(3, 9, (CLIPS, 1))).astype(np.float32)
    chosen = best_temperature(logits, labels)
    assert chosen > TEMPERATURES[0]

    def saturated(temperature: float) -> float:
        top = np.exp(log_softmax(logits / np.float32(temperature))).max(axis=1)
        return float(np.mean(np.round(top * 256) >= 255))

    assert saturated(chosen) <= MOST_SATURATED < saturated(chosen * 0.9)


def test_the_last_dense_layer_is_divided():
    model = architectures.build("single_fc", FrontEnd(), 4, 0.0, 1)
    features = RNG.uniform(0, 100, (5, 49, 43, 1)).astype(np.float32)
    logits = architectures.logits(model)
    before = logits(features).numpy()
    assert divide(model, 0.8)
    assert logits(features).numpy() == pytest.approx(before / 0.8, abs=1e-5)
