"""Varies the audio of training clips, before features are computed."""

import math

import numpy as np
from numpy.typing import NDArray

from train.settings.augmentation import Augmentation


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


def mix(
    foreground: NDArray[np.float32], background: NDArray[np.float32], volume: float
) -> NDArray[np.float32]:
    """``clip(foreground + volume * background, -1, 1)``, (clip_samples,) float32."""
    return np.clip(foreground + np.float32(volume) * background, -1.0, 1.0)
