"""The board's listener in Python: features of a stream are of the whole of it, however long."""

import numpy as np
import pytest

from train.audio.frontend import model_input, wav_features
from train.audio.wav import to_float
from train.core.spec import FRONT_ENDS, FrontEnd
from train.detection import reference_listener

ROWS = 120


@pytest.mark.parametrize("name", FRONT_ENDS)
@pytest.mark.parametrize("block_rows", [1, 7, 119, 120, 500])
def test_rows_of_a_stream_do_not_depend_on_blocks(monkeypatch, name, block_rows):
    """The level of pcan goes on from one block to the next."""
    whole = FrontEnd(name, clip_duration_ms=30 + 20 * (ROWS - 1))
    samples = np.random.default_rng(6).normal(0, 2000, whole.clip_samples + 100).astype(np.int16)
    samples[: len(samples) // 2] //= 16  # louder in the second half
    monkeypatch.setattr(reference_listener, "_BLOCK_ROWS", block_rows)
    rows = reference_listener.stream_rows(samples, FrontEnd(name))
    audio = to_float(samples[: whole.clip_samples])[np.newaxis]
    assert np.array_equal(rows, model_input(wav_features(audio, whole), whole)[0])


def test_a_stream_shorter_than_a_window_has_no_rows():
    assert reference_listener.stream_rows(np.zeros(479, np.int16), FrontEnd("pcan")).shape == (0, 40)


@pytest.mark.parametrize("window_ms", [1, 100, 300, 1000])
@pytest.mark.parametrize("minimum_count", [1, 3])
def test_smoothing_at_once_is_what_the_device_does_one_by_one(monkeypatch, window_ms, minimum_count):
    generator = np.random.default_rng(window_ms)
    scores = generator.integers(-128, 128, (400, 5)).astype(np.int8)
    scores[::7] = scores[::7, :1]  # ties: the first label wins
    times_ms = np.cumsum(generator.choice([100, 100, 120, 400], 400)).tolist()
    at_once = reference_listener.smooth(scores, times_ms, window_ms, minimum_count)
    assert reference_listener._smoothed_at_once(scores, times_ms, window_ms, minimum_count) is not None
    monkeypatch.setattr(reference_listener, "_smoothed_at_once", lambda *_: None)
    one_by_one = reference_listener.smooth(scores, times_ms, window_ms, minimum_count)
    for name in ("times_ms", "labels", "scores"):
        assert np.array_equal(getattr(at_once, name), getattr(one_by_one, name)), name


def test_a_full_queue_is_left_to_the_device():
    assert (
        reference_listener._smoothed_at_once(np.zeros((80, 3), np.int8), range(0, 1600, 20), 1000, 3) is None
    )
