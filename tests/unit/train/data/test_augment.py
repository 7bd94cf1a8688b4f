"""Shift, volume and mixing: the limits of speech_commands, checked on many draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.core.errors import UserError
from train.data.augment import (
    draw_shift,
    draw_volume,
    elsewhere,
    faster,
    mix,
    shift,
    through_microphone,
)
from train.settings.augmentation import Augmentation

AUDIO = np.array([1, 2, 3, 4, 5], dtype=np.float32)


def test_defaults_are_the_original_s():
    assert Augmentation() == Augmentation(
        time_shift_ms=100.0, background_volume=0.1, background_frequency=0.8
    )


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (0, [1, 2, 3, 4, 5]),
        (2, [0, 0, 1, 2, 3]),
        (-2, [3, 4, 5, 0, 0]),
        (5, [0] * 5),
        (-5, [0] * 5),
        (7, [0] * 5),
        (-7, [0] * 5),
    ],
)
def test_shift(samples, expected):
    before = AUDIO.copy()
    shifted = shift(AUDIO, samples)
    assert shifted.tolist() == expected
    assert shifted.dtype == np.float32
    shifted[:] = 9
    assert np.array_equal(AUDIO, before)  # a copy, also where nothing moves


@given(st.integers(-8, 8))
def test_shift_moves_every_sample_by_as_much(samples):
    expected = [AUDIO[i - samples] if 0 <= i - samples < len(AUDIO) else 0 for i in range(len(AUDIO))]
    assert shift(AUDIO, samples).tolist() == expected


def test_drawn_shifts_reach_the_lower_limit_and_not_the_upper():
    generator = np.random.default_rng(0)
    draws = [draw_shift(3, generator) for _ in range(300)]
    assert set(draws) == {-3, -2, -1, 0, 1, 2}
    assert all(isinstance(draw, int) for draw in draws)


def test_no_shift_draws_nothing():
    generator = np.random.default_rng(0)
    assert draw_shift(0, generator) == 0
    assert generator.random() == np.random.default_rng(0).random()


def test_drawn_volumes():
    generator = np.random.default_rng(0)
    settings = Augmentation(background_volume=0.3, background_frequency=0.8)
    volumes = np.array([draw_volume(settings, generator) for _ in range(4000)])
    loud = volumes[volumes > 0]
    assert len(loud) / len(volumes) == pytest.approx(0.8, abs=0.03)
    assert loud.max() < 0.3
    assert loud.max() > 0.29
    assert loud.mean() == pytest.approx(0.15, abs=0.01)


@pytest.mark.parametrize(("volume", "frequency", "share"), [(0.1, 0.0, 0), (0.1, 1.0, 1), (0.0, 1.0, 0)])
def test_volumes_at_the_ends(volume, frequency, share):
    generator = np.random.default_rng(0)
    settings = Augmentation(background_volume=volume, background_frequency=frequency)
    assert np.mean([draw_volume(settings, generator) > 0 for _ in range(100)]) == share


def test_mix_adds_and_clips():
    foreground = np.array([0.5, 0.9, -0.9, 1.0], dtype=np.float32)
    background = np.array([0.5, 1.0, -1.0, -1.0], dtype=np.float32)
    mixed = mix(foreground, background, 0.5)
    assert mixed.dtype == np.float32
    assert mixed.tolist() == [0.75, 1.0, -1.0, 0.5]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"time_shift_ms": -1}, "--time-shift-ms is -1, expected 0 or more"),
        ({"time_shift_ms": float("nan")}, "--time-shift-ms is nan"),
        ({"time_shift_ms": float("inf")}, "--time-shift-ms is inf"),
        ({"background_volume": 1.1}, "--background-volume is 1.1, expected 0 to 1"),
        ({"background_volume": float("nan")}, "--background-volume is nan"),
        ({"background_frequency": -0.1}, "--background-frequency is -0.1, expected 0 to 1"),
        ({"gain_low": 0.0}, "--gain is 0,1, expected the least and the most, such as 0.05,1.5"),
        ({"gain_low": 2, "gain_high": 1}, "--gain is 2,1, expected the least and the most"),
        ({"gain_low": float("nan")}, "--gain is nan,1"),
        ({"gain_high": float("inf")}, "--gain is 1,inf, .* up to 100"),
        ({"dc_offset": -1}, "--dc-offset is -1, expected 0 to 32768"),
        ({"dc_offset": float("nan")}, "--dc-offset is nan"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        Augmentation(**settings)


TONE = (0.5 * np.sin(np.arange(400) * np.pi / 20)).astype(np.float32)  # ten turns


def test_the_microphone_of_the_original_draws_nothing():
    generator = np.random.default_rng(0)
    assert through_microphone(TONE, Augmentation(), generator) is TONE
    assert generator.random() == np.random.default_rng(0).random()


def test_a_microphone_has_a_gain_and_an_offset_in_steps_of_int16():
    settings = Augmentation(gain_low=0.05, gain_high=1.5, dc_offset=1500)
    heard = np.stack([through_microphone(TONE, settings, np.random.default_rng(seed)) for seed in range(400)])
    again = through_microphone(TONE, settings, np.random.default_rng(7))
    assert heard.dtype == np.float32
    assert np.array_equal(heard[7], again)
    assert np.array_equal(heard * 32768, np.rint(heard * 32768))
    offsets = heard.mean(axis=1, dtype=np.float64) * 32768
    gains_db = 20 * np.log10(heard.std(axis=1) / TONE.std())
    assert -26.1 < gains_db.min() < -24
    assert 2.5 < gains_db.max() < 3.6
    assert np.median(gains_db) == pytest.approx(-11.2, abs=2)  # even in decibels
    assert -1501 < offsets.min() < -1300
    assert 1300 < offsets.max() < 1501


def test_a_microphone_clips():
    heard = through_microphone(TONE, Augmentation(gain_low=3, gain_high=3), np.random.default_rng(0))
    assert (heard.min(), heard.max()) == (-1.0, 32767 / 32768)


SINE = (0.25 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)).astype(np.float32)


def pitch_hz(audio: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    return float(np.argmax(spectrum) * 16000 / len(audio))


def test_faster_is_higher_and_shorter_around_its_middle():
    generator = np.random.default_rng(1)
    factors = []
    for _ in range(30):
        played = faster(SINE, Augmentation(speed=0.2), generator)
        assert (played.shape, played.dtype) == (SINE.shape, np.float32)
        factors.append(pitch_hz(played) / 440)
        sounding = np.flatnonzero(np.abs(played) > 0.02)
        assert sounding[0] == pytest.approx(15999 - sounding[-1], abs=60)
        assert sounding[-1] - sounding[0] == pytest.approx(16000 / max(1, factors[-1]), rel=0.01)
    assert min(factors) == pytest.approx(0.8, abs=0.05)
    assert max(factors) == pytest.approx(1.2, abs=0.05)


def test_noise_has_the_ratio_that_was_drawn():
    settings = Augmentation(snr_frequency=1, snr_low_db=5, snr_high_db=15)
    generator = np.random.default_rng(2)
    ratios_db = []
    for _ in range(40):
        noise = elsewhere(SINE, settings, generator, is_word=True) - SINE
        ratios_db.append(10 * np.log10(np.mean(SINE**2) / np.mean(noise**2)))
    assert 4.9 < min(ratios_db) < 7
    assert 13 < max(ratios_db) < 15.1
    assert np.array_equal(elsewhere(SINE, settings, generator, is_word=False), SINE)
    assert not elsewhere(0 * SINE, settings, generator, is_word=True).any()  # digital silence stays


@pytest.mark.parametrize("name", ["room_frequency", "filter_frequency", "codec_frequency"])
def test_what_is_heard_elsewhere_is_changed_as_often_as_was_set(name):
    generator = np.random.default_rng(3)
    noise = (0.1 * np.random.default_rng(4).standard_normal(16000)).astype(np.float32)
    changed = 0
    for is_word in (True, False) * 50:
        heard = elsewhere(noise, Augmentation(**{name: 0.3}), generator, is_word=is_word)
        assert (heard.shape, heard.dtype) == (noise.shape, np.float32)
        assert np.abs(heard).max() <= 1
        changed += not np.array_equal(heard, noise)
        assert np.corrcoef(heard, noise)[0, 1] > 0.2
    assert 15 <= changed <= 45


def test_a_room_sounds_on():
    click = np.zeros(16000, np.float32)
    click[2000] = 0.5
    heard = elsewhere(click, Augmentation(room_frequency=1), np.random.default_rng(5), is_word=True)
    assert np.abs(heard[:2000]).max() < 1e-6
    assert np.square(heard[2100:]).sum() > 1e-4
    assert np.square(heard[2100:4000]).sum() > np.square(heard[10000:]).sum()


def test_nothing_is_drawn_for_what_is_off():
    """So that the clips of the original's recipe stay as they were."""
    generator = np.random.default_rng(6)
    assert faster(SINE, Augmentation(), generator) is SINE
    assert np.array_equal(elsewhere(SINE, Augmentation(), generator, is_word=True), SINE)
    assert generator.random() == np.random.default_rng(6).random()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("speed=0.6", "speed=0.6, expected 0 to 0.5"),
        ("speed=nan", "speed=nan, expected 0 to 0.5"),
        ("room_frequency=2", "room_frequency=2, expected 0 to 1"),
        ("snr_low_db=30", "snr_low_db=30,snr_high_db=20, expected the least and the most, -60 to 100"),
        ("gain_low=2", "gain_low=2: expected none, or NAME=NUMBER with a NAME of speed, room_frequency,"),
        ("speed", "speed: expected none, or NAME=NUMBER"),
        ("speed=0.1,none", "none: expected none, or NAME=NUMBER"),
    ],
)
def test_changes_that_mean_nothing_are_refused(text, message):
    with pytest.raises(UserError, match=f"^--audio-augmentation {message}"):
        Augmentation().changed(text)


def test_changes_are_added_to_what_there_is():
    changed = Augmentation(50).changed("speed=0.1,snr_frequency=0.5")
    assert changed == Augmentation(50, speed=0.1, snr_frequency=0.5)
    assert changed.changed("none") is changed
