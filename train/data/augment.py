"""Varies the audio of training clips, before features are computed."""

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


def mix(
    foreground: NDArray[np.float32], background: NDArray[np.float32], volume: float
) -> NDArray[np.float32]:
    """``clip(foreground + volume * background, -1, 1)``, (clip_samples,) float32."""
    return np.clip(foreground + np.float32(volume) * background, -1.0, 1.0)
