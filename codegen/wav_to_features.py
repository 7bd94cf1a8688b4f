"""A WAV's features as a C array, with the flags and the file format of the original tool.

Source:
    TensorFlow, tensorflow/examples/speech_commands/wav_to_features.py.
"""

import re
from pathlib import Path

from codegen import cformat
from codegen.render import render
from train.audio import frontend, wav
from train.audio.recording import read_recording
from train.core import runfolder
from train.core.console import log
from train.core.errors import UserError
from train.core.files.plain import open_plain
from train.core.outputs import Output, State
from train.core.spec import MEL_TOP_HZ, FrontEnd

_FIRST_LINE = b"/* File automatically created by\n"
_VALUES_PER_ROW = 10


def write_features(
    input_wav: str, output_c_file: str, front_end: FrontEnd, quantize: bool, overwrite: bool = False
) -> None:
    """Write the features of a clip as the original does.

    Args:
        input_wav: a recording, as 16-bit mono PCM; padded with zeros or cut at its end to one clip.
        quantize: uint8 values, 255 being the top of the range; else floats, not clamped.
        overwrite: replace a file even if it is not a feature array.
    Raises:
        UserError: the WAV cannot be used, or the output is a file of another origin.
    """
    output = Path(output_c_file)
    _check_output(output, Path(input_wav), overwrite)
    recording = read_recording(Path(input_wav), front_end.sample_rate_hz)
    samples = recording.samples
    if recording.converted:
        log(f"{input_wav}: {recording.converted}, converted to 16-bit mono at {front_end.sample_rate_hz} Hz")
    if len(samples) != front_end.clip_samples:
        done = "padded with zeros" if len(samples) < front_end.clip_samples else "cut at its end"
        log(f"{input_wav}: {len(samples)} samples, {done} to {front_end.clip_samples}")
    audio = wav.to_float(wav.fit_length(samples, front_end.clip_samples))[None]
    features = frontend.compress(frontend.band_powers(audio, front_end), front_end)[0]
    if quantize:
        values = [str(value) for value in frontend.quantize_features(features, front_end).ravel()]
    else:
        values = [f"{value:f}" for value in features.ravel()]
    text = render(
        "wav_to_features.c",
        flags=_flags(input_wav, output_c_file, front_end, quantize),
        base=_base(input_wav),
        width=features.shape[1],
        height=features.shape[0],
        ctype="unsigned char" if quantize else "float",
        opening="{" if quantize else "{\n",  # the original leaves a line empty before floats
        rows=[f"{row} " for row in cformat.rows(values, _VALUES_PER_ROW)],  # it ends rows with a space
    )
    runfolder.write_text(output, text)


def _flags(input_wav: str, output_c_file: str, front_end: FrontEnd, quantize: bool) -> list[str]:
    """The command line that the header repeats; --quantize only if set."""
    return [
        f"--sample_rate={front_end.sample_rate_hz}",
        f"--clip_duration_ms={front_end.clip_duration_ms}",
        f"--window_size_ms={front_end.window_size_ms}",
        f"--window_stride_ms={front_end.window_stride_ms}",
        f"--feature_bin_count={front_end.feature_bin_count}",
        *(["--quantize=1"] if quantize else []),
        f'--preprocess="{front_end.name}"',
        *(["--dc_block=1"] if front_end.dc_block else []),
        *([f"--mel_top_hz={front_end.mel_top_hz}"] if front_end.mel_top_hz != MEL_TOP_HZ else []),
        f'--input_wav="{cformat.comment(input_wav)}"',
        f'--output_c_file="{cformat.comment(output_c_file)}"',
    ]


def _base(input_wav: str) -> str:
    """Lower-cased file name without extension; what C does not allow becomes an underscore."""
    return re.sub(r"[^a-z0-9_]", "_", Path(input_wav).stem.lower())


def _is_feature_array(path: Path) -> bool:
    try:
        with open_plain(path) as file:
            return file.read(len(_FIRST_LINE)) == _FIRST_LINE
    except OSError:
        return False


_OUTPUT = Output(
    "holds features",
    "exists and is not a feature array of this tool",
    _is_feature_array,
    example="features.c",
    overwrite=State.FOREIGN,
)


def _check_output(output: Path, source: Path, overwrite: bool) -> None:
    if output.is_file() and source.exists() and output.samefile(source):
        raise UserError(f"--output_c_file {output}: is the input; name another file")
    _OUTPUT.check(output, overwrite, "--output_c_file")
