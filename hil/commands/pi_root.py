"""``earshot pi-root``: an AArch64 Linux root for ``earshot pi --emulate``."""

import argparse
from pathlib import Path

from hil.pi.aarch64_root import NAME, default_root, make_root
from train.core.console import say


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Where the root goes."""
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help=f"(default: {NAME} in the cache, as $EARSHOT_CACHE)"
    )


def run(flags: argparse.Namespace) -> None:
    """Make a root, say where it is."""
    folder = flags.out or default_root()
    make_root(folder)
    say(f"root  {folder}")
