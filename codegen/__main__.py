"""``python -m codegen RUN``, and ``python -m codegen wav_to_features`` beside it."""

import sys

from codegen import command, wav_to_features_command
from train.core import console
from train.core.command_line import call


def main() -> None:
    """Run the command on ``sys.argv``."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["wav_to_features"]:
        call(wav_to_features_command, "python -m codegen wav_to_features", arguments[1:])
    else:
        call(command, "python -m codegen", arguments)


if __name__ == "__main__":
    console.run(main)
