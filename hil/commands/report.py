"""``python -m hil report``: what boards made of a run, joined in RUN/hil/report.json, shown in report.html.

report.html has one writer, train/report/run_report.py; it takes its section on boards from that file.
"""

import argparse
from pathlib import Path
from typing import TypeVar

from train.core import runfolder
from train.core.command_line import add_run_argument
from train.core.console import say, warn
from train.core.errors import UserError
from train.core.results.boards import (
    BenchResult,
    BoardFigures,
    BoardFile,
    BoardsReport,
    FirmwareSize,
    ProofResult,
    StreamResult,
)
from train.report.run_report import write_report

_Part = TypeVar("_Part", bound=BoardFile)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The run folder alone."""
    add_run_argument(parser)


def run(flags: argparse.Namespace) -> None:
    """Join what is there, make the page, say where it is."""
    report = join(flags.run)
    report.write(BoardsReport.path_of(flags.run))
    page = write_report(flags.run)
    for figures in report.boards:
        say(f"{figures.board:14} {', '.join(_summary(figures))}")
    say(f"report         {page}")


def join(run: Path) -> BoardsReport:
    """The figures of all boards; those of another model are left out.

    Raises:
        UserError: no run folder, nothing to join, or a file that is not as expected.
    """
    model_sha256 = runfolder.read_spec(run).artefacts[runfolder.TFLITE]

    def part(kind: type[_Part], board: str) -> _Part | None:
        """A file of a board; None where there is none, or none about this model."""
        path = kind.path_of(run, board)
        found = kind.read(path) if path.is_file() else None
        if found is None or found.model_sha256 == model_sha256:
            return found
        warn(
            f"{path}: is about another model (SHA-256 {found.model_sha256[:12]}…, expected "
            f"{model_sha256[:12]}…) and is left out; make it again with: {kind.made_by(path)}"
        )
        return None

    boards = []
    for board in sorted(path.name for path in (run / runfolder.HIL).glob("*") if path.is_dir()):
        figures = BoardFigures(
            board=board,
            test=part(ProofResult, board),
            stream=part(StreamResult, board),
            size=part(FirmwareSize, board),
            bench=part(BenchResult, board),
        )
        if figures != BoardFigures(board=board):
            boards.append(figures)
    if not boards:
        raise UserError(
            f"{run / runfolder.HIL}: there is nothing on this model to report; begin with: "
            f"earshot test --board host {run}"
        )
    return BoardsReport(model_sha256=model_sha256, boards=tuple(boards))


def _summary(figures: BoardFigures) -> list[str]:
    """A line of figures."""
    parts = []
    if test := figures.test:
        proven = "proven" if test.proven else "NOT PROVEN"
        parts.append(f"{100 * test.accuracy:.1f} % of {test.clips} clips ({test.label}, {proven})")
    if stream := figures.stream:
        parts.append(
            f"{stream.correct} of {stream.words} words in {stream.minutes:g} minutes, "
            f"{stream.false_accepts_per_hour:g} false accepts an hour"
        )
    if size := figures.size:
        parts.append(f"flash {size.flash_bytes:,}, RAM {size.ram_bytes:,} bytes")
    if (bench := figures.bench) and bench.instructions_per_inference is not None:
        parts.append(f"{bench.instructions_per_inference:,} instructions an inference")
    return parts
