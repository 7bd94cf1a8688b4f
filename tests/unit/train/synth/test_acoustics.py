"""Timbre, rooms, microphones, codecs and noises: each changes what it is given, in length and range."""

import numpy as np
import pytest

from train.synth import acoustics, noises, timbre

RATE_HZ = acoustics.SAMPLE_RATE_HZ


def vowel(samples=9000, pitch_hz=120.0):
    """Pulses through two resonances at 16-bit level."""
    pulses = np.zeros(samples)
    pulses[:: int(RATE_HZ / pitch_hz)] = 1
    time_s = np.arange(800) / RATE_HZ
    resonances = sum(np.exp(-time_s * 300) * np.sin(2 * np.pi * hz * time_s) for hz in (600, 1500))
    return (8000 * np.convolve(pulses, resonances)[:samples]).astype(np.float32)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("samples", [300, 7777, 16000])
def test_another_mouth_says_as_much_and_something_else(samples):
    speech = vowel(samples)
    spoken = [timbre.another_mouth(speech, rng(seed)) for seed in range(3)]
    assert {sound.shape for sound in spoken} == {(samples,)}
    assert all(np.isfinite(sound).all() for sound in spoken)
    for sound in spoken:
        assert 0.3 < np.std(sound) / np.std(speech) < 3
    assert np.corrcoef(spoken[0], spoken[1])[0, 1] < 0.99
    assert (timbre.another_mouth(speech, rng(1)) == spoken[1]).all()


def test_frames_overlap_to_what_they_were_cut_from():
    speech = vowel()
    whole = timbre._overlapped(timbre._frames(speech) * timbre._WINDOW, len(speech))
    assert np.abs(whole - speech).max() < 0.01


def test_formants_move_and_valleys_fill():
    spectra = np.fft.rfft(timbre._frames(vowel()) * timbre._WINDOW)
    shape = timbre._shape(spectra)

    def ripple(frame):
        """How far a frame is from a straight line over frequency."""
        places = np.arange(len(frame))
        return np.std(frame - np.polyval(np.polyfit(places, frame, 1), places))

    ripples = [ripple(timbre._flattened(shape, rng(seed))[20]) for seed in range(20)]
    assert max(ripples) <= ripple(shape[20]) * 1.001
    assert min(ripples) < 0.7 * ripple(shape[20])
    peaks_hz = {timbre._moved_formants(shape, rng(seed))[20, 10:35].argmax() for seed in range(20)}
    assert len(peaks_hz) > 2


def test_breath_is_as_loud_as_the_voice_that_it_replaces(monkeypatch):
    monkeypatch.setattr(timbre, "_WHISPER_PROBABILITY", 1.0)
    speech = vowel()
    whisper = timbre.another_mouth(speech, rng())
    assert 0.3 < np.std(whisper) / np.std(speech) < 3
    repeated = np.correlate(whisper[2000:6000], whisper[2000 + RATE_HZ // 120 : 6000 + RATE_HZ // 120])[0]
    assert abs(repeated) < 0.5 * np.sum(whisper[2000:6000] ** 2)  # no pitch is left


@pytest.mark.parametrize("clip_samples", [16000, 24000])
def test_a_recording_is_a_clip_long(clip_samples):
    for seed in range(20):
        clip = acoustics.record(vowel(clip_samples), rng(seed), clip_samples)
        assert clip.shape == (clip_samples,)
        assert clip.dtype == np.int16
    assert (acoustics.record(vowel(), rng(1)) == acoustics.record(vowel(), rng(1))).all()


def test_recordings_differ_in_place_level_and_floor():
    clips = np.stack([acoustics.record(vowel(), rng(seed)) for seed in range(60)]).astype(float)
    peaks = np.abs(clips).max(axis=1)
    assert peaks.min() < 8000
    assert (peaks == 32767).sum() > 1  # overdriven
    starts = np.abs(clips > 0.3 * peaks[:, None]).argmax(axis=1)
    assert np.ptp(starts) > 4000
    quietest = np.sort(np.abs(clips).reshape(60, 100, 160).mean(axis=2), axis=1)[:, 5]
    assert quietest.min() < 1 < 20 < quietest.max()


def test_an_edge_cuts_off_a_little_of_some_words():
    starts = np.array([acoustics._start(16000, 5000, rng(seed)) for seed in range(400)])
    early, late = starts < 0, starts > 11000
    assert early.any()
    assert late.any()
    assert np.mean(early | late) < 0.2
    assert starts.min() >= -1500
    assert starts.max() <= 12500


def test_clicks_are_short_and_leave_the_rest_alone():
    clip = vowel(16000)
    changed = np.abs(acoustics._clicks(clip, rng()) - clip) > 0
    assert 10 < changed.sum() < 8000


@pytest.mark.parametrize("codec", sorted(set(acoustics.CODECS), key=lambda codec: codec.__name__))
def test_a_codec_changes_a_little(codec):
    clip = vowel(16000) + rng(3).normal(0, 20, 16000)
    coded = codec(clip, rng())
    assert coded.shape == clip.shape
    difference = np.std(coded - clip) / np.std(clip)
    assert 0.002 < difference < 0.5
    assert np.abs(codec(np.zeros(16000), rng())).max() == 0


def test_a_narrow_band_has_no_treble():
    spectrum = np.abs(np.fft.rfft(acoustics.narrow_band(rng().normal(0, 1000, 16000), rng())))
    assert spectrum[4000:].mean() < 0.05 * spectrum[1000:3000].mean()


def test_noise_colours():
    def slope(exponent):
        noise = acoustics.coloured_noise(rng(), 1 << 18, exponent)
        power = np.abs(np.fft.rfft(noise)) ** 2
        octaves = [power[2**n : 2 ** (n + 1)].mean() for n in range(11, 17)]
        return float(np.polyfit(np.arange(6), np.log2(octaves), 1)[0])

    assert [round(slope(exponent), 1) for exponent in (0, 1, 2)] == pytest.approx([0, -1, -2], abs=0.11)


def test_backgrounds_are_from_loud_to_hardly_there():
    sounds = noises.background_noises(rng())
    levels_db = {
        name: 20 * np.log10(np.std(samples.astype(float)) / 32768) for name, samples in sounds.items()
    }
    assert len(sounds) >= 10
    assert {samples.shape for samples in sounds.values()} == {(60 * RATE_HZ,)}
    assert min(levels_db.values()) < -48
    assert max(levels_db.values()) > -13
