"""When the smoothed scores of a stream become a detection: the settings of the device's recognizer.

``operating_points.json`` holds those that ``earshot tune`` measured, and which of them is in force; the
C of the firmware is generated from it, and Python decides by it.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from train.core import runfolder
from train.core.errors import UserError, typed
from train.core.results.boards import Latency
from train.core.results.hearing import Verdict
from train.core.results.result_file import ResultFile
from train.core.spec import ModelSpec
from train.core.typed_json import Json, decode

ORIGINAL, TUNED = NAMES = ("original", "tuned")
NEVER = 255  # a threshold that no mean exceeds
TARGET_PER_HOUR, _HIGHEST_TARGET_PER_HOUR = 0.5, 3600
# Rows from one inference to the next. Networks take every second row, some every fourth: at a multiple of
# that a window shares most with the one before (docs/adr/0025-incremental.md).
INFERENCE_STRIDE_ROWS = 4
_STRIDE_ROWS_BEFORE = 5  # of points that do not say
# Scores that the recognizer keeps. One that finds no place is dropped, as in micro_speech: at 20 ms a window
# of 1000 ms would hold 51.
RECOGNIZER_CAPACITY = 50
_LIMITS = {
    "window_ms": 60_000,
    "suppression_ms": 3_600_000,
    "minimum_count": RECOGNIZER_CAPACITY,
    "stride_rows": 255,
}


@dataclass(frozen=True)
class OperatingPoint:
    """Settings of firmware/listener: of the recognizer, and how often there are scores.

    Attributes:
        window_ms: scores are averaged over this long.
        suppression_ms: the same label is news again only after more than this.
        suppress_each_word: whatever came between. False, as in micro_speech: another label that exceeds its
            threshold, silence too, ends the suppression of the one before.
        minimum_count: fewer scores than this are no decision.
        thresholds: of each label: its mean score, 0 to 255, must exceed this; NEVER: it is not reported.
        stride_rows: rows of features from one inference to the next.
    """

    window_ms: int
    suppression_ms: int
    minimum_count: int
    thresholds: tuple[int, ...]
    suppress_each_word: bool = True
    stride_rows: int = INFERENCE_STRIDE_ROWS

    def __post_init__(self) -> None:
        for name, most in _LIMITS.items():
            if not 1 <= getattr(self, name) <= most:
                raise UserError(f"operating point: {name} is {getattr(self, name)}, expected 1 to {most}")
        for threshold in self.thresholds:
            if not 0 <= threshold <= NEVER:
                raise UserError(f"operating point: a threshold is {threshold}, expected 0 to {NEVER}")

    @property
    def sha256(self) -> str:
        """Identifies the settings; the generated C has it."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def original(label_count: int, stride_rows: int = INFERENCE_STRIDE_ROWS) -> OperatingPoint:
    """The settings of TensorFlow's micro_speech: one high threshold for every label, over a long mean.

    Source:
        RecognizeCommands of micro_speech, as it is on the device.
    """
    return OperatingPoint(
        1000, 1500, 3, (200,) * label_count, suppress_each_word=False, stride_rows=stride_rows
    )


def check_target(per_hour: float) -> None:
    """Check a target of false accepts per hour.

    Raises:
        UserError: out of range, or no number.
    """
    if not 0 < per_hour <= _HIGHEST_TARGET_PER_HOUR:
        raise UserError(
            f"--false-accepts-per-hour is {per_hour:g}, expected more than 0 and at most "
            f"{_HIGHEST_TARGET_PER_HOUR}"
        )


@dataclass(frozen=True, kw_only=True)
class PointFigures:
    """What a point is worth on test streams.

    Attributes:
        false_accepts: words heard that nobody said; ``false_accepts_interval``: 95 %, of their rate an hour.
        false_accept_clips: that these are of; noise alone counts as one each.
        said: words of the model.
        false_rejects: of these, not heard; ``false_rejects_interval``: 95 %, of their share, 0 to 1.
    """

    false_accepts: int
    false_accepts_per_hour: float
    false_accepts_interval: tuple[float, float]
    false_accept_clips: int
    said: int
    false_rejects: int
    false_rejects_interval: tuple[float, float]

    @property
    def false_reject_share(self) -> float:
        """Of the words that were said; 0 of none."""
        return self.false_rejects / max(1, self.said)

    @property
    def headline(self) -> str:
        """What the firmware hears: ``hears 8 of 10 words, 0.4 false accepts an hour (0.1 to 1.2)``."""
        low, high = self.false_accepts_interval
        heard, of = self._heard_of()
        return (
            f"hears {heard} of {of} words, {self.false_accepts_per_hour:g} false accepts an hour "
            f"({low:g} to {high:g})"
        )

    def _heard_of(self) -> tuple[int, int]:
        """The share of the words heard, of 10, or of 100 near both ends; all and none are just that."""
        share = 1 - self.false_reject_share if self.said else 0.0
        of = 10 if 0.1 <= share <= 0.9 else 100
        heard = round(of * share)
        if 0 < share < 1:
            heard = min(max(heard, 1), of - 1)
        return (heard, of) if 0 < share < 1 else (round(10 * share), 10)


@dataclass(frozen=True, kw_only=True)
class WordFigures(PointFigures):
    """The same of one word, and its threshold."""

    label: str
    threshold: int


@dataclass(frozen=True, kw_only=True)
class PointTest:
    """A point on the test streams.

    Attributes:
        words: in the order of the labels; ``all`` of them together.
        confused: false accepts in the stream with the words: another word, or one heard twice.
        latency_ms: from the end of a word to its detection; None where no word was heard.
    """

    words: tuple[WordFigures, ...]
    all: PointFigures
    confused: int
    latency_ms: Latency | None


@dataclass(frozen=True, kw_only=True)
class Point:
    """Settings, and what they are worth. ``verdict``: None of points that were measured before version 3."""

    settings: OperatingPoint
    test: PointTest
    verdict: Verdict | None = None


@dataclass(frozen=True, kw_only=True)
class Points:
    """The two points there are, by ``NAMES``."""

    original: Point
    tuned: Point

    @property
    def by_name(self) -> dict[str, Point]:
        return {ORIGINAL: self.original, TUNED: self.tuned}


@dataclass(frozen=True, kw_only=True)
class Curve:
    """False accepts and false rejects of a word, or of all, against the threshold.

    Attributes:
        said: words.
        points: threshold, false accepts, false rejects, where one of the two changes; thresholds fall.
    """

    label: str
    said: int
    points: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class TriedWindow:
    """A window that was tried on the validation streams. All but the first two are None where it fails.

    Attributes:
        reaches_target: whether any thresholds keep false accepts within the target.
        said, heard: words of the model.
        interval: 95 %, of false accepts an hour.
    """

    window_ms: int
    reaches_target: bool
    thresholds: tuple[int, ...] | None = None
    said: int | None = None
    heard: int | None = None
    false_accepts: int | None = None
    false_accepts_per_hour: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class StreamContent:
    """How much there was to hear: ``words`` are made of ``clips``, again and again, in other noise.

    ``speech_hours``: of ``hours``, running synthetic speech.
    """

    hours: float
    words: int
    clips: int
    speech_hours: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SplitStreams:
    """The streams of a split: with the words of the model, and with others alone."""

    spoken: StreamContent
    others: StreamContent


@dataclass(frozen=True, kw_only=True)
class Streams:
    """The splits that a point is chosen and measured on."""

    validation: SplitStreams
    testing: SplitStreams


@dataclass(frozen=True, kw_only=True)
class OperatingPoints(ResultFile):
    """operating_points.json. A field that is not known is an error: it may be a setting.

    Attributes:
        model_sha256: of model.tflite.
        labels: in the order of the thresholds.
        in_force: name of the point that the firmware decides by.
        target_false_accepts_per_hour: of all words together.
        curves: of the test streams, smoothed as the tuned point; the last is of all words.
        windows: that the tuned point was chosen from.
        settings: of the streams.
        corpus_sha256: of the clips that they are made of.
    """

    model_sha256: str
    labels: tuple[str, ...]
    in_force: str
    target_false_accepts_per_hour: float
    points: Points
    curves: tuple[Curve, ...]
    windows: tuple[TriedWindow, ...]
    streams: Streams
    settings: dict[str, Json]
    corpus_sha256: str

    # Version 1 knew no suppress_each_word, 2 neither verdict nor speech_hours, 3 no stride_rows.
    VERSION: ClassVar[int] = runfolder.VERSIONS[runfolder.OPERATING_POINTS]

    def __post_init__(self) -> None:
        if self.in_force not in NAMES:
            raise UserError(f"'in_force' is none of {', '.join(NAMES)}")

    @classmethod
    def made_by(cls, path: Path) -> str:
        return f"earshot tune {typed(path.parent)}, or remove it for the original's settings"

    @classmethod
    def of_version(cls, content: dict[str, Json], version: int) -> dict[str, Json]:
        points, made = content.get("points"), content.get("settings")
        strides = made.get("inference_stride_rows") if isinstance(made, dict) else None
        for point in points.values() if isinstance(points, dict) else ():
            if isinstance(point, dict) and isinstance(settings := point.get("settings"), dict):
                if version < 2:
                    settings["suppress_each_word"] = False  # what was measured then
                if version < 4:
                    settings["stride_rows"] = _STRIDE_ROWS_BEFORE if strides is None else strides
        return content

    @classmethod
    def of(cls, content: Json, where: str) -> Self:
        return decode(cls, content, where, allow_unknown=False)

    @property
    def is_target_missed(self) -> bool:
        """Whether the whole 95 % interval of tuned false accepts on the test clips lies above the target."""
        low, _ = self.points.tuned.test.all.false_accepts_interval
        return low > self.target_false_accepts_per_hour

    @property
    def is_settled(self) -> bool:
        """Whether the tuned point does not keep the target, not even on the validation streams."""
        tuned = self.points.tuned.settings
        chosen = (tuned.window_ms, tuned.thresholds)
        kept = ((row.window_ms, row.thresholds) for row in self.windows if row.reaches_target)
        return bool(self.windows) and chosen not in kept

    @property
    def point(self) -> Point:
        """The one that is in force."""
        return self.points.by_name[self.in_force]


def in_force(run: Path, spec: ModelSpec) -> tuple[str, OperatingPoint]:
    """Name and settings of what the firmware of a run decides by; the original's where nothing was tuned.

    Raises:
        UserError: operating_points.json is of another model, or not as ``earshot tune`` writes it.
    """
    if not (run / runfolder.OPERATING_POINTS).is_file():
        return ORIGINAL, original(len(spec.labels))
    content = read_points(run, spec)
    return content.in_force, content.points.by_name[content.in_force].settings


def read_points(run: Path, spec: ModelSpec) -> OperatingPoints:
    """The content of operating_points.json, after checking that it is about this model.

    Raises:
        UserError: it is not there, or as for ``in_force``.
    """
    path = run / runfolder.OPERATING_POINTS
    if not path.is_file():
        raise UserError(f"{path}: nothing was tuned yet; begin with: earshot tune {typed(run)}")
    content = OperatingPoints.read(path)
    remedy = f"make it again with: {content.made_by(path)}"
    if content.model_sha256 != spec.artefacts.get(runfolder.TFLITE):
        raise UserError(f"{path}: was made for another {runfolder.TFLITE}; {remedy}")
    for name, point in content.points.by_name.items():
        if (count := len(point.settings.thresholds)) != len(spec.labels):
            raise UserError(
                f"{path}: its {name} point has {count} thresholds, expected {len(spec.labels)}, one for each "
                f"label; {remedy}"
            )
    return content
