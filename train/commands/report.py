"""``python -m train report``: report.html written anew from the run folder."""

import argparse

from train.core import runfolder
from train.core.command_line import add_run_argument
from train.core.console import say, warn
from train.core.results.belonging import stale


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The run folder alone."""
    parser.description = "Write RUN/report.html anew from the run folder."
    add_run_argument(parser, changes=True)


def run(flags: argparse.Namespace) -> None:
    """Write the page; its path goes to stdout."""
    from train.report.run_report import write_report

    with runfolder.writing(flags.run):
        say(str(write_report(flags.run)))
        for what in stale(flags.run):
            warn(what)
