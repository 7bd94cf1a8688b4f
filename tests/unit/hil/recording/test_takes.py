"""What will do as a take of a word, and what is cut out of a recording."""

import re

import numpy as np
import pytest
from spoken_scenes import RATE_HZ, overdriven, recording, word

from hil.recording import takes
from hil.recording.takes import Refused, Take, cut_words, judge, room_noise


def babble() -> np.ndarray:
    """Many voices at once, without a pause."""
    rng = np.random.default_rng(5)
    parts = [(start, word(rng.uniform(0.3, 0.9), rng.uniform(2000, 5000))) for start in rng.uniform(0, 5, 60)]
    return recording(5, *parts, noise=300)


@pytest.mark.parametrize(
    "samples",
    [
        recording(2.5, (1.0, word())),
        recording(2.5, (0.2, word())),
        recording(2.5, (1.0, word(peak=150)), noise=2),
        recording(2.5, (1.0, word(peak=2000)), noise=150),
        recording(2.5, (1.0, word())) + np.int16(3000),
        recording(2.5, (0.8, word(0.4)), (1.4, word(0.5))),  # a phrase with a pause of 200 ms
        recording(4.0, (0.9, word(1.9))),
        recording(2.5, (1.0, word()), (0.3, np.full(200, 3000.0))),  # a click before it
        recording(2.5, (1.0, word()), (1.9, word(0.4, 300))),  # somebody far away
    ],
    ids=["plain", "early", "quiet", "noisy", "offset", "phrase", "long", "click", "far away"],
)
def test_what_will_do(samples):
    found = judge(samples, RATE_HZ)
    assert isinstance(found, Take), found
    assert found.samples.dtype == np.int16
    least_s = max(1.0, found.word_ms / 1000 + 0.6)
    assert len(found.samples) / RATE_HZ == pytest.approx(least_s, abs=0.11)
    loud = np.flatnonzero(np.abs(found.samples - np.median(found.samples)) > 0.3 * np.ptp(found.samples) / 2)
    assert loud[0] > 0.03 * RATE_HZ, "room before it"
    assert loud[-1] < len(found.samples) - 0.05 * RATE_HZ, "and behind it"


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(0, np.int16), "no sound at all"),
        (np.full(40000, 700, np.int16), "no sound at all; is the microphone on"),
        (recording(2.5, noise=15), "too quiet: its peak is at"),
        (recording(2.5, noise=300), "nothing stands out, the loudest is"),
        (recording(2.5, (1.0, word(peak=900)), noise=300), "nothing stands out"),
        (recording(2.5, (1.0, word(peak=90000))), r"it is clipped \(\d+ samples\)"),
        (np.clip(recording(2.5, (1.0, word(peak=12000))), -8000, 8000), "it is clipped"),
        (recording(2.5, (0.0, word())), "its beginning is cut off"),
        (recording(2.5, (2.2, word())), "its end is cut off"),
        (recording(3.0, (0.5, word()), (1.9, word())), "2 things sound in it; say it once"),
        (recording(6.0, (0.9, word(4.2))), r"it sounds for 4\.\d s, expected 3 s or less"),
        (recording(2.5, (1.0, np.full(900, 9000.0) * np.sin(np.arange(900)))), "only clicks"),
        (babble(), "things sound in it|it sounds for|nothing stands out|is cut off"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_what_will_not(samples, reason):
    found = judge(samples, RATE_HZ)
    assert isinstance(found, Refused)
    assert re.search(reason, found.reason), found.reason


@pytest.mark.parametrize("rate_hz", [8000, 44100])
def test_any_rate(rate_hz):
    samples = np.random.default_rng(6).normal(0, 15, 3 * rate_hz)
    samples[rate_hz : 2 * rate_hz] += 5000 * np.sin(np.arange(rate_hz) / 9)
    found = judge(samples.astype(np.int16), rate_hz)
    assert isinstance(found, Take)
    assert found.word_ms == pytest.approx(1000, abs=60)
    assert len(found.samples) / rate_hz == pytest.approx(1.6, abs=0.1)


def test_a_word_is_over_when_a_pause_follows():
    samples = recording(3.0, (1.0, word()))
    assert not takes.is_over(samples[: round(0.9 * RATE_HZ)], RATE_HZ), "nothing was said"
    assert not takes.is_over(samples[: round(1.9 * RATE_HZ)], RATE_HZ), "more may come"
    assert takes.is_over(samples[: round(2.4 * RATE_HZ)], RATE_HZ)
    assert not takes.is_over(recording(8.0, noise=300), RATE_HZ)
    endless = recording(8.0, *((start, word(0.9)) for start in np.arange(0.5, 7.4, 1.2)))
    assert takes.is_over(endless, RATE_HZ), "it is refused rather than waited for"


def test_one_word_again_and_again_is_cut_at_the_pauses():
    said = [(1.0 + 1.7 * number, word(0.4 + 0.05 * number)) for number in range(6)]
    samples = recording(12.0, *said)
    samples = overdriven(samples, 4.4, 4.9)
    found = list(cut_words(samples, RATE_HZ))
    assert [round(start_s, 1) for start_s, _ in found] == [round(start_s, 1) for start_s, _ in said]
    assert [isinstance(take, Take) for _, take in found] == [True, True, False, True, True, True]
    assert "clipped" in found[2][1].reason


def test_the_pauses_are_the_sound_of_the_room():
    said = [(1.0 + 2.5 * number, word()) for number in range(10)]
    room = room_noise(recording(26.0, *said), RATE_HZ)
    assert len(room) / RATE_HZ == pytest.approx(15, abs=1.5)
    assert room.std() == pytest.approx(15, abs=1)
    assert not len(room_noise(recording(4.0, (1.0, word())), RATE_HZ)), "too short"
    assert len(room_noise(recording(90.0), RATE_HZ)) == 60 * RATE_HZ
