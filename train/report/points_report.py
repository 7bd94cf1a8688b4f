"""The section of report.html on operating points: what ``earshot tune`` measured, ready to show."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from train.core import runfolder
from train.core.errors import UserError
from train.core.operating_point import OperatingPoints, PointFigures, read_points
from train.core.spec import ModelSpec
from train.report import plots

_PLOT = "operating_points.png"


@dataclass(frozen=True)
class Row:
    """A word of a point, or all of it; ``threshold``: None for all."""

    point: str
    label: str
    threshold: int | None
    figures: PointFigures


@dataclass(frozen=True)
class PointsSection:
    """What the page shows.

    Attributes:
        content: the file, for all but the rows; None: there is nothing to show.
        curve: SVG.
        note: why there is nothing; "" where there is.
    """

    rows: Sequence[Row] = ()
    content: OperatingPoints | None = None
    curve: str = ""
    note: str = ""

    @property
    def measured_on(self) -> str:
        """The counts behind the headline."""
        return measured_on(self.content) if self.content else ""


def read_operating_points(run: Path, spec: ModelSpec) -> PointsSection | None:
    """The operating points of a run, and their plot written to RUN/plots; None where nothing was tuned.

    A file about another model is told on the page: it does not stop the report.
    """
    if not (run / runfolder.OPERATING_POINTS).is_file():
        return None
    try:
        content = read_points(run, spec)
    except UserError as error:
        return PointsSection(note=str(error))
    rows = []
    marks = {}
    for name, point in content.points.by_name.items():
        mine = [Row(name, word.label, word.threshold, word) for word in point.test.words]
        mine.append(Row(name, "all", None, point.test.all))
        rows += mine
        marks[name] = [(row.figures.false_accepts, row.figures.false_reject_share) for row in mine]
    figure = plots.detection_curves(content.curves, marks, content.streams.testing.others.hours)
    runfolder.write_bytes(run / runfolder.PLOTS / _PLOT, plots.png(figure))
    return PointsSection(rows, content, Markup(plots.svg(figure)))


def measured_on(points: OperatingPoints) -> str:
    """The counts behind the headline, for people."""
    figures, others = points.point.test.all, points.streams.testing.others
    speech = f", {_time(others.speech_hours)} of it running speech" if others.speech_hours else ""
    return (
        f"{figures.said - figures.false_rejects} of {figures.said} words in streams of test clips, and "
        f"{figures.false_accepts} false accepts in {_time(others.hours)} without these words{speech} (host); "
        "in brackets the 95 % interval"
    )


def _time(hours: float) -> str:
    return f"{hours:.2g} h" if hours >= 1 else f"{60 * hours:.0f} min"
