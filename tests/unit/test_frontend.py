"""Pieces of the front end: window, pooling, rounding. The whole is in tests/golden."""

import numpy as np
import pytest

from train.frontend import (
    average_bins,
    dequantize_features,
    hann_window,
    model_input,
    power_spectrogram,
    quantize_features,
)
from train.spec import FrontEnd

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


def test_quantized_features_come_back():
    steps = np.arange(256, dtype=np.uint8)
    values = dequantize_features(steps, FRONT_END)
    assert values.dtype == np.float32
    assert np.array_equal(values, steps / 2)
    assert np.array_equal(quantize_features(values, FRONT_END), steps)


def test_model_input_is_the_byte_less_128():
    steps = np.arange(256, dtype=np.uint8)
    signed = model_input(steps, FRONT_END)
    assert signed.dtype == np.int8
    assert np.array_equal(signed, np.arange(-128, 128))
    assert np.array_equal(signed, (steps ^ 0x80).view(np.int8))  # what a device would do
