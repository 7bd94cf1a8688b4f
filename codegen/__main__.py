"""``python -m codegen RUN``, with ``export`` and ``wav_to_features`` beside it."""

import sys

from codegen import command, wav_to_features_command
from codegen.export import command as export_command
from train.core import console
from train.core.command_line import call


def main() -> None:
    """Run the command on ``sys.argv``."""
    arguments = sys.argv[1:]
    others = {"wav_to_features": wav_to_features_command, "export": export_command}
    if arguments and arguments[0] in others:
        call(others[arguments[0]], f"python -m codegen {arguments[0]}", arguments[1:])
    else:
        call(command, "python -m codegen", arguments)


if __name__ == "__main__":
    console.run(main)
