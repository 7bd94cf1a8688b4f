"""Tables that a benchmark keeps in docs/: one place for how they are found and put there."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from train.core import runfolder
from train.core.errors import UserError

DOCS = Path(__file__).parents[2] / "docs"
_END = "<!-- to here -->"


def seed_cells(floats: Sequence[float], int8s: Sequence[float]) -> str:
    """Percents over seeds as cells of a row: both means, then int8 of each seed."""
    each = ", ".join(f"{percent:.1f}" for percent in int8s)
    return f"{statistics.mean(floats):.1f} % | {statistics.mean(int8s):.1f} % | {each}"


def write(document: str, source: str, text: str) -> None:
    """Put text into docs/document, between the marks that name its source.

    Raises:
        UserError: the marks are not there.
    """
    path = DOCS / document
    begin = f"<!-- {source} writes from here -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    _, end, after = rest.partition(_END)
    if not end:
        raise UserError(f"{path}: expected the lines {begin} and {_END}, between which the table goes")
    runfolder.write_text(path, f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}")
