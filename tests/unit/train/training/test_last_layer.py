"""A bias of other words and a temperature that fit the validation clips, and leave int8 scores room."""

import numpy as np
import pytest

from train import architectures
from train.core.metrics import cross_entropy, log_softmax
from train.core.spec import FrontEnd
from train.data.dataset import UNKNOWN_INDEX
from train.training.last_layer import (
    MOST_SATURATED,
    TEMPERATURES,
    best_temperature,
    best_unknown_bias,
    expected_unknown_bias,
    logits_layer,
    settle,
    with_unknown_bias,
)

RNG = np.random.default_rng(5)
CLIPS = 4000


def clips_of(temperature: float, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of clips whose labels were drawn from their softmax at a temperature."""
    logits = RNG.normal(0, spread, (CLIPS, 4)).astype(np.float32)
    chances = np.exp(log_softmax(logits / np.float32(temperature)))
    labels = (chances.cumsum(axis=1) < RNG.random((CLIPS, 1))).sum(axis=1)
    return logits, labels


@pytest.mark.parametrize("bias", [-1.5, 0.0, 0.8])
def test_many_clips_find_the_bias_that_other_words_were_given(bias):
    """As a training that shows too many of them does: accuracy comes back with it."""
    logits, labels = clips_of(1.0)
    given = with_unknown_bias(logits, -bias)
    chosen = best_unknown_bias(given, labels, expected=-0.7)
    assert chosen == pytest.approx(bias, abs=0.2)
    right = np.mean(with_unknown_bias(given, chosen).argmax(axis=1) == labels)
    assert right == pytest.approx(np.mean(logits.argmax(axis=1) == labels), abs=0.01)


def test_a_handful_of_clips_leaves_it_near_what_is_expected():
    logits, labels = clips_of(1.0)
    few = slice(0, 12)
    assert -1.2 <= best_unknown_bias(logits[few], labels[few], expected=-1.0) <= -0.5
    for is_unknown in (True, False):
        some = (labels == UNKNOWN_INDEX) == is_unknown
        assert best_unknown_bias(logits[some], labels[some], -1.0) == -1.0, "they say nothing of the others"


def test_what_a_training_leads_to_expect():
    assert expected_unknown_bias(1.0, is_hard=False) == 0
    by_share = expected_unknown_bias(2.0, is_hard=False)
    assert by_share == pytest.approx(-np.log(2)), "logits rise with the share"
    assert expected_unknown_bias(2.0, is_hard=True) < by_share


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


def test_the_last_dense_layer_is_changed():
    model = architectures.build("single_fc", FrontEnd(), 4, 0.0, 1)
    features = RNG.uniform(0, 100, (5, 49, 43, 1)).astype(np.float32)
    logits = architectures.logits(model)
    before = logits(features).numpy()
    settle(logits_layer(model), unknown_bias=0.6, temperature=0.8)
    assert logits(features).numpy() == pytest.approx(with_unknown_bias(before, 0.6) / 0.8, abs=1e-5)


def test_a_last_layer_without_a_bias_is_divided_all_the_same():
    model = architectures.build("conv_1d_time_sliced_with_attention", FrontEnd("raw"), 4, 0.0, 1)
    layer = logits_layer(model)
    assert not layer.use_bias
    (before,) = layer.get_weights()
    settle(layer, temperature=0.8)
    assert layer.get_weights()[0] == pytest.approx(before / 0.8)
