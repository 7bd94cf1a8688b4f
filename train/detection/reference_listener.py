"""The board's listener in Python: the same rows, the same inferences, the same decisions.

The features come from train/audio/frontend.py; those of a board may be 1 apart in rare places (ADR 9). The
scores are TFLite-Micro's. The decisions are those of firmware/listener/recognizer.c.
"""

import dataclasses
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.audio.frontend import band_powers, compress, model_input, quantize_features
from train.audio.wav import to_float
from train.core.operating_point import RECOGNIZER_CAPACITY, OperatingPoint
from train.core.spec import FrontEnd
from train.tflite.tflm_pool import Scorer

_BLOCK_ROWS = 500  # computed at a time: ten seconds
_SILENCE = 0  # ModelSpec and listener.c accept no other place for it
_SCORE_ZERO_POINT = -128  # listener.c accepts no other


@dataclass(frozen=True)
class Heard:
    """One detection. ``time_ms`` is the end of the audio heard, ``score`` the mean of 0 to 255."""

    time_ms: int
    label: int
    score: int


@dataclass(frozen=True, eq=False)
class Smoothed:
    """(decisions,) int64 each: the time, the label on top, and its mean score of 0 to 255."""

    times_ms: NDArray[np.int64]
    labels: NDArray[np.int64]
    scores: NDArray[np.int64]


def stream_rows(samples: NDArray[np.int16], front_end: FrontEnd) -> NDArray[np.int8]:
    """Compute the model input of a whole recording, as if it were one clip: (rows, bins) int8."""
    stride, window = front_end.stride_samples, front_end.window_samples
    row_count = max(0, (len(samples) - window) // stride + 1)
    blocks = []
    for first in range(0, row_count, _BLOCK_ROWS):
        rows = min(_BLOCK_ROWS, row_count - first)
        duration_ms = front_end.window_size_ms + (rows - 1) * front_end.window_stride_ms
        part = dataclasses.replace(front_end, clip_duration_ms=duration_ms)
        audio = to_float(samples[first * stride : first * stride + part.clip_samples])
        blocks.append(band_powers(audio[np.newaxis], part)[0])
    powers = np.concatenate(blocks) if blocks else np.zeros((0, front_end.bins), np.float32)
    return model_input(quantize_features(compress(powers, front_end), front_end), front_end)


def stream_scores(
    score: Scorer, samples: NDArray[np.int16], front_end: FrontEnd, stride_rows: int
) -> tuple[NDArray[np.int8], list[int]]:
    """Score a recording, one inference after the other.

    Args:
        score: such as ``run_model`` of the model.
        stride_rows: rows from one inference to the next; the first is when all rows of a clip are there.
    Returns:
        (inferences, labels) int8, and for each the end of the audio it is about, in ms; none of a recording
        that is shorter than a clip.
    """
    rows = stream_rows(samples, front_end)
    ends = range(front_end.frames, len(rows) + 1, stride_rows)
    if not ends:
        nothing = np.zeros((1, front_end.frames, front_end.bins), np.int8)
        return score(nothing)[:0], []
    # A view: the windows of an hour, each on its own, would take 80 MB.
    windows = np.lib.stride_tricks.sliding_window_view(rows, front_end.frames, axis=0)[::stride_rows]
    heard_samples = (front_end.window_samples + (end - 1) * front_end.stride_samples for end in ends)
    times_ms = [count * 1000 // front_end.sample_rate_hz for count in heard_samples]
    return score(windows.transpose(0, 2, 1)), times_ms


def smooth(scores: NDArray[np.int8], times_ms: Sequence[int], window_ms: int, minimum_count: int) -> Smoothed:
    """Average the scores over the window, and find the label on top, from ``minimum_count`` scores on.

    Args:
        scores: (inferences, labels) int8.
        times_ms: of each inference, ascending.
        window_ms, minimum_count: as in ``OperatingPoint``.
    """
    if (at_once := _smoothed_at_once(scores, times_ms, window_ms, minimum_count)) is not None:
        return at_once
    tops: list[tuple[int, int, int]] = []
    queue: deque[tuple[int, NDArray[np.int64]]] = deque()
    total = np.zeros(scores.shape[1], np.int64)
    for now_ms, row in zip(times_ms, scores.astype(np.int64) - _SCORE_ZERO_POINT, strict=True):
        if len(queue) < RECOGNIZER_CAPACITY:
            queue.append((now_ms, row))
            total += row
        while queue and now_ms - queue[0][0] > window_ms:
            total -= queue.popleft()[1]
        if len(queue) < minimum_count or now_ms - queue[0][0] < window_ms // 4:
            continue
        means = total // len(queue)
        label = int(means.argmax())
        tops.append((now_ms, label, int(means[label])))
    columns = np.array(tops, np.int64).reshape(-1, 3).T
    return Smoothed(times_ms=columns[0], labels=columns[1], scores=columns[2])


def _smoothed_at_once(
    scores: NDArray[np.int8], times_ms: Sequence[int], window_ms: int, minimum_count: int
) -> Smoothed | None:
    """The same, quickly; None where a score finds no place in the device's queue."""
    times = np.asarray(times_ms, np.int64)
    first = np.searchsorted(times, times - window_ms)  # in the window of each inference
    counts = np.arange(1, len(times) + 1) - first
    if counts.max(initial=0) >= RECOGNIZER_CAPACITY:
        return None
    sums = np.zeros((len(scores) + 1, scores.shape[1]), np.int64)
    np.cumsum(scores.astype(np.int64) - _SCORE_ZERO_POINT, axis=0, out=sums[1:])
    is_decided = (counts >= minimum_count) & (times - times[first] >= window_ms // 4)
    means = (sums[1:] - sums[first])[is_decided] // counts[is_decided, np.newaxis]
    labels = means.argmax(axis=1)
    return Smoothed(times_ms=times[is_decided], labels=labels, scores=means[np.arange(len(means)), labels])


def decide(
    smoothed: Smoothed, thresholds: Sequence[int], suppression_ms: int, suppress_each_word: bool
) -> list[Heard]:
    """Turn smoothed scores into detections. Silence, label 0, is not reported.

    Args:
        thresholds, suppression_ms, suppress_each_word: as in ``OperatingPoint``.
    """
    exceeding = smoothed.scores > np.asarray(thresholds)[smoothed.labels]
    columns = (smoothed.times_ms, smoothed.labels, smoothed.scores)
    heard = []
    heard_ms: dict[int, int] = {}  # of each label that may be suppressed: when it was news
    for now_ms, label, score in zip(*(column[exceeding].tolist() for column in columns), strict=True):
        if label in heard_ms and now_ms - heard_ms[label] <= suppression_ms:
            continue
        if not suppress_each_word:
            heard_ms.clear()
        if label != _SILENCE:
            heard_ms[label] = now_ms
            heard.append(Heard(now_ms, label, score))
    return heard


def recognize(scores: NDArray[np.int8], times_ms: Sequence[int], point: OperatingPoint) -> list[Heard]:
    """Turn a stream of scores into detections, as the recognizer on the device does."""
    smoothed = smooth(scores, times_ms, point.window_ms, point.minimum_count)
    return decide(smoothed, point.thresholds, point.suppression_ms, point.suppress_each_word)
