"""The front end micro against TensorFlow's op and pymicro-features, and its C against its definition."""

import os
import shutil
from typing import Any

import numpy as np
import pytest
from c_front_end import CFrontEnd, signals
from micro_oracles import ORACLES, hard_signals
from numpy.typing import NDArray

from codegen.frontend_tables import step_factor
from train.audio import micro, micro_tables
from train.audio.frontend import wav_features
from train.audio.wav import to_float
from train.core.spec import FrontEnd
from train.detection.reference_listener import RowStream

MICRO = FrontEnd("micro")
AT_10_MS = FrontEnd("micro", window_stride_ms=10)
SETTINGS = {
    "20 ms": MICRO,
    "10 ms": AT_10_MS,
    "gaps, 20 bands": FrontEnd("micro", window_size_ms=17, window_stride_ms=25, feature_bin_count=20),
    "whole FFT, 80 bands": FrontEnd("micro", window_size_ms=32, feature_bin_count=80),
}


def features(samples: NDArray[np.int16], front_end: FrontEnd) -> NDArray[Any]:
    return wav_features(to_float(samples), front_end)


@pytest.mark.parametrize("front_end", [MICRO, AT_10_MS], ids=["TensorFlow", "pymicro"])
def test_equals_its_oracle_to_the_bit(front_end):
    values = ORACLES[front_end.window_stride_ms]
    samples = hard_signals()
    expected = np.stack([values(clip) for clip in samples])
    assert np.array_equal(features(samples, front_end), micro.quantized(expected))
    assert len(np.unique(expected)) > 300
    # Not only the steps: the 64ths of a nat that they are made of.
    found = micro.log_levels(micro.amplitudes(samples, front_end), front_end)[0]
    assert np.array_equal(micro.log_values(found), expected)


@pytest.mark.parametrize("front_end", SETTINGS.values(), ids=list(SETTINGS))
def test_c_equals_python_to_the_bit(front_end, tmp_path):
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) on this machine")
    twin = CFrontEnd(tmp_path, front_end)
    samples = np.concatenate([hard_signals(), np.stack(list(signals(front_end).values()))])
    expected = features(samples, front_end)
    for number, clip in enumerate(samples):
        pieces = [1, 7, 319, 321, 479] if number % 2 else []
        assert np.array_equal(twin.rows(clip, pieces)[: front_end.frames], expected[number]), number


def test_noise_is_carried_through_a_stream_and_forgotten_by_a_new_one():
    loud, quiet = hard_signals()[[10, 2]]
    whole = RowStream(MICRO).push(np.concatenate([loud, quiet]))
    in_pieces = RowStream(MICRO)
    pieces = [in_pieces.push(part) for part in np.split(np.concatenate([loud, quiet]), [333, 9000, 9001])]
    assert np.array_equal(np.concatenate(pieces), whole)
    assert not np.array_equal(whole[50:99], RowStream(MICRO).push(quiet)[:49])
    alone = features(quiet[np.newaxis], MICRO)[0]
    assert np.array_equal(RowStream(MICRO).push(quiet).astype(int) + 128, alone)


def test_numbers_that_c_libraries_round_differently():
    """TensorFlow's op has been built with another than pymicro-features and boards."""
    windows = [micro_tables.window(front_end) for front_end in (MICRO, AT_10_MS)]
    assert np.flatnonzero(windows[0] != windows[1]).tolist() == [17]
    of_op, of_boards = (micro_tables.bands(front_end) for front_end in (MICRO, AT_10_MS))
    assert (np.flatnonzero(of_op.rising != of_boards.rising) + of_op.first).tolist() == [149, 221, 225]


def test_c_quantizes_every_value_as_micro_speech_does():
    values = np.arange(1287)
    steps = np.minimum(values * step_factor() + (1 << 15) >> 16, 255)
    assert np.array_equal(steps, np.minimum((values * 256 + 333) // 666, 255))
    assert np.array_equal(steps, micro.quantized(values))
    assert micro.log_values(np.array([2**29]))[0] < len(values)


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("front_end", [MICRO, AT_10_MS], ids=["TensorFlow", "pymicro"])
def test_equals_its_oracle_on_recordings(real_clips, front_end):
    samples = np.rint(real_clips * 32768).astype(np.int16)
    expected = np.stack([ORACLES[front_end.window_stride_ms](clip) for clip in samples])
    assert np.array_equal(wav_features(real_clips, front_end, os.cpu_count() or 1), micro.quantized(expected))
