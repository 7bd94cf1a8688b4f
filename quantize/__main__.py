"""``python -m quantize RUN``."""

import sys

from quantize import command
from train.core import console
from train.core.command_line import call

if __name__ == "__main__":
    console.run(lambda: call(command, "python -m quantize", sys.argv[1:]))
