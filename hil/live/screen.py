"""What a terminal shows while it listens: the level, a bar for each label, what was heard."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from math import ceil

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from hil.live.detector import Detection, Detector
from hil.live.level import Level
from hil.live.session import Session, duration
from train.core.console import Picture, printable, screen
from train.core.operating_point import NEVER

_SHORTEST_S = 0.12  # from one picture to the next
_CLIPPED_S = 2.0  # how long clipping stays to be seen
_QUIETEST_DBFS = -60  # left end of the level's bar
_MOST_SCORE = 255
_NARROWEST_COLUMN = 25  # of a label, its bar and its score
_WIDEST_COLUMN = 60
_LONGEST_NAME = 14
_DETECTION_ROWS = 4  # that labels leave free, where there is room
_FRAME_ROWS = 5  # title, level, two blanks, the line above detections
_TOO_LOUD = " CUT OFF: too loud"
_BOLD, _DIM, _LEVEL, _HEARD, _ALARM = (
    Style.parse(style) for style in ("bold", "dim", "cyan", "bold green", "bold red")
)
_MARKS, _ASCII_MARKS = "█░│", "#-|"  # mean, now, threshold

Line = list[Segment]


@dataclass(frozen=True)
class LabelScore:
    """A bar: scores and threshold of 0 to 255; ``now`` is of one inference, ``mean`` what counts."""

    name: str
    mean: int
    now: int
    threshold: int


@dataclass(frozen=True)
class State:
    """All that is to be seen.

    Attributes:
        is_clipped: now, or a moment ago.
        latest: detections, the newest last.
    """

    title: str
    level: Level
    is_clipped: bool
    labels: Sequence[LabelScore]
    latest: Sequence[Detection]


class Screen:
    """The terminal, drawn anew at most eight times a second."""

    def __init__(self, draw: Callable[[Picture], None], detector: Detector, name: str) -> None:
        """Use ``live_screen``."""
        self._draw, self._detector, self._name = draw, detector, printable(name)
        self._drawn_s = self._clipped_s = -_CLIPPED_S
        self._loudest = Level()  # since the last picture

    def show(self, session: Session, overruns: int) -> None:
        """Draw the state of the detector, unless that was done just now."""
        now_s = time.monotonic()
        level = self._detector.level
        self._loudest = max(self._loudest, level, key=lambda level: level.peak_dbfs)
        if level.is_clipped:
            self._clipped_s = now_s
        if now_s - self._drawn_s < _SHORTEST_S:
            return
        lost = f", sound lost {overruns} times" if overruns else ""
        means, scores = self._detector.means, self._detector.scores
        thresholds = zip(self._detector.labels, self._detector.point.thresholds, strict=True)
        state = State(
            f"listening to {self._name} for {duration(session.seconds)}{lost}",
            self._loudest,
            now_s - self._clipped_s < _CLIPPED_S,
            [LabelScore(name, means[name], scores[name], threshold) for name, threshold in thresholds],
            session.latest,
        )
        self._draw(lambda columns, rows, is_ascii: picture(state, columns, rows, is_ascii))
        self._drawn_s, self._loudest = now_s, Level()


@contextmanager
def live_screen(detector: Detector, name: str) -> Iterator[Screen]:
    """Take the terminal for as long as the block lasts; ``name``: of the source."""
    with screen() as draw:
        yield Screen(draw, detector, name)


def picture(state: State, columns: int, rows: int, is_ascii: bool) -> list[Line]:
    """The state as at most ``rows`` lines for a terminal of so many columns."""
    marks = _ASCII_MARKS if is_ascii else _MARKS
    lines = [
        [Segment(state.title, _BOLD)],
        _level_line(state, columns, marks),
        [],
        *_label_lines(state.labels, columns, max(1, rows - _FRAME_ROWS - _DETECTION_ROWS), marks),
        [],
        [Segment(f"heard   {marks[0]} mean  {marks[1]} now  {marks[2]} threshold  (Ctrl-C ends)", _DIM)],
    ]
    room = max(0, rows - len(lines))
    lines += [_detection_line(detection) for detection in islice(reversed(state.latest), room)]
    return lines[:rows]


def _level_line(state: State, columns: int, marks: str) -> Line:
    level = state.level
    figures = f" {level.rms_dbfs:4.0f} dBFS, peak {level.peak_dbfs:4.0f}"
    width = max(5, min(_WIDEST_COLUMN, columns - len("level ") - len(figures) - len(_TOO_LOUD)))
    rms, peak = (
        round(width * (1 - max(_QUIETEST_DBFS, value) / _QUIETEST_DBFS))
        for value in (level.rms_dbfs, level.peak_dbfs)
    )
    bar = Segment(_bar(rms, peak, None, width, marks), _LEVEL)
    warning = [Segment(_TOO_LOUD, _ALARM)] if state.is_clipped else []
    return [Segment("level "), bar, Segment(figures), *warning]


def _label_lines(labels: Sequence[LabelScore], columns: int, rows: int, marks: str) -> list[Line]:
    """A bar for each label, in as many columns as it takes; the highest, where there is no room for all."""
    side_by_side = max(1, min(columns // _NARROWEST_COLUMN, ceil(len(labels) / rows)))
    left_out = 0
    if len(labels) > rows * side_by_side:
        shown = max(1, (rows - 1) * side_by_side)
        lowest = sorted(labels, key=lambda label: label.mean)[: len(labels) - shown]
        labels = [label for label in labels if label not in lowest]
        left_out = len(lowest)
    width = min(_WIDEST_COLUMN, (columns - side_by_side + 1) // side_by_side)
    name_width = min(_LONGEST_NAME, max(cell_len(label.name) for label in labels))
    height = ceil(len(labels) / side_by_side)
    lines = [
        [part for label in labels[row::height] for part in _label(label, width, name_width, marks)]
        for row in range(height)
    ]
    return [*lines, [Segment(f"and {left_out} more labels", _DIM)]] if left_out else lines


def _label(label: LabelScore, width: int, name_width: int, marks: str) -> Line:
    bar_width = max(3, width - name_width - 5)
    mean, now, threshold = (
        round(score / _MOST_SCORE * bar_width) for score in (label.mean, label.now, label.threshold)
    )
    bar = _bar(mean, now, None if label.threshold == NEVER else threshold, bar_width, marks)
    style = _HEARD if label.mean > label.threshold else None
    return [Segment(f"{set_cell_size(label.name, name_width)} {bar}", style), Segment(f" {label.mean:3} ")]


def _bar(full: int, light: int, limit: int | None, width: int, marks: str) -> str:
    """``full`` cells, light ones behind them up to ``light``, and a mark in the cell behind the limit."""
    cells = [marks[0]] * full + [marks[1]] * (light - full) + [" "] * (width - max(full, light))
    if limit is not None:
        cells[min(limit, width - 1)] = marks[2]
    return "".join(cells)


def _detection_line(detection: Detection) -> Line:
    minutes, seconds = divmod(detection.time_ms / 1000, 60)
    return [
        Segment(f"{int(minutes):3}:{seconds:06.3f}  ", _DIM),
        Segment(detection.word, _HEARD),
        Segment(f"  {detection.score} over {detection.threshold}"),
    ]
