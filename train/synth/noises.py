"""Background noises of synthetic corpora: what a room sounds like while nobody speaks to the device."""

import numpy as np
from numpy.typing import NDArray

from train.synth.acoustics import SAMPLE_RATE_HZ, Audio, Rng, coloured_noise, log_uniform, to_int16, unit_rms

NOISE_SECONDS = 60
_COUNT = NOISE_SECONDS * SAMPLE_RATE_HZ


def background_noises(rng: Rng) -> dict[str, NDArray[np.int16]]:
    """Name → (960000,) int16: a minute each of noises that need no voice, from loud to hardly there."""
    time_s = np.arange(_COUNT) / SAMPLE_RATE_HZ
    pink = coloured_noise(rng, _COUNT, 1)
    hum = np.sum([np.sin(2 * np.pi * 50 * k * time_s + rng.uniform(0, 6)) / k for k in (1, 2, 3, 5, 7, 9)], 0)
    fan = coloured_noise(rng, _COUNT, 1.5) * (1 + 0.3 * np.sin(2 * np.pi * 23 * time_s))
    wheel = coloured_noise(rng, _COUNT, 1.2) * (1 + 0.7 * np.sin(2 * np.pi * 1.6 * time_s)) ** 2
    # What flows: white noise, its bass taken away by differences.
    water = np.diff(coloured_noise(rng, _COUNT + 1, 0.6)) * _wandering(rng, 0.25, 0.5)
    noises = {
        "white_noise": (coloured_noise(rng, _COUNT, 0), -11),
        "pink_noise": (pink, -12),
        "brown_noise": (coloured_noise(rng, _COUNT, 2), -20),
        "mains_hum": (unit_rms(hum) + 0.3 * coloured_noise(rng, _COUNT, 1), -30),
        "fan": (fan, -25),
        "wheel": (wheel, -32),
        "water": (water, -23),
        "gusts": (coloured_noise(rng, _COUNT, 1.2) * _wandering(rng, 2, 0.1), -22),
        "clatter": (unit_rms(_clatter(rng)) + 0.05 * pink, -29),
        "dishes": (unit_rms(_clatter(rng)) + pink, -30),
        "calls": (unit_rms(_calls(rng)) + 0.2 * pink, -42),
        "quiet_room": (pink + 0.5 * unit_rms(_clatter(rng)), -52),
    }
    return {name: at_level(audio, decibels) for name, (audio, decibels) in noises.items()}


def at_level(audio: Audio, decibels: float) -> NDArray[np.int16]:
    """Audio of any level as int16 with that RMS, in dB of full scale, clamped."""
    return to_int16(unit_rms(audio) * np.float32(32768 * 10 ** (decibels / 20)))


def _wandering(rng: Rng, interval_s: float, quietest: float) -> Audio:
    """(960000,) loudness between ``quietest`` and 1 that changes about every ``interval_s``."""
    knots = int(NOISE_SECONDS / interval_s) + 1
    places = np.arange(knots) * interval_s
    return np.interp(np.arange(_COUNT) / SAMPLE_RATE_HZ, places, rng.uniform(quietest, 1, knots))


def _clatter(rng: Rng) -> Audio:
    """Knocks and clinks, about four a second: two ringing tones that die away in 5..80 ms."""
    audio = np.zeros(_COUNT)
    time_s = np.arange(SAMPLE_RATE_HZ // 4) / SAMPLE_RATE_HZ
    for start in rng.integers(0, _COUNT - len(time_s), 4 * NOISE_SECONDS):
        decay = np.exp(-time_s / log_uniform(rng, 0.005, 0.08))
        tones = sum(np.sin(2 * np.pi * log_uniform(rng, 200, 6000) * time_s) for _ in range(2))
        audio[start : start + len(time_s)] += log_uniform(rng, 0.05, 1) * decay * tones
    return audio


def _calls(rng: Rng) -> Audio:
    """Animals, hinges and toys, about one every two seconds: gliding tones with overtones."""
    audio = np.zeros(_COUNT)
    for _ in range(NOISE_SECONDS // 2):
        count = int(rng.uniform(0.1, 0.9) * SAMPLE_RATE_HZ)
        start = int(rng.integers(_COUNT - count))
        knots_hz = log_uniform(rng, 200, 1500) * rng.uniform(0.7, 1.4, 3)
        pitch_hz = np.interp(np.linspace(0, 2, count), np.arange(3), knots_hz)
        phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
        tone = np.sum([np.sin(k * phase) * rng.uniform(0, 1) / k for k in range(1, 6)], 0)
        audio[start : start + count] += tone * np.hanning(count) * log_uniform(rng, 0.2, 1)
    return audio
