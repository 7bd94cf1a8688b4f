"""Sounds like music: tones of a key, a beat, the same for the same seed."""

import numpy as np
import pytest

from train.synth import music

RATE_HZ = 16000


def piece(seed: int, samples: int = 5 * RATE_HZ) -> np.ndarray:
    return music.piece(np.random.default_rng(seed), samples, RATE_HZ)


def test_seed_decides_the_piece():
    first = piece(1)
    assert first.shape == (5 * RATE_HZ,)
    assert first.dtype == np.float32
    assert np.array_equal(first, piece(1))
    assert not np.array_equal(first, piece(2))
    assert np.sqrt(np.mean(first**2)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_it_has_tones_and_a_beat(seed):
    audio = piece(seed)
    power = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) ** 2
    loudest = np.sort(power)[-len(power) // 100 :]
    assert loudest.sum() > 0.5 * power.sum()  # of a hundredth of all lines; white noise: 6 %
    loudness = np.add.reduceat(audio**2, np.arange(0, len(audio), RATE_HZ // 50))
    changes = np.diff(np.log(loudness + 1e-9))
    assert np.percentile(changes, 98) > 0.3  # notes and drums set in


def test_a_piece_shorter_than_a_note():
    assert piece(3, 100).shape == (100,)
