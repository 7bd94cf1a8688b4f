"""``earshot compare``: runs side by side, on the terminal and as one page."""

import argparse
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from train.core.console import columns, printable, say, show, warn
from train.core.errors import UserError
from train.core.outputs import Output, State, has_mark
from train.core.pretrained.models import run_of
from train.report.compare import MARK, Cell, Comparison, compare, write_page
from train.report.run_figures import RunFigures, read_run

_NAME_COLUMNS, _RUN_COLUMNS = 24, 14  # characters; of the latter two lie between runs
PAGE = Output(
    "holds a comparison",
    "exists and is no earlier comparison",
    has_mark(MARK),
    example="compare.html",
    overwrite=State.FOREIGN,
)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    parser.description = (
        "Show runs side by side: accuracy with intervals, sizes, work, words heard, false accepts an hour "
        "and the settings that differ. Folders that hold no finished run are left out."
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", type=run_of, help="run folders, two or more")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write it as an HTML page, too")
    parser.add_argument("--overwrite", action="store_true", help="replace that file, whatever it is")


def run(flags: argparse.Namespace) -> None:
    """Read the runs, show them, write the page."""
    if flags.page:
        PAGE.check(flags.page, flags.overwrite, "--page")
    comparison = compare(_read(flags.runs))
    for part in parts(len(comparison.names), columns()):
        show(_table(comparison, part))
    for section in comparison.sections:
        if section.note:
            say(f"{section.title}: {section.note}")
    for sentence in comparison.pairs:
        say(sentence)
    for caution in comparison.cautions:
        warn(caution)
    if flags.page:
        write_page(flags.page, comparison, flags.command_line)
        say(f"page: {flags.page}")


def parts(run_count: int, width: int) -> Iterator[slice]:
    """Which runs stand in each table, so that it is no wider than the terminal; all about equally many."""
    most = max(1, (width - _NAME_COLUMNS) // _RUN_COLUMNS)
    tables = -(-run_count // most)
    for table in range(tables):
        yield slice(table * run_count // tables, (table + 1) * run_count // tables)


def _read(folders: Sequence[Path]) -> list[RunFigures]:
    """The runs; what holds none is told and left out.

    Raises:
        UserError: fewer than two are left.
    """
    runs: dict[Path, RunFigures] = {}
    for folder in folders:
        try:
            if folder.resolve() not in runs:
                runs[folder.resolve()] = read_run(folder)
        except UserError as error:
            warn(f"left out: {error}")
    if len(runs) < 2:
        raise UserError(
            f"expected two finished runs or more, such as: earshot compare out/first out/second; of the "
            f"folders named, {len(runs)} can be compared"
        )
    return list(runs.values())


def _table(comparison: Comparison, part: slice) -> Table:
    """All figures of some of the runs."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    table.add_column("", max_width=_NAME_COLUMNS, overflow="fold")
    for name in comparison.names[part]:
        table.add_column(printable(name), justify="right", min_width=_RUN_COLUMNS - 4, overflow="fold")
    for section in comparison.sections:
        table.add_row(section.title, style="bold")
        for row in section.rows:
            name = f"{row.name} ({row.label})" if row.label else row.name
            indented = textwrap.fill(name, _NAME_COLUMNS, initial_indent="  ", subsequent_indent="    ")
            table.add_row(indented, *(_cell(cell) for cell in row.cells[part]))
        table.add_section()
    return table


def _cell(cell: Cell) -> str:
    return f"{cell.text}\n{cell.detail}" if cell.detail else cell.text
