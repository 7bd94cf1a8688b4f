"""The front end against the original project's array, and against itself written the slow way.

The golden clip and array come from TensorFlow's micro_speech example (SEMANTICS.md A, B); the
slow front end below is written from the formulas alone and shares no code with train/audio/frontend.py.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SHARED

from train.audio import frontend
from train.audio.frontend import compute_features, float_features, quantize_features, wav_features
from train.audio.wav import read_wav, to_float
from train.core.spec import FrontEnd

FRONT_END = FrontEnd()
GOLDEN = SHARED / "reference" / "golden"
CLIP = GOLDEN / "yes_1000ms.wav"
ARRAY = GOLDEN / "yes_f2e59fea_nohash_1.average_uint8.csv"

needs_golden = pytest.mark.skipif(not ARRAY.is_file(), reason="../shared has no golden array")


def slow_features(clip: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """(frames, bins) float64, not clamped: one frame, one group at a time."""
    window, stride = front_end.window_samples, front_end.stride_samples
    fft_length = 1
    while fft_length < window:
        fft_length *= 2
    bins = fft_length // 2 + 1
    size = bins // front_end.feature_bin_count
    groups = int(np.ceil(bins / size))
    pad_before = (groups * size - bins) // 2  # SAME
    rows = []
    for start in range(0, len(clip) - window + 1, stride):
        frame = np.zeros(fft_length)
        for i in range(window):
            frame[i] = float(clip[start + i]) * (0.5 - 0.5 * np.cos(2 * np.pi * i / window))
        spectrum = np.fft.fft(frame)[:bins]
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32).astype(np.float64)
        row = []
        for group in range(groups):
            first = max(0, group * size - pad_before)
            members = power[first : min(bins, (group + 1) * size - pad_before)]
            row.append(sum(members) / len(members))
        rows.append(row)
    return np.array(rows)


def slow_quantized(features: np.ndarray) -> np.ndarray:
    return np.clip(np.round(255 * features / 127.5), 0, 255).astype(np.uint8)


def assert_equal_bytes(clip: np.ndarray, front_end: FrontEnd = FRONT_END) -> None:
    """Equal bytes, except where the slow front end itself is a hair from a rounding tie."""
    expected = slow_features(clip, front_end)
    doubled = np.minimum(2 * expected, 256)
    undecided = np.abs(doubled - np.floor(doubled) - 0.5) < 1e-5 * np.maximum(1, doubled)
    assert np.mean(undecided) < 0.01
    found = wav_features(clip[None], front_end)[0]
    differs = (found != slow_quantized(expected)) & ~undecided
    assert found.shape == expected.shape
    assert not differs.any(), f"{differs.sum()} bytes differ, first at {np.argwhere(differs)[0]}"


def tone(frequency_hz: float, amplitude: float = 1.0) -> np.ndarray:
    """(16000,) float32 sine."""
    seconds = np.arange(FRONT_END.clip_samples) / FRONT_END.sample_rate_hz
    return (amplitude * np.sin(2 * np.pi * frequency_hz * seconds)).astype(np.float32)


def golden_pair() -> tuple[np.ndarray, np.ndarray]:
    """(1, 16000) float32 audio and its (49, 43) uint8 features."""
    audio = to_float(read_wav(CLIP, FRONT_END.sample_rate_hz))[None]
    return audio, np.loadtxt(ARRAY, delimiter=",", dtype=np.uint8).reshape(49, 43)


@pytest.mark.shared
@needs_golden
def test_the_original_s_array_to_the_byte():
    audio, expected = golden_pair()
    assert np.count_nonzero(expected) > 100
    found = wav_features(audio, FRONT_END)[0]
    assert np.count_nonzero(found == expected) == 2107


@pytest.mark.shared
@needs_golden
def test_the_symmetric_window_is_wrong(monkeypatch):
    audio, expected = golden_pair()
    monkeypatch.setattr(frontend, "hann_window", np.hanning)
    difference = wav_features(audio, FRONT_END)[0].astype(int) - expected
    assert np.count_nonzero(difference) == 12
    assert np.abs(difference).max() == 1


@pytest.mark.shared
@needs_golden
def test_the_slow_front_end_gives_the_array_too():
    audio, expected = golden_pair()
    assert np.array_equal(slow_quantized(slow_features(audio[0], FRONT_END)), expected)


@pytest.mark.parametrize("scale", [0.003, 0.03, 0.3, 3.0])
def test_noise_equals_the_slow_front_end(scale):
    noise = np.random.default_rng(3).normal(0, scale, FRONT_END.clip_samples)
    assert_equal_bytes(np.clip(noise, -1, 1).astype(np.float32))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.floats(0.001, 1.0),
    window_size_ms=st.integers(1, 64),
    window_stride_ms=st.integers(10, 60),
    data=st.data(),
)
def test_any_front_end_equals_the_slow_one(seed, scale, window_size_ms, window_stride_ms, data):
    whole = FrontEnd(clip_duration_ms=100, window_size_ms=window_size_ms, feature_bin_count=1)
    front_end = FrontEnd(
        clip_duration_ms=100,
        window_size_ms=window_size_ms,
        window_stride_ms=window_stride_ms,
        feature_bin_count=data.draw(st.integers(1, whole.fft_bins), label="feature_bin_count"),
    )
    noise = np.random.default_rng(seed).normal(0, scale, front_end.clip_samples)
    clip = np.clip(noise, -1, 1).astype(np.float32)
    expected = slow_features(clip, front_end)
    found = compute_features(clip[None], front_end)[0]
    np.testing.assert_allclose(found, np.minimum(expected, 127.5), rtol=1e-5, atol=1e-6)


def test_silence_is_zero():
    assert not wav_features(np.zeros((1, 16000), dtype=np.float32), FRONT_END).any()


@pytest.mark.parametrize("frequency_hz", [7880.0, 7900.0, 7950.0])
def test_near_nyquist_tone_lands_in_the_last_bin_divided_by_five(frequency_hz):
    """7875 to 8000 Hz are the last five of the 257 bins. Dividing them by six is the known mistake."""
    power = frontend.power_spectrogram(tone(frequency_hz, 0.1)[None], FRONT_END)[0]
    features = compute_features(tone(frequency_hz, 0.1)[None], FRONT_END)[0]
    np.testing.assert_allclose(features[:, 42], power[:, 252:].sum(axis=1) / 5, rtol=1e-6)
    assert (features.argmax(axis=1) == 42).all()
    by_six = quantize_features((power[:, 252:].sum(axis=1) / 6)[:, None], FRONT_END)
    assert (by_six[:, 0] != quantize_features(features, FRONT_END)[:, 42]).all()
    assert_equal_bytes(tone(frequency_hz, 0.1))


@pytest.mark.parametrize("frequency_hz", [50.0, 1000.0, 7900.0])
def test_full_scale_tone_saturates(frequency_hz):
    features = wav_features(tone(frequency_hz)[None], FRONT_END)[0]
    expected_bin = round(frequency_hz / 16000 * 512) // 6
    assert (features[:, expected_bin] == 255).all()
    assert compute_features(tone(frequency_hz)[None], FRONT_END).max() == 127.5


def test_full_scale_square_wave_saturates():
    square = np.where(np.arange(16000) % 16 < 8, 32767, -32768) / 32768
    features = wav_features(square.astype(np.float32)[None], FRONT_END)[0]
    for harmonic_hz in (1000, 3000, 5000, 7000):
        assert (features[:, harmonic_hz * 512 // 16000 // 6] == 255).all()
    assert features[:, 10].max() == 0  # 1875 to 2031 Hz: an odd square wave has no second harmonic
    assert_equal_bytes(square.astype(np.float32))


def test_steady_offset_is_only_in_the_first_bin():
    features = wav_features(np.full((1, 16000), 0.5, dtype=np.float32), FRONT_END)[0]
    assert (features[:, 0] == 255).all()
    assert not features[:, 1:].any()


def test_impulse_has_a_flat_spectrum():
    """Sample 400 is at 400 in the first frame and 80 in the second; its power is the window squared."""
    clip = np.zeros(16000, dtype=np.float32)
    clip[400] = 1.0
    features = compute_features(clip[None], FRONT_END)[0]
    for frame, position in ((0, 400), (1, 80)):
        expected = (0.5 - 0.5 * np.cos(2 * np.pi * position / 480)) ** 2
        np.testing.assert_allclose(features[frame], expected, rtol=1e-6)
    assert not features[2:].any()


def test_audio_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"audio is \(1, 15999\)"):
        wav_features(np.zeros((1, 15999), dtype=np.float32), FRONT_END)
    with pytest.raises(ValueError, match=r"audio is \(16000,\)"):
        compute_features(np.zeros(16000, dtype=np.float32), FRONT_END)


@pytest.mark.parametrize("clips", [0, 1, 7, 8, 9, 19])
def test_blocks_and_threads_do_not_matter(clips):
    noise = np.random.default_rng(4).normal(0, 0.1, (19, 16000)).astype(np.float32)
    one_by_one = [wav_features(clip[None], FRONT_END)[0] for clip in noise[:clips]]
    expected = np.array(one_by_one, dtype=np.uint8).reshape(clips, 49, 43)
    for workers in (1, 2, 5):
        found = wav_features(noise[:clips], FRONT_END, workers)
        assert found.dtype == np.uint8
        assert np.array_equal(found, expected)
        floats = float_features(noise[:clips], FRONT_END, workers)
        assert np.array_equal(quantize_features(floats, FRONT_END), expected)
