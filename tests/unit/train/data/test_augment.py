"""Shift, volume and mixing: the limits of speech_commands, checked on many draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.core.errors import UserError
from train.data.augment import draw_shift, draw_volume, mix, shift, through_microphone
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
