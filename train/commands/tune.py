"""``earshot tune``: thresholds for a target of false accepts per hour, and what they are worth."""

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from train.architectures import stride_rows
from train.core import runfolder
from train.core.command_line import add_run_argument, rare
from train.core.errors import UserError, typed
from train.core.files.plain import read_plain
from train.core.operating_point import (
    NAMES,
    ORIGINAL,
    TARGET_PER_HOUR,
    TUNED,
    OperatingPoints,
    PointFigures,
    check_target,
    read_points,
)

if TYPE_CHECKING:
    from train.core.spec import ModelSpec
    from train.detection.tune import Wish

_EACH_WORD = "each-word"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    add_run_argument(parser, changes=True)
    parser.add_argument(
        "--data", metavar="WHERE", help="clips, as for earshot train (default: as in training)"
    )
    parser.add_argument(
        "--false-accepts-per-hour",
        type=float,
        metavar="N",
        help=f"at most, all words together, on the validation audio ({TARGET_PER_HOUR:g})",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help="of each of four streams: with the words and without, of validation and of test clips (without: "
        "60, or less for a target above 0.5; with them: so that each clip is heard, 20 at most)",
    )
    parser.add_argument(
        "--suppression",
        choices=(_EACH_WORD, ORIGINAL),
        help=rare(
            f"{_EACH_WORD}: a word is heard once within the suppression time, whatever comes between; "
            f"{ORIGINAL}: another label ends it, as in micro_speech ({_EACH_WORD})"
        ),
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help=rare("of everything that is drawn (as in training)")
    )
    parser.add_argument(
        "--use",
        choices=NAMES,
        help="of the points measured before, put this one in force and do nothing else; a new measurement "
        f"puts {TUNED} in force",
    )


def run(flags: argparse.Namespace) -> None:
    """Choose on validation clips, measure on test clips, write operating_points.json and the report."""
    wish = _wish(flags)
    with runfolder.writing(flags.run):
        _print(_tune(flags, wish), flags.run)


def _tune(flags: argparse.Namespace, wish: "Wish") -> OperatingPoints:
    spec = runfolder.read_spec(flags.run, needs=[runfolder.TFLITE])
    if flags.use:
        measuring = ("data", "false_accepts_per_hour", "minutes", "suppression", "seed")
        if given := [name for name in measuring if getattr(flags, name) is not None]:
            raise UserError(f"--use {flags.use} measures nothing; leave out --{given[0].replace('_', '-')}")
        content = dataclasses.replace(read_points(flags.run, spec), in_force=flags.use)
    else:
        content = _measured(flags, spec, wish)
    content.write(flags.run / runfolder.OPERATING_POINTS)
    if (flags.run / runfolder.METRICS).is_file():
        from train.report.run_report import write_report

        write_report(flags.run)
    return content


def _wish(flags: argparse.Namespace) -> "Wish":
    """What the flags ask for.

    Raises:
        UserError: a value out of range.
    """
    from train.detection.labelled_stream import StreamSettings
    from train.detection.tune import Wish

    given = {
        name: value
        for name, value in (
            ("target_per_hour", flags.false_accepts_per_hour),
            ("seed", flags.seed),
            ("minutes", flags.minutes),
        )
        if value is not None
    }
    wish = Wish(**given, suppress_each_word=flags.suppression != ORIGINAL)
    check_target(wish.target_per_hour)
    StreamSettings(minutes=wish.others_minutes, seed=wish.seed)  # checks them
    return wish


def _measured(flags: argparse.Namespace, spec: "ModelSpec", wish: "Wish") -> OperatingPoints:
    """Both points, measured on the clips that are asked for."""
    from codegen.native import fastest_scorer
    from train.core import runfolder
    from train.core.layout import TESTING, VALIDATION
    from train.data.job_data import gather
    from train.detection.tune import tune
    from train.settings.job import trained_job

    job = trained_job(flags.run, spec, flags.data)
    wish = dataclasses.replace(wish, stride_rows=stride_rows(spec.architecture))
    if flags.seed is None:
        wish = dataclasses.replace(wish, seed=job.seed)  # as in training
    tflite = flags.run / runfolder.TFLITE
    material = gather(job, (VALIDATION, TESTING))
    return tune(spec, job, material, fastest_scorer(read_plain(tflite), str(tflite)), wish)


def _print(content: OperatingPoints, run: Path) -> None:
    """The points on the test streams, side by side, on stdout."""
    from rich.table import Table

    from train.core.console import say, show, warn
    from train.core.runfolder import OPERATING_POINTS
    from train.evaluation.tables import print_hearing

    print_hearing(content)
    others = content.streams.testing.others
    table = Table(
        title=f"test streams (host); {others.hours:g} h of noise, speech and {others.clips} other clips",
        title_justify="left",
    )
    for index, column in enumerate(("point", "word", "threshold", "false accepts an hour", "missed")):
        table.add_column(column, justify="left" if index < 2 else "right")
    for name, point in content.points.by_name.items():
        for word in point.test.words:
            table.add_row(name, word.label, str(word.threshold), _accepted(word), _missed(word))
        table.add_row(name, "all", "", _accepted(point.test.all), _missed(point.test.all))
        table.add_section()
    show(table)
    settings = content.points.by_name[content.in_force].settings
    suppression = ", whatever comes between" if settings.suppress_each_word else " or behind another label"
    lines = (
        f"in force    {content.in_force}: mean of {settings.window_ms} ms, the same word again after "
        f"{settings.suppression_ms} ms{suppression}",
        f"written     {run / OPERATING_POINTS}",
        f"now         earshot codegen {typed(run)}, so that the firmware decides by it",
    )
    say(*lines)
    if content.is_target_missed:
        warn(
            f"on the test clips {TUNED} has more false accepts than the target: "
            f"{content.streams.validation.others.clips} validation clips of other words are too few, or too "
            "unlike the test clips, to choose thresholds that hold; more recordings help, more minutes do not"
        )


def _accepted(figures: PointFigures) -> str:
    low, high = figures.false_accepts_interval
    return f"{figures.false_accepts}: {figures.false_accepts_per_hour:g} ({low:g} – {high:g})"


def _missed(figures: PointFigures) -> str:
    low, high = (100 * bound for bound in figures.false_rejects_interval)
    share = 100 * figures.false_reject_share
    return f"{figures.false_rejects} of {figures.said}: {share:.1f} % ({low:.1f} – {high:.1f})"
