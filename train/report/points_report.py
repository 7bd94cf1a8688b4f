"""The section of report.html on operating points: what ``earshot tune`` measured, ready to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from train.core import runfolder
from train.core.errors import UserError
from train.core.operating_point import TUNED, read_points
from train.core.spec import ModelSpec
from train.report import plots

_PLOT = "operating_points.png"
_FIGURES = ("target_false_accepts_per_hour", "curves", "streams")


@dataclass(frozen=True)
class Points:
    """What the page shows.

    Attributes:
        rows: a word of a point each, and all of it: point, label, threshold, figures as in the file.
        content: the file, for the rest.
        curve: SVG.
        is_missed: on test clips the tuned point surely has more false accepts than the target.
        note: why there is nothing; "" where there is.
    """

    rows: Sequence[Mapping[str, Any]] = ()
    content: Mapping[str, Any] | None = None
    curve: str = ""
    is_missed: bool = False
    note: str = ""


def read_operating_points(run: Path, spec: ModelSpec) -> Points | None:
    """The operating points of a run, and their plot written to RUN/plots; None where nothing was tuned.

    A file about another model is told on the page: it does not stop the report.
    """
    if not (run / runfolder.OPERATING_POINTS).is_file():
        return None
    try:
        content = read_figures(run, spec)
    except UserError as error:
        return Points(note=str(error))
    rows = []
    marks = {}
    for name, point in content["points"].items():
        test = point["test"]
        mine = [*test["words"], {"label": "all", "threshold": None, **test["all"]}]
        rows += [{"point": name, **row} for row in mine]
        marks[name] = [(row["false_accepts"], row["false_rejects"] / max(1, row["said"])) for row in mine]
    figure = plots.detection_curves(
        content["curves"], marks, content["streams"]["testing"]["others"]["hours"]
    )
    runfolder.write_bytes(run / runfolder.PLOTS / _PLOT, plots.png(figure))
    return Points(rows, content, Markup(plots.svg(figure)), is_target_missed(content))


def read_figures(run: Path, spec: ModelSpec) -> dict[str, Any]:
    """The content of operating_points.json with all that is shown of it.

    Raises:
        UserError: as ``read_points`` does, or there are settings alone.
    """
    content = read_points(run, spec)
    missing = [name for name in _FIGURES if name not in content]
    missing += [f"test of {name}" for name, point in content["points"].items() if "test" not in point]
    if missing:
        raise UserError(
            f"{run / runfolder.OPERATING_POINTS}: has no {missing[0]!r}, so it is not what this hil tune "
            f"writes; make it again with: earshot tune {run}"
        )
    return content


def is_target_missed(content: Mapping[str, Any]) -> bool:
    """Whether the whole 95 % interval of tuned false accepts on the test clips lies above the target."""
    low, _ = content["points"][TUNED]["test"]["all"]["false_accepts_interval"]
    return bool(low > content["target_false_accepts_per_hour"])
