"""``earshot wav-to-features``, with the flags of the original's tool, wav_to_features."""

import argparse

from train.core.console import say
from train.core.errors import UserError
from train.core.spec import DC_BLOCKED_FRONT_ENDS, FRONT_ENDS, MEL_TOP_HZ, FrontEnd, blocks_dc

_DEFAULT_WINDOW_SIZE_MS, _DEFAULT_WINDOW_STRIDE_MS = 30, 10  # of the original


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Those of the original; they may be shortened as there, since its users do."""
    parser.description = "Write the features of a WAV as a C array, as TensorFlow's speech_commands did."
    parser.epilog = "Flags may be shortened as long as they stay unambiguous: --window_stride 20."
    parser.allow_abbrev = True
    add = parser.add_argument
    add(
        "--input_wav",
        required=True,
        help="a recording, converted if it is no 16-bit mono WAV at the rate",
    )
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
    add(
        "--dc_block",
        type=_boolean,
        nargs="?",
        const=True,
        metavar="0|1",
        help="take the mean off each window, as earshot train does for "
        f"{', '.join(DC_BLOCKED_FRONT_ENDS)} (the same front ends: 1, else 0)",
    )
    add(
        "--mel_top_hz",
        type=int,
        default=MEL_TOP_HZ,
        help="where the highest band of log_mel or pcan ends, as --mel-top-hz of earshot train (%(default)s)",
    )
    add("--overwrite", action="store_true", help="replace the output even if it is something else")


def run(flags: argparse.Namespace) -> None:
    """Write the features; the path goes to stdout."""
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
        dc_block=blocks_dc(flags.preprocess, flags.dc_block),
        mel_top_hz=flags.mel_top_hz,
    )
    write_features(flags.input_wav, flags.output_c_file, front_end, flags.quantize, flags.overwrite)
    say(str(flags.output_c_file))


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
