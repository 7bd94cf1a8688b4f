"""Narrowing of ranges: never worse than it began, and the input's range is never a matter of clips."""

import numpy as np
import pytest

from quantize.ranges import Range, divergence, narrow, read_ranges, with_ranges
from train.core.spec import FrontEnd

RANGES = [Range((3, 5), -4.0, 100.0), Range((7,), 0.0, 60.0)]


def covering(wanted: list[tuple[float, float]]):
    """A loss like that of quantization: what is cut off costs, and so does every unit of width."""

    def loss_of(ranges: list[Range]) -> float:
        loss = 0.0
        for item, (low, high) in zip(ranges, wanted, strict=True):
            loss += 10 * max(0.0, high - item.high) + 10 * max(0.0, item.low - low)
            loss += item.high - item.low
        return loss

    return loss_of


def test_a_range_wider_than_needed_is_narrowed():
    loss_of = covering([(-1.0, 20.0), (0.0, 60.0)])
    found = narrow(RANGES, loss_of)
    assert loss_of(found) < loss_of(RANGES)
    assert 20.0 <= found[0].high < 30.0
    assert -2.0 < found[0].low <= -1.0
    assert found[1] == RANGES[1], "what is needed in full stays as it is"


@pytest.mark.parametrize("seed", range(20))
def test_it_never_ends_worse_than_it_began(seed):
    """Whatever the loss: here one without any sense at all."""
    generator, seen = np.random.default_rng(seed), {}

    def loss_of(ranges: list[Range]) -> float:
        return seen.setdefault(tuple(ranges), float(generator.random()))

    found = narrow(RANGES, loss_of)
    assert loss_of(found) <= loss_of(RANGES)
    assert loss_of(found) == min(seen.values()), "the best of all tried is the one returned"


def test_without_a_gain_nothing_changes():
    assert narrow(RANGES, lambda ranges: 0.0) == RANGES
    assert narrow([], lambda ranges: 0.0) == []


def test_ranges_only_ever_shrink_and_keep_their_tensors():
    tried = []

    def loss_of(ranges: list[Range]) -> float:
        tried.append(ranges)
        return -float(len(tried))  # each trial is a gain, so all are tried

    narrow(RANGES, loss_of)
    assert len(tried) > 20
    for ranges in tried:
        for item, original in zip(ranges, RANGES, strict=True):
            assert item.tensors == original.tensors
            assert original.low <= item.low <= 0 <= item.high <= original.high


@pytest.fixture(scope="module")
def calibrated() -> bytes:
    """The first half of a conversion: a float .tflite that holds ranges."""
    from quantize.convert import _calibrate, _quiet
    from train import architectures

    model = architectures.build("tiny_conv", FrontEnd(), 4, 0.5, seed=1)
    features = np.random.default_rng(1).uniform(0, 90, (4, 49, 43, 1)).astype(np.float32)
    with _quiet():
        return _calibrate(model, features)


def test_both_sides_of_a_reshape_share_a_range(calibrated):
    ranges = read_ranges(calibrated, "calibrated")
    assert [len(item.tensors) for item in ranges] == [2, 1], "relu and its reshape; the logits"
    assert all(item.low <= 0 <= item.high for item in ranges)


def test_ranges_written_are_read_again_and_the_input_gets_the_front_ends(calibrated):
    from train.tflite.reader import read_model

    wanted = [
        Range(item.tensors, -0.5, 2.0 + index) for index, item in enumerate(read_ranges(calibrated, ""))
    ]
    changed = with_ranges(calibrated, wanted, FrontEnd(), "calibrated")
    assert read_ranges(changed, "changed") == wanted
    graph = read_model(changed, "changed").subgraphs[0]
    entry = graph.tensors[graph.inputs[0]].quantization
    assert (list(entry.min), list(entry.max)) == ([0.0], [127.5]), "although no clip was louder than 90"


def test_divergence_is_zero_only_for_equal_scores():
    expected = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    equal = np.array([[0, 0], [-64, 64]], np.int8)  # (q + 128) / 256
    assert divergence(expected, equal) == pytest.approx(0.0, abs=1e-4)
    off = divergence(expected, np.array([[32, -32], [-64, 64]], np.int8))
    further = divergence(expected, np.array([[96, -96], [-64, 64]], np.int8))
    assert 0.01 < off < further


def test_scores_that_need_not_add_up_are_judged_each_on_its_own():
    """Both halved is as good a guess of which is larger, and says another thing of each."""
    expected = np.array([[0.5, 0.75]], np.float32)
    equal, halved = np.array([[0, 64]], np.int8), np.array([[-64, -32]], np.int8)
    assert divergence(expected, equal, scores_alone=True) == pytest.approx(0.0, abs=1e-4)
    assert divergence(expected, halved, scores_alone=True) > 0.1


def test_divergence_is_finite_for_a_score_of_zero():
    """The worst there is: the right class gets nothing."""
    worst = divergence(np.array([[1.0, 0.0]], np.float32), np.array([[-128, 127]], np.int8))
    assert 5.0 < worst < 10.0
