"""Varies the audio of training clips, before features are computed."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.settings.augmentation import Augmentation
from train.synth import acoustics


def shift(audio: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Move audio later (positive) or earlier (negative); zeros fill the gap.

    Args:
        audio: (clip_samples,) float32.
    Returns:
        the same shape.
    """
    shifted = np.zeros_like(audio)
    if samples > 0:
        shifted[samples:] = audio[:-samples]
    elif samples < 0:
        shifted[:samples] = audio[-samples:]
    else:
        shifted[:] = audio
    return shifted


def draw_shift(limit_samples: int, generator: np.random.Generator) -> int:
    """Draw a shift in [-limit, limit), the upper end excluded as in speech_commands."""
    return int(generator.integers(-limit_samples, limit_samples)) if limit_samples > 0 else 0


def draw_volume(settings: Augmentation, generator: np.random.Generator) -> float:
    """Draw the background volume of a training clip: U(0, volume) with the set frequency, else 0."""
    if generator.random() < settings.background_frequency:
        return float(generator.uniform(0.0, settings.background_volume))
    return 0.0


def microphone(audio: NDArray[np.float32], gain: float, dc_offset: float) -> NDArray[np.float32]:
    """Audio as a microphone of this gain and offset gives it, rounded and clipped to int16.

    Args:
        audio: (..., clip_samples) float32 in [-1, 1].
        dc_offset: in steps of int16.
    Returns:
        the same shape, in [-1, 1).
    """
    steps = np.rint(audio.astype(np.float64) * 32768 * gain + dc_offset)
    return (np.clip(steps, -32768, 32767) / 32768).astype(np.float32)


def through_microphone(
    audio: NDArray[np.float32], settings: Augmentation, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Audio as one of the microphones that the settings allow gives it.

    Nothing is drawn where the settings leave audio alone, so that clips of the original's recipe stay.

    Args:
        audio: (clip_samples,) float32 in [-1, 1].
    Returns:
        the same shape, in [-1, 1).
    """
    if not settings.has_microphone:
        return audio
    gain = math.exp(generator.uniform(math.log(settings.gain_low), math.log(settings.gain_high)))
    return microphone(audio, gain, generator.uniform(-settings.dc_offset, settings.dc_offset))


def faster(
    audio: NDArray[np.float32], settings: Augmentation, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Audio played faster or slower than it was recorded, its middle where it was.

    Args:
        audio: (clip_samples,) float32.
    Returns:
        the same shape: what a faster one lacks at its ends is zeros.
    """
    if not settings.speed:
        return audio
    import soxr  # type: ignore[import-untyped]  # here alone: the command line starts without it

    rate = 1.0 + generator.uniform(-settings.speed, settings.speed)
    played = np.asarray(soxr.resample(audio, rate, 1.0, quality="MQ"), dtype=np.float32)
    missing = len(audio) - len(played)
    if missing >= 0:
        return np.pad(played, (missing // 2, missing - missing // 2))
    return played[-missing // 2 :][: len(audio)]


def elsewhere(
    audio: NDArray[np.float32], settings: Augmentation, generator: np.random.Generator, *, is_word: bool
) -> NDArray[np.float32]:
    """Audio as it would be heard in a room, in noise, by a cheap microphone and through a codec.

    Each of it for the share of clips that the settings say. Nothing is drawn where that is none.

    Args:
        audio: (clip_samples,) float32 in [-1, 1], at 16 kHz for what these are made of.
        is_word: noise of a drawn signal-to-noise ratio is for words alone.
    Returns:
        the same shape, in [-1, 1].
    """

    def happens(frequency: float) -> bool:
        return frequency > 0 and bool(generator.random() < frequency)

    if happens(settings.room_frequency):
        audio = _filtered(audio, lambda count: np.fft.rfft(acoustics.room_response(generator), count))
    if is_word and happens(settings.snr_frequency):
        snr_db = generator.uniform(settings.snr_low_db, settings.snr_high_db)
        level = float(np.sqrt(np.mean(np.square(audio)))) * 10 ** (-snr_db / 20)
        noise = acoustics.coloured_noise(generator, len(audio), generator.uniform(0, 2))
        audio = mix(audio, noise.astype(np.float32), level)
    if happens(settings.filter_frequency):
        audio = _filtered(audio, lambda count: acoustics.microphone_gains(generator, count))
    if happens(settings.codec_frequency):
        codec = acoustics.CODECS[generator.integers(len(acoustics.CODECS))]
        audio = np.asarray(codec(audio * 32767, generator) / 32767, dtype=np.float32)
    return np.clip(audio, -1.0, 1.0)


def _filtered(audio: NDArray[np.float32], response: Callable[[int], NDArray[Any]]) -> NDArray[np.float32]:
    """Audio times what ``response`` gives for the bins of a transform of so many samples."""
    count = 1 << (2 * len(audio) - 1).bit_length()  # nothing wraps around
    spectrum = np.fft.rfft(audio, count) * response(count)
    return np.asarray(np.fft.irfft(spectrum, count)[: len(audio)], dtype=np.float32)


def mix(
    foreground: NDArray[np.float32], background: NDArray[np.float32], volume: float
) -> NDArray[np.float32]:
    """``clip(foreground + volume * background, -1, 1)``, (clip_samples,) float32."""
    return np.clip(foreground + np.float32(volume) * background, -1.0, 1.0)
