"""Takes with their parts in another order."""

import numpy as np
import pytest

from train.audio.scramble import scrambled

RATE_HZ = 16000
PITCH = np.linspace(300, 2000, 12800)  # rises for 0.8 s, so that each moment sounds different
WORD = 8000 * np.sin(2 * np.pi * np.cumsum(PITCH) / RATE_HZ)
NOISE = np.random.default_rng(1).normal(0, 20, 2 * RATE_HZ)


def take() -> np.ndarray:
    samples = NOISE.copy()
    samples[9600 : 9600 + len(WORD)] += WORD
    return samples.astype(np.int16)


def rising_share(samples: np.ndarray) -> float:
    """Share of all pairs of moments of the word in which the later one is higher; what is quiet is not."""
    frames = samples[9600 : 9600 + 12800].reshape(-1, 320)
    loud = [frame for frame in frames if frame.std() > 1000]
    pitches = np.array([np.abs(np.fft.rfft(frame)).argmax() for frame in loud])
    rising = np.triu(pitches[None, :] >= pitches[:, None], 1).sum()
    return float(2 * rising / (len(frames) * (len(frames) - 1)))


def test_the_take_itself_rises():
    assert rising_share(take()) > 0.95


@pytest.mark.parametrize("seed", range(12))
def test_the_word_is_gone_and_the_rest_is_the_same(seed):
    samples = take()
    changed = scrambled(samples, RATE_HZ, np.random.default_rng(seed))
    assert changed.dtype == np.int16
    assert changed.shape == samples.shape
    assert rising_share(changed) < 0.8
    assert np.array_equal(changed[:9000], samples[:9000]), "the room before the word"
    assert changed[9600:22400].std() > 0.4 * samples[9600:22400].std(), "somebody speaks"
    assert np.array_equal(changed, scrambled(samples, RATE_HZ, np.random.default_rng(seed)))


def test_silence_and_short_clips_pass():
    for length in (1, 100, 16000):
        assert scrambled(np.zeros(length, np.int16), RATE_HZ, np.random.default_rng(0)).shape == (length,)
