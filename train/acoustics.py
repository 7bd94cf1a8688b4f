"""What lies between a mouth and a file: room, microphone, noise; and long background noises.

The levels follow what was measured on 150 Speech Commands clips each of five words: peaks
between 3,500 and 31,000 of 32,768, the quietest twentieth of a clip between 1 and 200 RMS,
words that start at 0.0 to 0.6 s, most often near 0.3 s.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator
Audio = NDArray[np.floating[Any]]

SAMPLE_RATE_HZ = 16000
CLIP_SAMPLES = 16000  # one second
NOISE_SECONDS = 60

_LONGEST_ROOM_S = 0.5
_FFT_SAMPLES = 24576  # at least a clip and its longest room, so nothing wraps around; 3·2**13 is fast
_PEAK_RANGE = (3500.0, 31000.0)
_FLOOR_RMS_RANGE = (1.0, 200.0)
_ROOM_PROBABILITY = 0.7
_LOG_FREQUENCY = np.log(np.maximum(np.fft.rfftfreq(_FFT_SAMPLES, 1 / SAMPLE_RATE_HZ), 20)).astype(np.float32)


def record(speech: Audio, rng: Rng) -> NDArray[np.int16]:
    """A one-second clip of a word, as if recorded somewhere by someone.

    Args:
        speech: (samples,) float, at most ``CLIP_SAMPLES`` of them, at 16 kHz, any level.
        rng: decides position, room, microphone, loudness and noise floor.
    Returns:
        (16000,) int16, never at full scale.
    """
    spare = CLIP_SAMPLES - len(speech)
    # Speakers aim at the middle; triangular keeps words that touch an edge rare.
    start = round(rng.triangular(0, spare / 2, spare)) if spare else 0
    placed = np.zeros(_FFT_SAMPLES, np.float32)
    placed[start : start + len(speech)] = speech
    spectrum = np.fft.rfft(placed) * _microphone(rng)
    if rng.random() < _ROOM_PROBABILITY:
        spectrum *= np.fft.rfft(_room(rng))
    clip = np.fft.irfft(spectrum)[:CLIP_SAMPLES]
    clip *= np.float32(_log_uniform(rng, *_PEAK_RANGE)) / max(np.abs(clip).max(), np.float32(1e-9))
    floor_rms = _log_uniform(rng, *_FLOOR_RMS_RANGE)
    clip += coloured_noise(rng, CLIP_SAMPLES, exponent=rng.uniform(0, 1.5)) * np.float32(floor_rms)
    return _to_int16(clip)


def _log_uniform(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _microphone(rng: Rng) -> Audio:
    """Gain per FFT bin: no bass below 40..250 Hz, no treble above 3.5..8 kHz, a tilt of ±3 dB/octave."""
    low, high = (
        np.float32(np.log(_log_uniform(rng, 40, 250))),
        np.float32(np.log(_log_uniform(rng, 3500, 8000))),
    )
    high_pass_power = 1 + np.exp(4 * (low - _LOG_FREQUENCY))
    low_pass_power = 1 + np.exp(8 * (_LOG_FREQUENCY - high))
    tilt = np.exp(np.float32(rng.uniform(-0.5, 0.5)) * _LOG_FREQUENCY)  # a slope of 0.5 is 3 dB per octave
    return np.asarray(tilt / np.sqrt(high_pass_power * low_pass_power))


def _room(rng: Rng) -> Audio:
    """(24576,) impulse response: the direct sound, then noise that dies away by 60 dB in 0.1..0.5 s."""
    decay_s, direct_to_reverberant_db = rng.uniform(0.1, _LONGEST_ROOM_S), rng.uniform(3, 20)
    count = round(decay_s * SAMPLE_RATE_HZ)
    decay = np.exp(np.linspace(0, -3 * np.log(10), count, dtype=np.float32))
    tail = rng.standard_normal(count, np.float32) * decay
    tail *= np.float32(10 ** (-direct_to_reverberant_db / 20)) / np.sqrt(np.sum(tail**2))
    response = np.zeros(_FFT_SAMPLES, np.float32)
    response[:count] = tail
    response[0] = 1
    return response


def coloured_noise(rng: Rng, count: int, exponent: float) -> Audio:
    """(count,) noise of RMS 1 whose power falls as 1/f**exponent: 0 white, 1 pink, 2 brown."""
    bins = count // 2 + 1
    shape = np.arange(1, bins + 1, dtype=np.float32) ** np.float32(-exponent / 2)
    # Below 20 Hz is no sound, and in brown noise it would be most of the power.
    shape[: max(1, round(20 * count / SAMPLE_RATE_HZ))] = 0
    spectrum = rng.standard_normal(2 * bins, np.float32).view(np.complex64) * shape
    return _unit(np.fft.irfft(spectrum, count))


def _unit(audio: Audio) -> Audio:
    return audio / np.float32(max(float(np.sqrt(np.mean(audio**2))), 1e-9))


def background_noises(rng: Rng) -> dict[str, NDArray[np.int16]]:
    """Name → (960000,) int16: a minute each of noises that need no voice."""
    count = NOISE_SECONDS * SAMPLE_RATE_HZ
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    pink = coloured_noise(rng, count, 1)
    harmonics = (1, 2, 3, 5, 7, 9)
    hum = sum(np.sin(2 * np.pi * 50 * k * time_s + rng.uniform(0, 6)) / k for k in harmonics)
    # Loudness that wanders over seconds, between 0.1 and 1.
    wander = np.interp(
        time_s, np.arange(0, NOISE_SECONDS + 2, 2), rng.uniform(0.1, 1, NOISE_SECONDS // 2 + 1)
    )
    fan = coloured_noise(rng, count, 1.5) * (1 + 0.3 * np.sin(2 * np.pi * 23 * time_s))
    levels_rms = {
        "white_noise": (coloured_noise(rng, count, 0), 3000),
        "pink_noise": (pink, 3000),
        "brown_noise": (coloured_noise(rng, count, 2), 3000),
        "mains_hum": (_unit(np.asarray(hum)) + 0.3 * coloured_noise(rng, count, 1), 1500),
        "fan": (_unit(fan), 2000),
        "gusts": (_unit(coloured_noise(rng, count, 1.2) * wander), 2500),
        "clatter": (_unit(_clatter(rng, count)) + 0.05 * pink, 1200),
    }
    return {name: at_level(audio, rms) for name, (audio, rms) in levels_rms.items()}


def at_level(audio: Audio, rms: float) -> NDArray[np.int16]:
    """Audio of any level as int16 with that RMS (full scale is 32768), clamped."""
    return _to_int16(_unit(audio) * rms)


def _to_int16(audio: Audio) -> NDArray[np.int16]:
    return np.asarray(np.clip(np.rint(audio), -32767, 32767), np.int16)


def _clatter(rng: Rng, count: int) -> Audio:
    """Knocks and clinks, about four a second: two ringing tones that die away in 5..80 ms."""
    audio = np.zeros(count)
    time_s = np.arange(SAMPLE_RATE_HZ // 4) / SAMPLE_RATE_HZ
    for start in rng.integers(0, count - len(time_s), 4 * NOISE_SECONDS):
        decay = np.exp(-time_s / _log_uniform(rng, 0.005, 0.08))
        tones = sum(np.sin(2 * np.pi * _log_uniform(rng, 200, 6000) * time_s) for _ in range(2))
        audio[start : start + len(time_s)] += _log_uniform(rng, 0.05, 1) * decay * tones
    return audio
