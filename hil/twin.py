"""The board's listener in Python: the same rows, the same inferences, the same decisions.

Its features are the definition's (train/frontend.py), from which the board's may be 1 apart in rare places
(ADR 9); its scores are TFLite-Micro's; its decisions are those of firmware/app/recognizer.c.
"""

import dataclasses
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil.clipset import run_model
from train.frontend import band_powers, compress, model_input, quantize_features
from train.spec import FrontEnd
from train.tflm import TflmModel
from train.wav import to_float

INFERENCE_STRIDE_ROWS = 5  # KWS_INFERENCE_STRIDE_ROWS: what the application does
_BLOCK_ROWS = 500  # computed at a time: ten seconds
_SILENCE = 0
_SCORE_ZERO_POINT = -128
_QUEUE_CAPACITY = 50  # KWS_RECOGNIZER_CAPACITY
_WINDOW_MS, _SUPPRESSION_MS, _THRESHOLD, _MINIMUM_COUNT = 1000, 1500, 200, 3  # kws_recognizer_defaults


@dataclass(frozen=True)
class Heard:
    """One detection. ``time_ms`` is the end of the audio heard, ``score`` the mean of 0 to 255."""

    time_ms: int
    label: int
    score: int


def stream_rows(samples: NDArray[np.int16], front_end: FrontEnd) -> NDArray[np.int8]:
    """Model input of a whole recording, as if it were one clip: (rows, bins) int8."""
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
    model: TflmModel, samples: NDArray[np.int16], front_end: FrontEnd, stride_rows: int
) -> tuple[NDArray[np.int8], list[int]]:
    """What the model gives along a recording, and when.

    Args:
        stride_rows: rows from one inference to the next; the first is when all rows of a clip are there.
    Returns:
        (inferences, labels) int8, and for each the end of the audio it is about, in ms.
    """
    rows = stream_rows(samples, front_end)
    ends = range(front_end.frames, len(rows) + 1, stride_rows)
    windows = np.zeros((len(ends), front_end.frames, front_end.bins), np.int8)
    for index, end in enumerate(ends):
        windows[index] = rows[end - front_end.frames : end]
    heard_samples = (front_end.window_samples + (end - 1) * front_end.stride_samples for end in ends)
    times_ms = [count * 1000 // front_end.sample_rate_hz for count in heard_samples]
    return run_model(model, windows), times_ms


def recognize(scores: NDArray[np.int8], times_ms: Sequence[int]) -> list[Heard]:
    """The decisions on a stream of scores: RecognizeCommands as it is on the device.

    Args:
        scores: (inferences, labels) int8; label 0 is silence, which decides, but is not reported.
        times_ms: of each inference, ascending.
    """
    heard = []
    queue: deque[tuple[int, NDArray[np.int64]]] = deque()
    previous, previous_ms = _SILENCE, 0
    for now_ms, row in zip(times_ms, scores.astype(np.int64) - _SCORE_ZERO_POINT, strict=True):
        if len(queue) < _QUEUE_CAPACITY:
            queue.append((now_ms, row))
        while queue and now_ms - queue[0][0] > _WINDOW_MS:
            queue.popleft()
        if len(queue) < _MINIMUM_COUNT or now_ms - queue[0][0] < _WINDOW_MS // 4:
            continue
        means = sum(scores for _, scores in queue) // len(queue)
        label, score = int(np.argmax(means)), int(np.max(means))
        is_repeated = label == previous != _SILENCE and now_ms - previous_ms <= _SUPPRESSION_MS
        if score <= _THRESHOLD or is_repeated:
            continue
        previous, previous_ms = label, now_ms
        if label != _SILENCE:
            heard.append(Heard(now_ms, label, score))
    return heard
