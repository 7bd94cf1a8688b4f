"""Power of a band to a feature: by a logarithm, or divided by the band's own level."""

import numpy as np
from numpy.typing import NDArray

from train.core.features.constants import GAIN_CONTROL, LogScale


def log_steps(powers: NDArray[np.float32], scale: LogScale) -> NDArray[np.float64]:
    """Powers on a logarithmic scale, in steps of a uint8 feature; 0 for the floor and less."""
    return scale.steps_per_octave * np.log2(np.maximum(powers.astype(np.float64) / scale.floor, 1.0))


def levels(
    powers: NDArray[np.float32], share: float, before: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Level of each band at each frame: its mean so far, in which a frame's weight fades with age.

    Args:
        powers: (..., frames, bins) float32.
        share: of the newest frame.
        before: (..., bins) float64, the level at the frame before; None: the first frame begins a stream, and
            is all that its level knows.
    Returns:
        the same shape as powers, float64.
    """
    means = powers.astype(np.float64)
    for frame in range(means.shape[-2]):
        if before is not None:
            means[..., frame, :] = before + share * (means[..., frame, :] - before)
        before = means[..., frame, :]
    return means


def level_weights(frames: int, share: float) -> NDArray[np.float64]:
    """(frames, frames) float64, lower triangular: ``weights @ powers`` are the levels of a clip."""
    return levels(np.eye(frames, dtype=np.float32), share)


def gain_controlled(
    powers: NDArray[np.float32], share: float, before: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Powers divided by their level and compressed: ``train.core.spec.GainControl`` says how.

    Args:
        powers: (..., frames, bins) float32.
        share: of the newest frame in the level of its band.
        before: as for ``levels``.
    Returns:
        the same shape, float64 from 0; a steady sound of any level is near (1 + offset)**exponent
        - offset**exponent.
    """
    control = GAIN_CONTROL
    ratio = powers / (control.floor + levels(powers, share, before)) ** control.strength
    compressed = (ratio + control.offset) ** control.exponent - control.offset**control.exponent
    return np.asarray(compressed, dtype=np.float64)
