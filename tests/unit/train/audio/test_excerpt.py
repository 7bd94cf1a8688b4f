"""The part of a long recording with the word in it."""

import numpy as np
import pytest

from train.audio.excerpt import contrast_db, fit_clip, sounding_parts, word_samples
from train.audio.wav import fit_length

RATE_HZ = 16000
WORD = (9000 * np.sin(np.arange(8000) / 3) * np.hanning(8000)).astype(np.int16)  # half a second


def recording(
    seconds: float, start_s: float, noise: float = 30, offset: int = 0, gain: float = 1
) -> np.ndarray:
    """A word in a noisy recording."""
    samples = np.random.default_rng(1).normal(offset, noise, round(seconds * RATE_HZ))
    start = round(start_s * RATE_HZ)
    samples[start : start + len(WORD)] += gain * WORD
    return np.clip(samples, -32768, 32767).astype(np.int16)


def word_place(found: np.ndarray, whole: np.ndarray, start_s: float) -> float:
    """Where the word begins in what was taken, in seconds."""
    places = np.lib.stride_tricks.sliding_window_view(whole, len(found))[::160]
    (matches,) = np.nonzero((places[:, :50] == found[:50]).all(axis=1))
    return start_s - matches[0] * 160 / RATE_HZ


@pytest.mark.parametrize("length", [1, 8000, 15999, 16000])
def test_clips_that_fit_stay_as_they_are(length):
    samples = recording(length / RATE_HZ, 0) if length > 8000 else WORD[:length]
    assert np.array_equal(fit_clip(samples, 16000, RATE_HZ), fit_length(samples, 16000))


@pytest.mark.parametrize("seconds", [1.2, 1.7, 2.3, 5.0])
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    "settings", [{}, {"offset": 3000}, {"gain": 0.1}, {"noise": 300}, {"noise": 0}], ids=str
)
def test_the_word_is_found_wherever_it_is(seconds, where, settings):
    start_s = where * (seconds - 0.5)
    whole = recording(seconds, start_s, **settings)
    found = fit_clip(whole, RATE_HZ, RATE_HZ)
    assert len(found) == RATE_HZ
    if settings.get("noise") == 0:  # digital silence looks the same everywhere: what counts is the word
        assert np.square(found, dtype=np.float64).sum() > 0.95 * np.square(whole, dtype=np.float64).sum()
        return
    place_s = word_place(found, whole, start_s)
    assert -0.06 < place_s < 0.56
    if where == 0.5 and seconds > 1.7:
        assert place_s == pytest.approx(0.25, abs=0.15), "in the middle where there is room"


@pytest.mark.parametrize("click_s", [0.05, 2.2])
def test_a_click_does_not_draw_it_away(click_s):
    whole = recording(2.4, 1.15 if click_s < 1 else 0.7)
    click = round(click_s * RATE_HZ)
    whole[click : click + 200] = 32767
    place_s = word_place(fit_clip(whole, RATE_HZ, RATE_HZ), whole, 1.15 if click_s < 1 else 0.7)
    assert -0.06 < place_s < 0.56


def test_the_same_recording_gives_the_same_part():
    whole = recording(2.3, 1.5)
    assert np.array_equal(fit_clip(whole, RATE_HZ, RATE_HZ), fit_clip(whole.copy(), RATE_HZ, RATE_HZ))


def test_silence_and_odd_lengths():
    for length in (16001, 16159, 16161, 32000):
        assert fit_clip(np.zeros(length, np.int16), RATE_HZ, RATE_HZ).shape == (RATE_HZ,)
    assert fit_clip(np.ones(900, np.int16), 400, 8000).shape == (400,)
    assert fit_clip(np.ones(90, np.int16), 40, 50).shape == (40,)


def test_how_long_a_word_is():
    assert word_samples(recording(2.0, 1.0), RATE_HZ) / RATE_HZ == pytest.approx(0.45, abs=0.1)
    assert word_samples(np.zeros(32000, np.int16), RATE_HZ) == 0
    assert word_samples(np.zeros(0, np.int16), RATE_HZ) == 0


@pytest.mark.parametrize("noise", [0, 3, 30, 300])
def test_parts_that_sound_stand_between_pauses(noise):
    samples = recording(5.0, 0.5, noise=noise)
    for start_s in (1.2, 3.5):  # 200 ms and 1.8 s behind the word before
        samples[round(start_s * RATE_HZ) :][: len(WORD)] += WORD
    parts = sounding_parts(samples, RATE_HZ, 450)
    assert [round(start / RATE_HZ, 1) for start, _ in parts] == [0.5, 3.5]
    assert [(end - start) / RATE_HZ for start, end in parts] == pytest.approx([1.2, 0.45], abs=0.1)
    assert len(sounding_parts(samples, RATE_HZ, 100)) == 3


def test_noise_alone_does_not_stand_out():
    noise = np.random.default_rng(2).normal(0, 500, 5 * RATE_HZ).astype(np.int16)
    assert sounding_parts(noise, RATE_HZ, 450) == []
    assert contrast_db(noise, RATE_HZ) < 3
    assert contrast_db(recording(2.0, 1.0), RATE_HZ) > 30
    assert contrast_db(np.zeros(0, np.int16), RATE_HZ) == 0
