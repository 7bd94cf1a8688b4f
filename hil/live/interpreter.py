"""Listening without a compiler: features by NumPy, scores by TFLite-Micro, decisions by their twin."""

import numpy as np
from numpy.typing import NDArray

from hil.live.engine import INTERPRETER, Result
from hil.live.model import LiveModel
from train.core import runfolder
from train.core.files.plain import read_plain
from train.core.operating_point import OperatingPoint
from train.detection.reference_listener import News, RowStream, Smoother
from train.tflite.tflm import int8_model


class InterpretedEngine:
    """See ``Engine``. Features may be 1 from those of the C in rare places (ADR 9)."""

    name = INTERPRETER

    def __init__(self, model: LiveModel) -> None:
        """Load the model.

        Raises:
            UserError: TFLite-Micro does not run it.
        """
        tflite = model.run / runfolder.TFLITE
        self._model = int8_model(read_plain(tflite), str(tflite))
        self._spec = model.spec
        self.start(model.point)

    def start(self, point: OperatingPoint) -> None:
        """See ``Engine.start``."""
        front_end, labels = self._spec.front_end, len(self._spec.labels)
        self._model.reset()
        self._thresholds, self._stride_rows = point.thresholds, point.stride_rows
        self._row_stream = RowStream(front_end)
        self._rows = np.zeros((0, front_end.bins), np.int8)  # from where the next inference begins
        self._next_end = front_end.frames  # rows heard when the next inference is due
        self._smoother = Smoother(labels, point.window_ms, point.minimum_count)
        self._news = News(point.suppression_ms, point.suppress_each_word)

    def push(self, samples: NDArray[np.int16]) -> list[Result]:
        """See ``Engine.push``."""
        frames = self._spec.front_end.frames
        self._rows = np.concatenate([self._rows, self._row_stream.push(samples)])
        if len(self._rows) < frames:
            return []
        windows = np.lib.stride_tricks.sliding_window_view(self._rows, frames, axis=0)
        due = windows[:: self._stride_rows].transpose(0, 2, 1)
        results = [self._decide(scores) for scores in self._model.run(due)]
        self._rows = self._rows[len(due) * self._stride_rows :].copy()
        return results

    def close(self) -> None:
        """See ``Engine.close``."""

    def _decide(self, scores: NDArray[np.int8]) -> Result:
        front_end = self._spec.front_end
        heard_samples = front_end.window_samples + (self._next_end - 1) * front_end.stride_samples
        time_ms = heard_samples * 1000 // front_end.sample_rate_hz
        self._next_end += self._stride_rows
        means = self._smoother.add(time_ms, scores)
        if means is None:
            return Result(time_ms, scores, None)
        label = int(means.argmax())
        if means[label] <= self._thresholds[label] or not self._news.hear(time_ms, label):
            return Result(time_ms, scores, means)
        return Result(time_ms, scores, means, label, int(means[label]))
