"""Figures of metrics.json against numbers worked out by hand or taken from tables."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.core.metrics import confusion_matrix, summarize, wilson_interval
from train.core.results.accuracy import Accuracy, ClassFigures
from train.core.typed_json import decode, encode


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.27753),  # z²/(n+z²)
        (10, 10, 0.72247, 1.0),
        (5, 10, 0.23659, 0.76341),
        (1, 1, 0.20654, 1.0),
        (15, 148, 0.0624, 0.1605),  # R. G. Newcombe, 1998, table I: 0.0624 to 0.1605
        (81, 263, 0.2553, 0.3662),  # the same table
        (1, 29, 0.0061, 0.1718),  # the same table
    ],
)
def test_wilson_interval(correct, total, low, high):
    assert wilson_interval(correct, total) == pytest.approx((low, high), abs=6e-5)


def test_wilson_interval_of_nothing_is_everything():
    assert wilson_interval(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_interval_holds_the_share(pair):
    correct, total = pair
    low, high = wilson_interval(correct, total)
    assert 0 <= low < high <= 1
    assert low - 1e-12 <= correct / total <= high + 1e-12
    assert (1 - high, 1 - low) == pytest.approx(wilson_interval(total - correct, total), abs=1e-12)


def test_confusion_rows_are_truth():
    matrix = confusion_matrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 0, 0, 2], 3)
    assert matrix.dtype == np.int64
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 1]]


def test_confusion_refuses_a_label_that_is_not_there():
    with pytest.raises(IndexError):
        confusion_matrix([0], [3], 3)


def test_summary_by_hand():
    labels = ("_silence_", "_unknown_", "yes", "no")
    result = summarize([0, 2, 2, 2, 3], [0, 2, 2, 3, 2], labels)
    assert (result.clips, result.correct, result.accuracy) == (5, 3, 0.6)
    assert result.interval == wilson_interval(3, 5)
    assert result.confusion[2] == (0, 0, 2, 1)
    silence, unknown, yes, no = result.per_class
    assert silence == ClassFigures(label="_silence_", precision=1.0, recall=1.0, f1=1.0, clips=1)
    assert unknown == ClassFigures(label="_unknown_", precision=None, recall=None, f1=None, clips=0)
    assert yes.precision == yes.recall == pytest.approx(2 / 3)
    assert yes.f1 == pytest.approx(2 / 3)
    assert no == ClassFigures(label="no", precision=0.0, recall=0.0, f1=0.0, clips=1)


def test_undefined_figures_are_none_one_by_one():
    never_said, never_true = summarize([0, 0], [1, 1], ("a", "b")).per_class
    assert (never_said.precision, never_said.recall, never_said.f1) == (None, 0.0, 0.0)
    assert (never_true.precision, never_true.recall, never_true.f1) == (0.0, None, 0.0)


def test_summary_of_no_clips():
    result = summarize([], [], ("a", "b"))
    assert (result.accuracy, result.clips, result.interval) == (0.0, 0, (0.0, 1.0))
    assert all(figures.f1 is None for figures in result.per_class)


def test_summary_is_json():
    truth = np.array([0, 1], dtype=np.int64)
    found = summarize(truth, truth.astype(np.uint8), ("a", "b"))
    assert decode(Accuracy, json.loads(json.dumps(encode(found))), "found") == found
