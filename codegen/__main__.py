"""python -m codegen RUN: the model of a run folder as C, and wav_to_features beside it."""

import argparse
import sys
from pathlib import Path

from train.console import log, run
from train.errors import UserError
from train.spec import FRONT_ENDS, FrontEnd

_DEFAULT_WINDOW_SIZE_MS, _DEFAULT_WINDOW_STRIDE_MS = 30, 10  # of the original wav_to_features


def main() -> None:
    """Run the command on ``sys.argv``."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["wav_to_features"]:
        _wav_to_features(arguments[1:])
    else:
        _generate(arguments)


def _generate(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m codegen",
        description="Turn the model.tflite of a run folder into C sources in RUN/c, or any int8 .tflite "
        "into C sources in a folder of your own.",
        epilog="The features of one WAV as a C array: python -m codegen wav_to_features --help",
    )
    parser.add_argument(
        "model", metavar="RUN|MODEL.tflite", type=Path, help="run folder, such as out/yes_no, or one file"
    )
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where the C of a single file goes")
    flags = parser.parse_args(arguments)
    is_file = flags.model.is_file()
    if is_file and flags.out is None:
        raise UserError(f"{flags.model} is a file, not a run folder; say with --out FOLDER where its C goes")
    if not is_file and flags.out is not None:
        raise UserError(f"--out is for a single .tflite; the C of {flags.model} goes to {flags.model / 'c'}")

    from codegen.emit import generate, generate_model  # here, so that --help need not wait for NumPy

    paths = generate_model(flags.model, flags.out) if is_file else generate(flags.model)
    for path in paths:
        log(f"wrote {path} ({path.stat().st_size} bytes)")
    print(paths[0].parent)


def _wav_to_features(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m codegen wav_to_features",
        description="Write the features of a WAV as a C array, as TensorFlow's speech_commands did.",
        epilog="Flags may be shortened as long as they stay unambiguous: --window_stride 20.",
    )
    add = parser.add_argument
    add("--input_wav", required=True, help="16-bit mono PCM WAV")
    add("--output_c_file", required=True, help="C file to write")
    add("--sample_rate", type=int, default=16000, help="expected rate of the WAV in Hz (%(default)s)")
    add("--clip_duration_ms", type=int, default=1000, help="length of a clip in ms (%(default)s)")
    add(
        "--window_size_ms",
        type=_whole_ms,
        default=_DEFAULT_WINDOW_SIZE_MS,
        help="length of a window in ms (%(default)s)",
    )
    add(
        "--window_stride_ms",
        type=_whole_ms,
        default=_DEFAULT_WINDOW_STRIDE_MS,
        help="from one window to the next in ms (%(default)s, as in the original; models of Earshot use 20)",
    )
    add("--feature_bin_count", type=int, default=40, help="least number of bins per frame (%(default)s)")
    add(
        "--quantize",
        type=_boolean,
        nargs="?",
        const=True,
        default=False,
        metavar="0|1",
        help="write unsigned bytes instead of floats",
    )
    add("--preprocess", help="front end; one of the original's is supported, average, and ours beside it")
    add("--overwrite", action="store_true", help="replace the output even if it is something else")
    flags = parser.parse_args(arguments)
    if flags.preprocess not in FRONT_ENDS:
        raise UserError(
            f"--preprocess is {flags.preprocess or 'not given, which meant mfcc in the original'}; "
            f"supported: {', '.join(FRONT_ENDS)}; pass --preprocess average"
        )

    from codegen.wav_to_features import write_features

    front_end = FrontEnd(
        name=flags.preprocess,
        sample_rate_hz=flags.sample_rate,
        clip_duration_ms=flags.clip_duration_ms,
        window_size_ms=flags.window_size_ms,
        window_stride_ms=flags.window_stride_ms,
        feature_bin_count=flags.feature_bin_count,
    )
    write_features(flags.input_wav, flags.output_c_file, front_end, flags.quantize, flags.overwrite)
    print(flags.output_c_file)


def _boolean(text: str) -> bool:
    """What --quantize takes; in the original any text at all, 0 included, meant true."""
    values = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"{text!r} is neither 1 nor 0")
    return values[text.lower()]


def _whole_ms(text: str) -> int:
    """Milliseconds; the original took fractions such as 30.0, of which only whole ones are exact."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of milliseconds") from error
    if not value.is_integer():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of milliseconds")
    return int(value)


if __name__ == "__main__":
    run(main)
