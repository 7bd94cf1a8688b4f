"""The section of report.html on boards: what ``earshot report`` joined, made ready to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from train.core.results.boards import BoardFigures, DetectionAt, StreamResult, WordAt
from train.core.results.boards_report import BoardsReport, Estimate
from train.core.spec import UNKNOWN_LABEL

_MS_PER_LANE = 60_000
# What a result says about itself, in words.
_LABELS = {
    "measured": "on the board itself",
    "emulated": "in an emulator, whose results are the board's, but whose times are not",
    "host": "on the computer that made this page",
}


@dataclass(frozen=True)
class Mark:
    """Something on the time line of a stream; ``left`` is its place, 0..1 of a lane; ``kind`` a CSS class."""

    left: float
    kind: str
    title: str


@dataclass(frozen=True)
class Timeline:
    """A stream, a minute to a lane: what was said above, what was heard below."""

    board: str
    lanes: tuple[tuple[str, tuple[Mark, ...], tuple[Mark, ...]], ...]


@dataclass(frozen=True)
class Boards:
    """What the page shows.

    Attributes:
        tests, streams, sizes, benches, layers: boards that have these figures.
        estimates: of boards whose core is one on which instructions were counted.
        timelines: of the streams, each once: several boards may hear the same.
        labels: what the labels of the results mean.
        note: why there is nothing; "" where there is.
    """

    tests: Sequence[BoardFigures] = ()
    streams: Sequence[BoardFigures] = ()
    sizes: Sequence[BoardFigures] = ()
    benches: Sequence[BoardFigures] = ()
    layers: Sequence[BoardFigures] = ()
    estimates: Sequence[Estimate] = ()
    timelines: Sequence[Timeline] = ()
    labels: Mapping[str, str] | None = None
    note: str = ""


def read_boards(run: Path, model_sha256: str | None) -> Boards | None:
    """The figures of the run's boards; None where none were joined.

    Raises:
        UserError: the file is not as ``earshot report`` writes it.
    """
    path = BoardsReport.path_of(run)
    if not path.is_file():
        return None
    content = BoardsReport.read(path)
    if content.model_sha256 != model_sha256:
        remedy = f"make it again: {content.made_by(path)}"
        return Boards(note=f"The boards were tested with another model than this; {remedy}")
    boards = content.boards
    labelled = [
        part for board in boards for part in (board.test, board.stream, board.bench, board.layers) if part
    ]
    found = {part.label for part in labelled}
    return Boards(
        tests=[board for board in boards if board.test],
        streams=[board for board in boards if board.stream],
        sizes=[board for board in boards if board.size],
        benches=[board for board in boards if board.bench],
        layers=[board for board in boards if board.layers],
        estimates=content.estimates,
        timelines=[_timeline(board.board, board.stream) for board in boards if board.stream],
        labels={label: text for label, text in _LABELS.items() if label in found},
    )


def _timeline(board: str, stream: StreamResult) -> Timeline:
    lanes = []
    for first_ms in range(0, int(60_000 * stream.minutes), _MS_PER_LANE):
        said = tuple(
            Mark(_left(word.time_ms, first_ms), _kind(word.label), f"said: {_at(word)}")
            for word in stream.truth
            if 0 <= word.time_ms - first_ms < _MS_PER_LANE
        )
        heard = tuple(
            Mark(
                _left(item.time_ms, first_ms),
                item.verdict.replace(" ", "-"),
                f"heard: {_at(item)}, {item.verdict}",
            )
            for item in stream.detections
            if 0 <= item.time_ms - first_ms < _MS_PER_LANE
        )
        lanes.append((f"{first_ms // 60_000}:00", said, heard))
    return Timeline(board, tuple(lanes))


def _left(time_ms: float, first_ms: int) -> float:
    return (time_ms - first_ms) / _MS_PER_LANE


def _kind(label: str) -> str:
    return "other" if label == UNKNOWN_LABEL else "word"


def _at(item: WordAt | DetectionAt) -> str:
    return f"{item.label} at {item.time_ms / 1000:.1f} s"
