"""The section of report.html on operating points: what ``python -m hil tune`` measured, made ready to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from train import plots, runfolder
from train.errors import UserError
from train.operating_point import read_points
from train.spec import ModelSpec

_PLOT = "operating_points.png"


@dataclass(frozen=True)
class Points:
    """What the page shows.

    Attributes:
        rows: a word of a point each, and all of it: point, label, threshold, figures as in the file.
        content: the file, for the rest.
        curve: SVG.
        note: why there is nothing; "" where there is.
    """

    rows: Sequence[Mapping[str, Any]] = ()
    content: Mapping[str, Any] | None = None
    curve: Markup = Markup()
    note: str = ""


def read_operating_points(run: Path, spec: ModelSpec) -> Points | None:
    """The operating points of a run, and their plot written to RUN/plots; None where nothing was tuned.

    A file about another model is told on the page: it does not stop the report.
    """
    if not (run / runfolder.OPERATING_POINTS).is_file():
        return None
    try:
        content = read_points(run, spec)
    except UserError as error:
        return Points(note=str(error))
    rows = []
    marks = []
    for name, point in content["points"].items():
        test = point["test"]
        rows += [{"point": name, **row} for row in test["words"]]
        rows.append({"point": name, "label": "all", "threshold": None, **test["all"]})
        share = test["all"]["false_rejects"] / max(1, test["all"]["said"])
        marks.append((name, test["all"]["false_accepts"], share))
    figure = plots.detection_curves(
        content["curves"], marks, content["streams"]["testing"]["others"]["hours"]
    )
    runfolder.write_bytes(run / runfolder.PLOTS / _PLOT, plots.png(figure))
    return Points(rows, content, Markup(plots.svg(figure)))
