"""What a terminal shows while it listens: the level, a bar for each label, what was heard."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from hil.live.detector import Detection, Detector
from hil.live.level import Level
from hil.live.session import Session, duration
from train.core.console import screen
from train.core.operating_point import NEVER

_SHORTEST_S = 0.1  # from one picture to the next
_CLIPPED_S = 2.0  # how long clipping stays to be seen
_QUIETEST_DBFS = -60  # left end of the level's bar
_MOST_SCORE = 255
_NARROWEST_COLUMN = 25  # of a label, its bar and its score
_WIDEST_COLUMN = 60
_LONGEST_NAME = 14
_DETECTION_ROWS = 4  # that labels leave free, where there is room
_FRAME_ROWS = 5  # title, level, two blanks, the line above detections
_TOO_LOUD = " CUT OFF: too loud"


class Screen:
    """The terminal, drawn anew at most ten times a second."""

    def __init__(
        self, draw: Callable[[Callable[[int, int, bool], Text]], None], detector: Detector, name: str
    ) -> None:
        """Use ``live_screen``; ``name``: of the source."""
        self._draw, self._detector, self._name = draw, detector, name
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
        self._drawn_s = now_s
        is_clipped = now_s - self._clipped_s < _CLIPPED_S
        state = (self._detector, self._name, session, self._loudest, is_clipped, overruns)
        self._draw(lambda columns, rows, is_ascii: _picture(*state, columns, rows, is_ascii))
        self._loudest = Level()


@contextmanager
def live_screen(detector: Detector, name: str) -> Iterator[Screen]:
    """Take the terminal for as long as the block lasts."""
    with screen() as draw:
        yield Screen(draw, detector, name)


def _picture(
    detector: Detector,
    name: str,
    session: Session,
    level: Level,
    is_clipped: bool,
    overruns: int,
    columns: int,
    rows: int,
    is_ascii: bool,
) -> Text:
    marks = "#-|" if is_ascii else "█░│"
    lost = f", sound lost {overruns} times" if overruns else ""
    lines = [
        Text(f"listening to {name} for {duration(session.seconds)}{lost}", "bold"),
        _level_line(level, is_clipped, columns, marks),
        Text(),
        *_labels(detector, columns, max(1, rows - _FRAME_ROWS - _DETECTION_ROWS), marks),
        Text(),
        Text(f"heard (Ctrl-C ends)   {marks[0]} mean  {marks[1]} now  {marks[2]} threshold", "dim"),
    ]
    room = max(0, rows - len(lines))
    latest = (
        list(session.latest)[len(session.latest) - room :] if room < len(session.latest) else session.latest
    )
    lines += [_detection_line(detection) for detection in reversed(list(latest))]
    for line in lines:
        line.truncate(columns)
    return Text("\n", no_wrap=True, overflow="crop", end="").join(lines[:rows])


def _level_line(level: Level, is_clipped: bool, columns: int, marks: str) -> Text:
    figures = f" {level.rms_dbfs:4.0f} dBFS, peak {level.peak_dbfs:4.0f}"
    warning = _TOO_LOUD if is_clipped else ""
    width = max(5, min(_WIDEST_COLUMN, columns - len("level ") - len(figures) - len(_TOO_LOUD)))
    share = [1 - max(_QUIETEST_DBFS, value) / _QUIETEST_DBFS for value in (level.rms_dbfs, level.peak_dbfs)]
    bar = _bar(round(share[0] * width), round(share[1] * width), None, width, marks)
    return Text.assemble("level ", (bar, "cyan"), figures, (warning, "bold red"))


def _labels(detector: Detector, columns: int, rows: int, marks: str) -> list[Text]:
    """A bar for each label, in as many columns as it takes; the highest, where there is no room for all."""
    labels = list(range(len(detector.labels)))
    side_by_side = max(1, min(columns // _NARROWEST_COLUMN, ceil(len(labels) / rows)))
    rest = 0
    if len(labels) > rows * side_by_side:
        means = list(detector.means.values())
        shown = max(1, (rows - 1) * side_by_side)
        rest = len(labels) - shown
        labels = sorted(sorted(labels, key=lambda label: -means[label])[:shown])
    width = min(_WIDEST_COLUMN, (columns - side_by_side + 1) // side_by_side)
    name_width = min(_LONGEST_NAME, max(cell_len(detector.labels[label]) for label in labels))
    height = ceil(len(labels) / side_by_side)
    lines = []
    for row in range(height):
        cells = [_label(detector, label, width, name_width, marks) for label in labels[row::height]]
        lines.append(Text(" ").join(cells))
    return [*lines, Text(f"and {rest} more labels", "dim")] if rest else lines


def _label(detector: Detector, label: int, width: int, name_width: int, marks: str) -> Text:
    name = detector.labels[label]
    mean, now, threshold = detector.means[name], detector.scores[name], detector.point.thresholds[label]
    bar_width = max(3, width - name_width - 5)
    limit = None if threshold == NEVER else _cells(threshold, bar_width)
    bar = _bar(_cells(mean, bar_width), _cells(now, bar_width), limit, bar_width, marks)
    style = "bold green" if mean > threshold else ""
    return Text.assemble((set_cell_size(name, name_width), style), " ", (bar, style), f" {mean:3}")


def _cells(score: int, width: int) -> int:
    return round(score / _MOST_SCORE * width)


def _bar(full: int, light: int, mark: int | None, width: int, marks: str) -> str:
    """``full`` cells, light ones up to ``light``, and a mark in front of the cell that is beyond a limit."""
    cells = [marks[0]] * full + [marks[1]] * (light - full) + [" "] * (width - max(full, light))
    if mark is not None:
        cells[min(mark, width - 1)] = marks[2]
    return "".join(cells)


def _detection_line(detection: Detection) -> Text:
    minutes, seconds = divmod(detection.time_ms / 1000, 60)
    when = f"{int(minutes):3}:{seconds:06.3f}"
    return Text.assemble(
        (when, "dim"), "  ", (detection.word, "bold green"), f"  {detection.score} over {detection.threshold}"
    )
