"""Sounds like a voice, in recordings with a little noise."""

import numpy as np

RATE_HZ = 16000


def word(seconds: float = 0.5, peak: float = 6000) -> np.ndarray:
    """Something like a voice: overtones of 140 Hz that come and go."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tones = sum(np.sin(2 * np.pi * 140 * number * time_s) / number for number in range(1, 12))
    return peak / 1.9 * tones * np.sin(np.pi * np.arange(len(time_s)) / len(time_s)) ** 0.3


def recording(seconds: float, *said: tuple[float, np.ndarray], noise: float = 15) -> np.ndarray:
    samples = np.random.default_rng(4).normal(0, noise, round(seconds * RATE_HZ))
    for start_s, what in said:
        start = round(start_s * RATE_HZ)
        samples[start : start + len(what)] += what[: len(samples) - start]
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def overdriven(samples: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    """The same, clipped between two times."""
    louder = samples.copy()
    part = slice(round(start_s * RATE_HZ), round(end_s * RATE_HZ))
    louder[part] = np.clip(20 * samples[part].astype(int), -32768, 32767)
    return louder
