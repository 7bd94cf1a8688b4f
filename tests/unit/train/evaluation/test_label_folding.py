"""The challenge's words, and scores of more classes than it has judged as its own."""

import numpy as np
import pytest
from invoke import training_flags

from train.commands import flags as cli
from train.core.errors import UserError
from train.core.spec import labels_for
from train.evaluation.label_folding import WORD_PRESETS, fold_scores, fold_truth
from train.settings.words import parse_words

# As the winning entry ordered its classes: not ours, and not with the ten words together.
ENTRY = ("_silence_", "_unknown_", "sheila", "nine", "stop", "bed", "yes", "no")
WORDS = ("yes", "no", "stop")


def test_presets_have_12_and_32_classes():
    ten, thirty = (labels_for(parse_words(WORD_PRESETS[name])) for name in ("challenge", "challenge30"))
    assert (len(ten), len(thirty)) == (12, 32)
    assert thirty[: len(ten)] == ten


def test_words_may_be_a_preset():
    flags = training_flags(["--words", "challenge"])
    assert cli.job_of(flags).words == ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")


def test_unknown_is_the_largest_of_what_is_not_named():
    scores = np.array([[0.1, 0.05, 0.2, 0.3, 0.15, 0.0, 0.12, 0.08]])
    assert fold_scores(scores, ENTRY, WORDS).tolist() == [[0.1, 0.3, 0.12, 0.08, 0.15]]
    scores[0, 1] = 0.4
    assert fold_scores(scores, ENTRY, WORDS)[0, 1] == 0.4


def test_order_of_the_classes_does_not_matter():
    rng = np.random.default_rng(1)
    scores = rng.integers(-128, 128, (50, len(ENTRY))).astype(np.int8)
    expected = fold_scores(scores, ENTRY, WORDS)
    assert expected.dtype == np.int8
    order = rng.permutation(len(ENTRY))
    assert np.array_equal(fold_scores(scores[:, order], tuple(np.array(ENTRY)[order]), WORDS), expected)


def test_the_same_words_in_the_same_order_change_nothing():
    labels = labels_for(WORDS)
    scores = np.random.default_rng(2).random((5, 5))
    assert np.array_equal(fold_scores(scores, labels, WORDS), scores)
    assert np.array_equal(fold_truth(np.arange(5), labels, WORDS), np.arange(5))


def test_truth_goes_by_name():
    folded = fold_truth(np.arange(len(ENTRY)), ENTRY, WORDS)
    assert [labels_for(WORDS)[place] for place in folded] == [
        "_silence_", "_unknown_", "_unknown_", "_unknown_", "stop", "_unknown_", "yes", "no",
    ]  # fmt: skip


def test_a_word_that_the_model_lacks_is_named():
    for fold, given in ((fold_scores, np.zeros((1, len(ENTRY)))), (fold_truth, np.zeros(1, np.int64))):
        with pytest.raises(UserError, match="does not know go; it knows sheila, nine"):
            fold(given, ENTRY, ("yes", "go"))
