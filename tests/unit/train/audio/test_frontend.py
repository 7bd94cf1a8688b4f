"""Pieces of the front end: window, pooling, rounding. The whole is in tests/golden."""

import numpy as np
import pytest

from train.audio.compression import level_weights, levels, log_steps
from train.audio.frontend import (
    average_bins,
    band_powers,
    compress,
    compute_features,
    dequantize_features,
    hann_window,
    mel_weights,
    model_input,
    power_spectrogram,
    quantize_features,
    wav_features,
)
from train.audio.wav import to_float
from train.core.spec import FRONT_ENDS, HOST_FRONT_ENDS, FrontEnd

FRONT_END = FrontEnd()


def test_window_is_periodic():
    window = hann_window(480)
    assert window[0] == 0.0
    assert window[240] == 1.0
    assert window[479] > 0  # the symmetric one ends in 0
    np.testing.assert_allclose(window[1:], window[:0:-1])


def test_spectrogram_uses_every_window_once():
    audio = np.arange(16000, dtype=np.float32)[None] / 16000
    power = power_spectrogram(audio, FRONT_END)
    assert power.shape == (1, 49, 257)
    assert power.dtype == np.float32
    last = np.fft.rfft(audio[0, 48 * 320 : 48 * 320 + 480] * hann_window(480), 512)
    np.testing.assert_allclose(power[0, 48], np.abs(last) ** 2, rtol=1e-6)


@pytest.mark.parametrize(
    ("feature_bin_count", "groups"),
    [
        (40, [6] * 42 + [5]),  # one place is empty: behind
        (36, [6] + [7] * 35 + [6]),  # two: one on either side
        (32, [5] + [8] * 31 + [4]),  # seven: three in front, four behind
        (25, [9] + [10] * 24 + [8]),
        (257, [1] * 257),
        (1, [257]),
        (2, [65, 128, 64]),  # 127 of 384
    ],
)
def test_groups_are_those_of_same_pooling(feature_bin_count, groups):
    front_end = FrontEnd(feature_bin_count=feature_bin_count)
    ends = np.cumsum(groups)
    assert ends[-1] == front_end.fft_bins
    assert len(groups) == front_end.bins
    for number, (size, end) in enumerate(zip(groups, ends, strict=True)):
        marked = np.zeros((1, 1, 257), dtype=np.float32)
        marked[..., end - size : end] = 3.0
        expected = np.zeros(len(groups), dtype=np.float32)
        expected[number] = 3.0  # the mean of its members alone: padding does not count
        assert np.array_equal(average_bins(marked, front_end)[0, 0], expected)


def test_flat_spectrum_stays_flat():
    """The embedded reference of the original gives 0.667 in the last bin."""
    flat = np.ones((2, 49, 257), dtype=np.float32)
    assert (average_bins(flat, FRONT_END) == 1.0).all()


def test_pooling_refuses_another_width():
    with pytest.raises(ValueError, match="256 bins, expected 257"):
        average_bins(np.zeros((1, 49, 256), dtype=np.float32), FRONT_END)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, 0),
        (0.249, 0),
        (0.24999999, 0),  # in float32, adding a half to twice this gives 1
        (0.25, 1),  # half a step: up, as roundf
        (0.74999, 1),
        (0.75, 2),  # rounding to even would give 2 as well, and at 1.25 it would differ
        (1.25, 3),
        (127.24, 254),
        (127.25, 255),
        (127.5, 255),
        (1e9, 255),
        (-0.1, 0),
    ],
)
def test_rounding_and_clamping(value, expected):
    assert quantize_features(np.array([[value]], dtype=np.float32), FRONT_END)[0, 0] == expected


def test_rounding_is_roundf_beside_every_tie():
    ties = np.arange(256, dtype=np.float32) / 2 + np.float32(0.25)
    below = np.nextafter(ties, np.float32(0))
    above = np.nextafter(ties, np.float32(1000))
    for values in (below, ties, above):
        expected = np.minimum(np.floor(values.astype(np.float64) * 2 + 0.5), 255)
        assert np.array_equal(quantize_features(values, FRONT_END), expected)


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_quantized_features_come_back(name):
    front_end = FrontEnd(name)
    steps = np.arange(256, dtype=np.uint8)
    values = dequantize_features(steps, front_end)
    assert values.dtype == np.float32
    assert np.array_equal(values, steps * front_end.feature_scale)
    assert np.array_equal(quantize_features(values, front_end), steps)


@pytest.mark.parametrize("name", HOST_FRONT_ENDS)
def test_features_of_no_board_come_back_from_int16(name):
    front_end = FrontEnd(name)
    steps = np.arange(-(2**15), 2**15).astype(np.int16)
    values = dequantize_features(steps, front_end)
    assert np.array_equal(values, np.arange(-(2**15), 2**15) * front_end.feature_scale)
    assert (values.min(), values.max()) == (front_end.feature_min, front_end.feature_max)
    back = quantize_features(values, front_end)
    assert back.dtype == np.int16
    assert np.array_equal(back, steps)


def test_raw_features_are_the_samples():
    samples = np.random.default_rng(2).integers(-(2**15), 2**15, 16000).astype(np.int16)
    features = wav_features(to_float(samples)[np.newaxis], FrontEnd("raw"))
    assert features.shape == (1, 16000, 1)
    assert np.array_equal(features[0, :, 0], samples)


def test_mfcc_is_within_its_steps():
    """Silence is the lowest first coefficient, noise at full scale is far from the highest."""
    front_end = FrontEnd("mfcc")
    noise = np.random.default_rng(3).choice([-1.0, 1.0], 16000)
    audio = np.stack([np.zeros(16000), noise]).astype(np.float32)
    features = compute_features(audio, front_end)
    assert features.min() == pytest.approx(np.sqrt(40 * 2) * np.log(1e-12), rel=1e-5)
    assert features.max() < 80
    quantized = wav_features(audio, front_end)
    np.testing.assert_allclose(dequantize_features(quantized, front_end), features, atol=1 / 256)


def test_model_input_is_the_byte_less_128():
    steps = np.arange(256, dtype=np.uint8)
    signed = model_input(steps, FRONT_END)
    assert signed.dtype == np.int8
    assert np.array_equal(signed, np.arange(-128, 128))
    assert np.array_equal(signed, (steps ^ 0x80).view(np.int8))  # what a device would do


def test_mel_bands_share_every_bin_between_them():
    weights = mel_weights(FrontEnd("log_mel"))
    assert weights.shape == (257, 40)
    inner = np.flatnonzero((weights[:, 0] < 1) & (weights[:, 39] == 0) & (weights.argmax(axis=1) > 0))
    np.testing.assert_allclose(weights[inner].sum(axis=1), 1.0)
    assert np.count_nonzero(weights, axis=1).max() == 2
    assert not weights[0].any()  # 0 Hz
    assert not weights[128:].any()  # from 4000 Hz on


@pytest.mark.parametrize("name", ["log", "log_mel"])
def test_logarithm_has_a_floor_and_a_top(name):
    front_end = FrontEnd(name)
    powers = np.array([[[0.0, 1e-30, 2.0**-30, 1.0, 2.0, 1e9]]], dtype=np.float32)
    steps = compress(powers, front_end)[0, 0] / front_end.feature_scale
    assert (steps[:3] == 0).all()
    assert steps[3] == pytest.approx({"log": 160, "log_mel": 146.2}[name], abs=1e-4)
    assert steps[4] - steps[3] == pytest.approx({"log": 8, "log_mel": 10 * np.log(2)}[name], abs=1e-4)
    assert quantize_features(compress(powers, front_end), front_end)[0, 0, 5] == 255
    assert front_end.log_scale is not None
    assert log_steps(powers, front_end.log_scale).dtype == np.float64


def test_level_is_a_mean_that_forgets():
    rng = np.random.default_rng(1)
    powers = rng.exponential(1.0, (2, 49, 3)).astype(np.float32)
    found = levels(powers, 0.1)
    np.testing.assert_array_equal(found[:, 0], powers[:, 0])
    np.testing.assert_allclose(found[:, 1], 0.9 * powers[:, 0] + 0.1 * powers[:, 1], rtol=1e-6)
    weights = level_weights(49, 0.1)
    np.testing.assert_allclose(weights @ powers, found, rtol=1e-6)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert not np.triu(weights, 1).any()
    assert FrontEnd("pcan").level_share == pytest.approx(0.0488, abs=1e-4)


def syllables(level: float, noise: float) -> np.ndarray:
    """(1, 16000) float32: two short buzzes above steady noise, as a microphone rounds it."""
    rng = np.random.default_rng(7)
    seconds = np.arange(16000) / 16000
    buzz = sum(np.sin(2 * np.pi * 130 * harmonic * seconds) / harmonic for harmonic in range(1, 25))
    loudness = np.exp(-(((seconds[:, None] - [0.35, 0.7]) / 0.06) ** 2)).sum(axis=1)
    sound = level * (0.2 * buzz * loudness + noise * rng.normal(0, 1, 16000))
    return to_float(np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16))[np.newaxis]


def difference(name: str, one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference of two clips' features, in steps, beside the spread of the features."""
    first, second = (wav_features(audio, FrontEnd(name)).astype(float) for audio in (one, other))
    return float(np.abs(first - second).mean() / np.abs(first - first.mean()).mean())


def test_gain_control_does_not_mind_the_level():
    loud, quiet = syllables(1.0, 0.003), syllables(0.25, 0.003)
    assert difference("log_mel", loud, quiet) > 0.5
    assert difference("pcan", loud, quiet) < 0.1


def test_gain_control_minds_steady_noise_less():
    faint, noisy = syllables(1.0, 0.001), syllables(1.0, 0.01)
    assert difference("pcan", faint, noisy) < 0.7 * difference("log_mel", faint, noisy)


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_silence_is_the_lowest_feature(name):
    assert not wav_features(np.zeros((1, 16000), dtype=np.float32), FrontEnd(name)).any()


def test_band_powers_of_a_tone_are_in_its_band():
    seconds = np.arange(16000) / 16000
    tone = (0.1 * np.sin(2 * np.pi * 1000 * seconds)).astype(np.float32)[np.newaxis]
    for name, count in (("log", 43), ("log_mel", 40)):
        powers = band_powers(tone, FrontEnd(name))
        assert powers.shape == (1, 49, count)
        assert powers.dtype == np.float32
        expected = {"log": 32 // 6, "log_mel": round(41 * np.log1p(1000 / 700) / np.log1p(4000 / 700)) - 1}[
            name
        ]
        assert (powers.argmax(axis=-1) == expected).all()
