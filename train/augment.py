"""Changes to a clip before its features are computed: shift in time, background noise."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.errors import UserError


@dataclass(frozen=True)
class Augmentation:
    """How training clips are varied. The defaults are those of speech_commands."""

    time_shift_ms: float = 100.0
    background_volume: float = 0.1
    background_frequency: float = 0.8

    def __post_init__(self) -> None:
        if not 0 <= self.time_shift_ms < math.inf:  # not a number fails, too
            raise UserError(f"--time-shift-ms is {self.time_shift_ms}, expected 0 or more")
        if not 0 <= self.background_volume <= 1:
            raise UserError(f"--background-volume is {self.background_volume}, expected 0 to 1")
        if not 0 <= self.background_frequency <= 1:
            raise UserError(f"--background-frequency is {self.background_frequency}, expected 0 to 1")


def shift(audio: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Audio moved later (positive) or earlier (negative), zeros where nothing is left.

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
    """A shift in [-limit, limit), the upper end excluded as in speech_commands."""
    return int(generator.integers(-limit_samples, limit_samples)) if limit_samples > 0 else 0


def draw_volume(settings: Augmentation, generator: np.random.Generator) -> float:
    """Background volume of a training clip: U(0, volume) with the set frequency, else none."""
    if generator.random() < settings.background_frequency:
        return float(generator.uniform(0.0, settings.background_volume))
    return 0.0


def mix(
    foreground: NDArray[np.float32], background: NDArray[np.float32], volume: float
) -> NDArray[np.float32]:
    """``clip(foreground + volume * background, -1, 1)``, (clip_samples,) float32."""
    return np.clip(foreground + np.float32(volume) * background, -1.0, 1.0)
