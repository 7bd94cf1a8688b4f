"""``python -m hil report``: what boards made of a run, joined in RUN/hil/report.json, shown in report.html.

report.html has one writer, train/report/run_report.py; it takes its section on boards from that file.
"""

import argparse
from pathlib import Path

from hil.estimates import estimates
from train.core import runfolder
from train.core.command_line import add_run_argument
from train.core.console import say, warn
from train.core.errors import UserError
from train.core.results.belonging import stale
from train.core.results.boards import BoardFigures
from train.core.results.boards_report import BoardsReport
from train.report.measured import read_boards
from train.report.run_report import write_report


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The run folder alone."""
    add_run_argument(parser, changes=True)


def run(flags: argparse.Namespace) -> None:
    """Join what is there, make the page, say where it is."""
    with runfolder.writing(flags.run):
        report = join(flags.run)
        report.write(BoardsReport.path_of(flags.run))
        page = write_report(flags.run)
        for what in stale(flags.run):
            warn(what)
    for figures in report.boards:
        say(f"{figures.board:14} {', '.join(_summary(figures))}")
    for item in report.estimates:
        (least_ms, most_ms), (least, most) = item.window_ms, item.share_of_core
        say(
            f"{item.board:14} keeps up: {item.keeps_up}; a window takes {least_ms:.1f} to {most_ms:.1f} ms, "
            f"listening {least:.0%} to {most:.0%} of the core (estimated)"
        )
    say(f"report         {page}")


def join(run: Path) -> BoardsReport:
    """The figures of all boards; those of another model are left out.

    Raises:
        UserError: no run folder, nothing to join, or a file that is not as expected.
    """
    spec = runfolder.read_spec(run, needs=[runfolder.TFLITE])
    model_sha256 = spec.artefacts[runfolder.TFLITE]
    boards, left_out = read_boards(run, model_sha256)
    for why in left_out:
        warn(why)
    if not boards:
        raise UserError(
            f"{run / runfolder.HIL}: there is nothing on this model to report; begin with: "
            f"earshot test --board host {run}"
        )
    benches = {figures.board: figures.bench for figures in boards if figures.bench}
    return BoardsReport(model_sha256=model_sha256, boards=tuple(boards), estimates=estimates(benches))


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
        if bench.instructions_per_audio_s is not None:
            parts.append(f"{bench.instructions_per_audio_s:,} a second of audio")
    if layers := figures.layers:
        parts.append(f"{len(layers.layers)} operators one by one")
    return parts
