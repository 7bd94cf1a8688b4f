"""``python -m hil COMMAND``: firmware of a run on a board, its model.pb on a Raspberry Pi."""

import sys

from hil.commands import COMMANDS
from train.core import console
from train.core.command_line import dispatch


def main() -> None:
    """Run the command on ``sys.argv``."""
    about = "Build the firmware of a run folder and run it on a board."
    dispatch("python -m hil", COMMANDS, sys.argv[1:], about)


if __name__ == "__main__":
    console.run(main)
