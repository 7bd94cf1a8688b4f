"""``earshot tune``: thresholds for a target of false accepts per hour, and what they are worth."""

import argparse
import dataclasses
from pathlib import Path

from train.core.command_line import add_run_argument, rare
from train.core.errors import UserError, typed
from train.core.operating_point import NAMES, ORIGINAL, TUNED, OperatingPoints, PointFigures, read_points

_TARGET_PER_HOUR, _MINUTES, _SEED = 0.5, 60.0, 59185
_EACH_WORD = "each-word"
_HIGHEST_TARGET_PER_HOUR = 3600


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    add_run_argument(parser)
    parser.add_argument(
        "--data", metavar="WHERE", help="clips, as for earshot train (default: as in training)"
    )
    parser.add_argument(
        "--false-accepts-per-hour",
        type=float,
        metavar="N",
        help=f"at most, all words together, on the validation audio ({_TARGET_PER_HOUR:g})",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help="of each of four streams: with the words and without, of validation and of test clips "
        f"({_MINUTES:g})",
    )
    parser.add_argument(
        "--suppression",
        choices=(_EACH_WORD, ORIGINAL),
        help=rare(
            f"{_EACH_WORD}: a word is heard once within the suppression time, whatever comes between; "
            f"{ORIGINAL}: another label ends it, as in micro_speech ({_EACH_WORD})"
        ),
    )
    parser.add_argument("--seed", type=int, metavar="N", help=rare(f"of everything that is drawn ({_SEED})"))
    parser.add_argument(
        "--use",
        choices=NAMES,
        help="of the points measured before, put this one in force and do nothing else; a new measurement "
        f"puts {TUNED} in force",
    )


def run(flags: argparse.Namespace) -> None:
    """Choose on validation clips, measure on test clips, write operating_points.json and the report."""
    from train.core import runfolder
    from train.detection.labelled_stream import StreamSettings
    from train.detection.tune import tune

    target = _TARGET_PER_HOUR if flags.false_accepts_per_hour is None else flags.false_accepts_per_hour
    if not 0 < target <= _HIGHEST_TARGET_PER_HOUR:
        raise UserError(
            f"--false-accepts-per-hour is {target:g}, expected more than 0 and at most "
            f"{_HIGHEST_TARGET_PER_HOUR}"
        )
    minutes = _MINUTES if flags.minutes is None else flags.minutes
    settings = StreamSettings(minutes=minutes, seed=_SEED if flags.seed is None else flags.seed)
    spec = runfolder.read_spec(flags.run, needs=[runfolder.TFLITE])
    if flags.use:
        measuring = ("data", "false_accepts_per_hour", "minutes", "suppression", "seed")
        if given := [name for name in measuring if getattr(flags, name) is not None]:
            raise UserError(f"--use {flags.use} measures nothing; leave out --{given[0].replace('_', '-')}")
        content = dataclasses.replace(read_points(flags.run, spec), in_force=flags.use)
    else:
        each_word = flags.suppression != ORIGINAL
        content = tune(flags.run, spec, flags.data, target, settings, each_word)
    content.write(flags.run / runfolder.OPERATING_POINTS)
    if (flags.run / runfolder.METRICS).is_file():
        from train.report.run_report import write_report

        write_report(flags.run)
    _print(content, flags.run)


def _print(content: OperatingPoints, run: Path) -> None:
    """The points on the test streams, side by side, on stdout."""
    from rich.table import Table

    from train.core.console import say, show, warn
    from train.core.runfolder import OPERATING_POINTS

    others = content.streams.testing.others
    table = Table(
        title=f"test clips (host); {others.hours:g} h of noise and {others.clips} clips of other words",
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
