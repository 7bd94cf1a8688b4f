"""The part of a long recording in which the word is, and the parts in which something sounds at all."""

import numpy as np
from numpy.typing import NDArray

from train.audio.wav import fit_length

PHRASE_PAUSE_MS = 450  # a shorter pause is within a phrase
_FRAMES_PER_S = 100
_SMOOTHED_FRAMES = 5  # a click is over in two of them
_FLOOR_PERCENTILE = 20  # of the frames: those between words
_LEAST_POWER = 1.0  # of a 16-bit step; below is digital silence
_ALMOST_ALL = 0.98  # of what the best window holds
_VOICED = 0.1  # of the loudest frame
_ABOVE_FLOOR = 0.35  # of the floor: 5 dB, more than noise wavers


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
    heard = np.concatenate([[0.0], np.cumsum(_above_floor(_frame_loudness(samples, frame)))])
    width = min(length // frame, len(heard) - 1)
    held = heard[width:] - heard[: len(heard) - width]
    best = int(held.argmax())
    good = np.flatnonzero(held < _ALMOST_ALL * held[best])
    first = good[good < best].max(initial=-1) + 1
    last = good[good > best].min(initial=len(held)) - 1
    start = min(int(first + last) // 2 * frame, len(samples) - length)
    return samples[start : start + length]


def word_samples(samples: NDArray[np.int16], sample_rate_hz: int) -> int:
    """How long the longest part sounds; 0 where nothing does."""
    parts = sounding_parts(samples, sample_rate_hz, PHRASE_PAUSE_MS)
    return max((end - start for start, end in parts), default=0)


def sounding_parts(samples: NDArray[np.int16], sample_rate_hz: int, pause_ms: int) -> list[tuple[int, int]]:
    """(start, end) in samples of each part that stands out from the floor and is not far below the loudest.

    Args:
        samples: (samples,) int16, a fifth of it or more between words.
        pause_ms: a shorter pause does not end a part.
    """
    frame = max(1, sample_rate_hz // _FRAMES_PER_S)
    loudness = _frame_loudness(samples, frame)
    if not len(loudness):
        return []
    floor = float(np.percentile(loudness, _FLOOR_PERCENTILE))
    least = max(_ABOVE_FLOOR * floor, _VOICED * (float(loudness.max()) - floor))
    (loud,) = np.nonzero(loudness > floor + least)
    if not len(loud):
        return []
    (breaks,) = np.nonzero(np.diff(loud) > pause_ms * _FRAMES_PER_S // 1000)
    starts, ends = np.append(loud[0], loud[breaks + 1]), np.append(loud[breaks], loud[-1]) + 1
    return [(int(start) * frame, int(end) * frame) for start, end in zip(starts, ends, strict=True)]


def contrast_db(samples: NDArray[np.int16], sample_rate_hz: int) -> float:
    """How far the loudest moment is above the floor, in dB; 0 for nothing."""
    loudness = _frame_loudness(samples, max(1, sample_rate_hz // _FRAMES_PER_S))
    if not len(loudness):
        return 0.0
    return float(40 * np.log10(loudness.max() / np.percentile(loudness, _FLOOR_PERCENTILE)))


def _frame_loudness(samples: NDArray[np.int16], frame: int) -> NDArray[np.float64]:
    """Loudness of each frame, more than 0; (frames,) float64.

    Each frame's own mean is taken off, and with it a DC offset. The fourth root of the power follows words;
    power itself would follow whatever is loudest, were it only a click.
    """
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame).astype(np.float64)
    if not len(frames):
        return np.zeros(0)
    powers = np.maximum(frames.var(axis=1), _LEAST_POWER)
    half = _SMOOTHED_FRAMES // 2
    neighbours = np.lib.stride_tricks.sliding_window_view(np.pad(powers, half, "edge"), _SMOOTHED_FRAMES)
    return np.asarray(np.median(neighbours, axis=1) ** 0.25)


def _above_floor(loudness: NDArray[np.float64]) -> NDArray[np.float64]:
    """Loudness above the floor of all frames, 0 or more."""
    if not len(loudness):
        return loudness
    return np.asarray(np.maximum(loudness - np.percentile(loudness, _FLOOR_PERCENTILE), 0.0))
