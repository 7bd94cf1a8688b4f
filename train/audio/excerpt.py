"""The part of a long recording in which the word is."""

import numpy as np
from numpy.typing import NDArray

from train.audio.wav import fit_length

_FRAMES_PER_S = 100
_SMOOTHED_FRAMES = 5  # a click is over in two of them
_FLOOR_PERCENTILE = 20  # of the frames: those between words
_LEAST_POWER = 1.0  # of a 16-bit step; below is digital silence
_ALMOST_ALL = 0.98  # of what the best window holds
_VOICED = 0.1  # of the loudest frame


def fit_clip(samples: NDArray[np.int16], length: int, sample_rate_hz: int) -> NDArray[np.int16]:
    """Samples padded with zeros at the end to ``length``, or of a longer recording the part with the word.

    That is the window that holds most of what is louder than the recording's own floor. Where windows hold
    nearly the same, as around a word that is shorter, it is the middle one.

    Args:
        samples: (samples,) int16.
    Returns:
        (length,) int16.
    """
    if len(samples) <= length:
        return fit_length(samples, length)
    frame = max(1, sample_rate_hz // _FRAMES_PER_S)
    heard = np.concatenate([[0.0], np.cumsum(_loudness(samples, frame))])
    width = min(length // frame, len(heard) - 1)
    held = heard[width:] - heard[: len(heard) - width]
    best = int(held.argmax())
    good = np.flatnonzero(held < _ALMOST_ALL * held[best])
    first = good[good < best].max(initial=-1) + 1
    last = good[good > best].min(initial=len(held)) - 1
    start = min(int(first + last) // 2 * frame, len(samples) - length)
    return samples[start : start + length]


def voiced_samples(samples: NDArray[np.int16], sample_rate_hz: int) -> int:
    """How long the part is from the first to the last sound that is not far below the loudest."""
    frame = max(1, sample_rate_hz // _FRAMES_PER_S)
    loudness = _loudness(samples, frame)
    (voiced,) = np.nonzero(loudness > _VOICED * loudness.max(initial=0.0))
    return int(voiced[-1] - voiced[0] + 1) * frame if len(voiced) else 0


def _loudness(samples: NDArray[np.int16], frame: int) -> NDArray[np.float64]:
    """Loudness of each frame above the floor of them all, 0 or more; (frames,) float64.

    Each frame's own mean is taken off, and with it a DC offset. The fourth root of the power follows words;
    power itself would follow whatever is loudest, were it only a click.
    """
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame).astype(np.float64)
    powers = np.maximum(frames.var(axis=1), _LEAST_POWER)
    half = _SMOOTHED_FRAMES // 2
    neighbours = np.lib.stride_tricks.sliding_window_view(np.pad(powers, half, "edge"), _SMOOTHED_FRAMES)
    loudness = np.median(neighbours, axis=1) ** 0.25
    return np.asarray(np.maximum(loudness - np.percentile(loudness, _FLOOR_PERCENTILE), 0.0))
