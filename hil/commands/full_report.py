"""``earshot report``: report.html written anew, with what boards made of the run where there is any."""

import argparse

from hil.commands import report
from train.commands import report as run_report
from train.core import runfolder

add_flags = run_report.add_flags


def run(flags: argparse.Namespace) -> None:
    """Write the page; its path goes to stdout."""
    has_boards = (flags.run / runfolder.HIL).is_dir()
    (report if has_boards else run_report).run(flags)
