"""``earshot listen``: a run listens to a microphone of this computer."""

import argparse
from pathlib import Path

from hil.live.page import LISTEN_PAGE, write_page
from train.core.command_line import add_run_argument
from train.core.console import log, say


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    add_run_argument(parser)
    parser.add_argument(
        "--page", action="store_true", help="write a page that listens in a browser, without a server"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=f"with --page: the page to write (RUN/{LISTEN_PAGE})"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace that file, whatever it is")


def run(flags: argparse.Namespace) -> None:
    """Write the page; its path goes to stdout."""
    written = write_page(flags.run, flags.out, flags.overwrite)
    log(f"wrote a page of {written.stat().st_size / 1000:.0f} kB; open it in a browser")
    say(str(written))
