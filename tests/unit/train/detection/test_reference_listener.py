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
