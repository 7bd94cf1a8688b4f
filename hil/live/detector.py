"""Words in a stream of sound, as the firmware of a run hears them."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hil.live.engine import Engine, Result
from hil.live.interpreter import InterpretedEngine
from hil.live.level import Level
from hil.live.library import CompiledEngine, LibraryError
from hil.live.model import LiveModel, load_model, run_of
from train.audio.wav import to_int16
from train.core import runfolder
from train.core.console import warn
from train.core.errors import UserError
from train.core.operating_point import OperatingPoint
from train.core.pretrained import models as pretrained
from train.detection.reference_listener import SCORE_ZERO_POINT


@dataclass(frozen=True)
class Detection:
    """A word that was heard.

    Attributes:
        time_ms: end of the audio in which it was heard, from the start of the stream.
        label: its index in ``Detector.labels``.
        score: mean of 0 to 255, above ``threshold``.
    """

    time_ms: int
    label: int
    word: str
    score: int
    threshold: int


@dataclass(frozen=True)
class Inference:
    """What the model made of the last clip's length of sound.

    Attributes:
        time_ms: its end, from the start of the stream.
        scores: of each label, 0 to 255.
        means: of each label over the window of the operating point, which thresholds are compared with; None
            while there are too few scores.
        detection: what it led to.
    """

    time_ms: int
    scores: tuple[int, ...]
    means: tuple[int, ...] | None
    detection: Detection | None


class Detector:
    """One stream of sound. There may be several at once, of the same run and of different ones.

    Attributes:
        run: its folder.
        labels: names, in the order of scores.
        sample_rate_hz: that samples have to have.
        point: when scores become a detection.
        engine: what runs the model: ``COMPILED_C`` or ``INTERPRETER`` of hil/live/engine.py.
    """

    def __init__(self, model: LiveModel, engine: Engine) -> None:
        """Use ``Detector.load``."""
        self._engine = engine
        self.run, self.labels, self.point = model.run, model.spec.labels, model.point
        self.sample_rate_hz = model.spec.front_end.sample_rate_hz
        self.engine = engine.name
        self._forget()

    @classmethod
    def load(cls, place: str | Path, point: OperatingPoint | None = None) -> Self:
        """Load the model of a run.

        Args:
            place: the run folder, the model.tflite in it, or the name of a model that ships with Earshot.
            point: None for the one in force: what ``earshot tune`` chose, or the original's.
        Raises:
            UserError: no finished run, or a point with another number of thresholds.
        """
        path = pretrained.run_of(place) if isinstance(place, str) else place
        with runfolder.reading(run_of(path)):
            model = load_model(path)
            if point is not None:
                if len(point.thresholds) != (count := len(model.spec.labels)):
                    raise UserError(
                        f"{model.run}: the operating point has {len(point.thresholds)} thresholds, expected "
                        f"{count}, one for each label"
                    )
                model = dataclasses.replace(model, point=point)
            return cls(model, make_engine(model))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back; nothing may be pushed then."""
        self._engine.close()

    def reset(self) -> None:
        """Start again: the next sample is the first of a stream."""
        self._engine.start(self.point)
        self._forget()

    def push(self, samples: NDArray[Any]) -> list[Detection]:
        """Take in sound; return what is heard in it. How it is divided into pieces makes no difference.

        Args:
            samples: (n,) int16, or float32 of -1 to 1, at ``sample_rate_hz``; any n.
        Raises:
            ValueError: samples of another kind.
        """
        return [found.detection for found in self.listen(samples) if found.detection is not None]

    def listen(self, samples: NDArray[Any]) -> list[Inference]:
        """As ``push``, with all scores: an inference for every stride of the operating point, often 80 ms.

        Raises:
            ValueError: samples of another kind.
        """
        samples = _as_int16(samples)
        if len(samples):
            self._level = Level.of(samples)
        found = [self._inference(result) for result in self._engine.push(samples)]
        if found:
            self._latest = found[-1]
        return found

    @property
    def scores(self) -> dict[str, int]:
        """The latest score of each label, 0 to 255; 0 before the first."""
        return dict(zip(self.labels, self._latest.scores, strict=True))

    @property
    def means(self) -> dict[str, int]:
        """The latest means of each label, which thresholds are compared with; 0 while there are too few."""
        return dict(zip(self.labels, self._latest.means or (0,) * len(self.labels), strict=True))

    @property
    def level(self) -> Level:
        """Of the samples pushed last."""
        return self._level

    def _forget(self) -> None:
        zeros = (0,) * len(self.labels)
        self._latest = Inference(0, zeros, None, None)
        self._level = Level()

    def _inference(self, result: Result) -> Inference:
        detection = None
        if result.label is not None:
            label = result.label
            threshold = self.point.thresholds[label]
            detection = Detection(result.time_ms, label, self.labels[label], result.score, threshold)
        return Inference(
            result.time_ms,
            tuple((result.scores.astype(int) - SCORE_ZERO_POINT).tolist()),
            None if result.means is None else tuple(result.means.tolist()),
            detection,
        )


def make_engine(model: LiveModel) -> Engine:
    """The compiled C of a run, or the interpreter, which is said, where there is none.

    Raises:
        UserError: TFLite-Micro does not run the model, either.
    """
    try:
        return CompiledEngine(model)
    except LibraryError as error:
        warn(f"{error}; until then {InterpretedEngine.name} runs the model")
        return InterpretedEngine(model)


def _as_int16(samples: NDArray[Any]) -> NDArray[np.int16]:
    samples = np.asarray(samples)
    if samples.ndim != 1:
        raise ValueError(f"samples are {samples.shape}, expected (n,): one channel")
    if samples.dtype == np.int16:
        return samples
    if samples.dtype.kind != "f":
        raise ValueError(f"samples are {samples.dtype}, expected int16, or float32 of -1 to 1")
    return to_int16(samples.astype(np.float32))
