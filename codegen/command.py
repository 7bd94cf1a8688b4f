"""``earshot codegen RUN``: the model of a run folder as C."""

import argparse
from pathlib import Path

from train.core import runfolder
from train.core.console import log, say
from train.core.errors import UserError
from train.core.pretrained.models import own_run


def add_flags(parser: argparse.ArgumentParser) -> None:
    """What to turn into C, and where a single file's goes."""
    parser.description = (
        "Turn the model.tflite of a run folder into C sources in RUN/c, or any int8 .tflite "
        "into C sources in a folder of your own."
    )
    parser.epilog = "For the features of a WAV as a C array: earshot wav-to-features"
    parser.add_argument(
        "model", metavar="RUN|MODEL.tflite", type=own_run, help="run folder, such as out/yes_no, or one file"
    )
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where the C of a single file goes")


def run(flags: argparse.Namespace) -> None:
    """Generate; the folder goes to stdout."""
    is_file = flags.model.is_file()
    check_place(flags.model)
    if is_file and flags.out is None:
        raise UserError(f"{flags.model} is a file, not a run folder; say with --out FOLDER where its C goes")
    if not is_file and flags.out is not None:
        raise UserError(f"--out is for a single .tflite; the C of {flags.model} goes to {flags.model / 'c'}")

    from codegen.emit import generate, generate_model  # here, so that --help need not wait for NumPy

    with runfolder.writing(flags.out if is_file else flags.model):
        paths = generate_model(flags.model, flags.out) if is_file else generate(flags.model)
    for path in paths:
        log(f"wrote {path} ({path.stat().st_size} bytes)")
    say(str(paths[0].parent))


def check_place(model: Path) -> None:
    """Refuse what is neither a file nor a run folder, though its name may look like one.

    Raises:
        UserError: it is not there, or a SavedModel.
    """
    if not model.exists():
        raise UserError(
            f"{model}: is not there, so it is not a finished run folder and no .tflite; expected one of them"
        )
    if (model / "saved_model.pb").is_file():
        raise UserError(
            f"{model}: a SavedModel of TensorFlow, not a run folder; convert it with tf.lite.TFLiteConverter."
            "from_saved_model (int8, with a representative dataset) and pass the .tflite"
        )
