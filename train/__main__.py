"""``python -m train`` trains unless another command is named; ``earshot`` knows all commands."""

import sys

from hil.commands import BOARDS, COMPARE, LISTEN, PI, RECORD
from train.commands import COMMANDS, DATA, EVALUATE, SEVERAL_MODELS, TRAIN, TUNE
from train.core import console
from train.core.command_line import Command, call, dispatch

_QUANTIZE = Command("quantize", "the float model of a run to an audited int8 .tflite", "quantize.command")
_CODEGEN = Command("codegen", "the .tflite of a run, or any other, to C", "codegen.command")
_EXPORT = Command("export", "the model as a C library for a project of yours", "codegen.export.command")
_WAV_TO_FEATURES = Command(
    "wav-to-features", "the features of a WAV as a C array", "codegen.wav_to_features_command"
)
_MODELS = Command(
    "models", "list the models that ship with Earshot, or copy one", "train.core.pretrained.command"
)
_REPORT = Command("report", "write RUN/report.html anew, boards included", "hil.commands.full_report")
EVERYTHING = {
    "from words to C": (TRAIN, _QUANTIZE, _CODEGEN, _EXPORT),
    "a run": (LISTEN, EVALUATE, TUNE, _REPORT, _MODELS),
    "recordings": (RECORD, *DATA, _WAV_TO_FEATURES),
    "boards": BOARDS,
    "Raspberry Pi": PI,
    "several models": (COMPARE, *SEVERAL_MODELS),
}


def main() -> None:
    """Run the command on ``sys.argv``; without the name of one, train."""
    arguments = sys.argv[1:]
    if arguments and (not arguments[0].startswith("-") or arguments[0] == "--version"):
        dispatch("python -m train", COMMANDS, arguments, "")
    else:
        call(TRAIN.load(), "python -m train", arguments)


def earshot() -> None:
    """The console command."""
    about = "From a list of words to keyword-spotting firmware: earshot train --words yes,no"
    console.run(lambda: dispatch("earshot", EVERYTHING, sys.argv[1:], about))


if __name__ == "__main__":
    console.run(main)
