"""earshot wav-to-features: flags as the original takes them, and what it refuses."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from codegen import __main__ as command
from codegen.wav_to_features import write_features
from train.audio import wav
from train.audio.frontend import wav_features
from train.core.errors import UserError
from train.core.spec import FrontEnd

SAMPLES = wav.to_int16((0.3 * np.sin(0.4 * np.arange(16000))).astype(np.float32))


@pytest.fixture
def clip(tmp_path) -> Path:
    path = tmp_path / "Tone.WAV"
    path.write_bytes(wav.encode_wav(SAMPLES, 16000))
    return path


def run_flags(monkeypatch, clip: Path, *flags: str) -> str:
    """The file that these flags write."""
    output = clip.with_name("out.c")
    arguments = ["codegen", "wav_to_features", f"--input_wav={clip}", f"--output_c_file={output}", *flags]
    monkeypatch.setattr(sys, "argv", arguments)
    command.main()
    return output.read_text()


@pytest.mark.parametrize(
    "stride", [["--window_stride", "20"], ["--window_stride_ms=20.0"], ["--window_st=20"]]
)
def test_flags_may_be_shortened(monkeypatch, clip, stride):
    text = run_flags(monkeypatch, clip, *stride, "--preprocess", "average")
    assert " * --window_stride_ms=20 \\\n" in text
    assert "const int g_tone_height = 49;\n" in text


def test_the_stride_is_the_originals_unless_given(monkeypatch, clip):
    assert "const int g_tone_height = 98;\n" in run_flags(monkeypatch, clip, "--preprocess", "average")


@pytest.mark.parametrize(
    ("flags", "quantized"),
    [
        ([], False),
        (["--quantize"], True),
        (["--quantize", "1"], True),
        (["--quantize=1"], True),
        (["--quantize=True"], True),
        (["--quantize", "0"], False),
        (["--quantize=0"], False),
        (["--quantize=false"], False),
    ],
)
def test_quantize_0_means_no(monkeypatch, clip, flags, quantized):
    text = run_flags(monkeypatch, clip, "--preprocess=average", *flags)
    assert ("unsigned char g_tone_data" in text) is quantized
    assert ("--quantize=1" in text) is quantized
    assert ("const float g_tone_data" in text) is not quantized


@pytest.mark.parametrize(
    "flags", [["--quantize=maybe"], ["--window_stride=2.5"], ["--window_s=20"], ["--bogus=1"]]
)
def test_flags_that_mean_nothing_fail(monkeypatch, clip, flags):
    with pytest.raises(UserError, match=flags[0].partition("=")[0]):
        run_flags(monkeypatch, clip, "--preprocess=average", *flags)


@pytest.mark.parametrize("flags", [[], ["--preprocess=mfcc"], ["--preprocess=mel"]])
def test_other_front_ends_are_refused(monkeypatch, clip, flags):
    with pytest.raises(UserError, match="supported: average"):
        run_flags(monkeypatch, clip, *flags)


@pytest.mark.parametrize(("name", "width"), [("log", 43), ("log_mel", 40), ("pcan", 40), ("micro", 40)])
def test_our_front_ends_are_written_too(monkeypatch, clip, name, width):
    text = run_flags(monkeypatch, clip, f"--preprocess={name}", "--window_stride=20", "--quantize=1")
    assert f' * --preprocess="{name}" \\\n' in text
    assert f"const int g_tone_width = {width};\n" in text
    values = re.findall(r"\d+", text.split("{")[1])
    audio = wav.to_float(wav.read_wav(clip, 16000))[np.newaxis]
    front_end = FrontEnd(name, dc_block=name != "micro")
    assert [int(value) for value in values] == wav_features(audio, front_end).ravel().tolist()


def test_mel_bands_end_where_they_are_told_to(monkeypatch, clip):
    text = run_flags(monkeypatch, clip, "--preprocess=log_mel", "--quantize=1", "--mel_top_hz=7600")
    assert " * --mel_top_hz=7600 \\\n" in text
    values = re.findall(r"\d+", text.split("{")[1])
    audio = wav.to_float(wav.read_wav(clip, 16000))[np.newaxis]
    front_end = FrontEnd("log_mel", window_stride_ms=10, dc_block=True, mel_top_hz=7600)
    assert [int(value) for value in values] == wav_features(audio, front_end).ravel().tolist()


def test_dc_is_blocked_as_said(monkeypatch, clip):
    """Of a tone on an offset; average leaves it in unless told otherwise."""
    clip.write_bytes(wav.encode_wav(SAMPLES + np.int16(9000), 16000))

    def first_bins(*flags: str) -> set[str]:
        text = run_flags(monkeypatch, clip, "--window_stride=20", "--quantize=1", *flags)
        assert ("--dc_block=1" in text) is (flags[-1] not in ("--dc_block=0", "--preprocess=average"))
        return set(re.findall(r"\d+", text.split("{")[1])[::43])

    assert first_bins("--preprocess=average") == {"255"}
    assert first_bins("--preprocess=average", "--dc_block=0") == {"255"}
    assert first_bins("--preprocess=average", "--dc_block") == {"0"}
    assert first_bins("--preprocess=log", "--dc_block=0") != first_bins("--preprocess=log", "--dc_block=1")


def test_floats_are_not_clamped(tmp_path, clip):
    output = tmp_path / "loud.c"
    write_features(str(clip), str(output), FrontEnd(), quantize=False)
    floats = [float(text) for text in re.findall(r"\d+\.\d{6}", output.read_text())]
    assert len(floats) == 2107
    assert max(floats) > 127.5


@pytest.mark.parametrize("length", [9000, 17000])
def test_a_clip_of_another_length_is_fitted_and_said_so(tmp_path, clip, capfd, length):
    def write(samples, name):
        path = tmp_path / name / "a.wav"
        path.parent.mkdir()
        path.write_bytes(wav.encode_wav(samples, 16000))
        write_features(str(path), str(path.with_suffix(".c")), FrontEnd(), quantize=True)
        return path.with_suffix(".c").read_text().partition("*/")[2]

    samples = np.resize(SAMPLES, length)
    assert write(samples, "as_is") == write(wav.fit_length(samples, 16000), "fitted")
    assert f"{length} samples" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("name", "base"), [("Yes-1.wav", "yes_1"), ("a b.wav", "a_b"), ("größe.wav", "gr__e"), ("x.y.wav", "x_y")]
)
def test_names_become_identifiers(tmp_path, name, base):
    (tmp_path / name).write_bytes(wav.encode_wav(SAMPLES, 16000))
    write_features(str(tmp_path / name), str(tmp_path / "out.c"), FrontEnd(), quantize=True)
    assert f"const unsigned char g_{base}_data[] = {{\n" in (tmp_path / "out.c").read_text()


def test_the_comment_cannot_be_left(tmp_path):
    folder = tmp_path / "*"
    folder.mkdir()
    (folder / "a.wav").write_bytes(wav.encode_wav(SAMPLES, 16000))
    write_features(str(folder / "a.wav"), str(tmp_path / "out.c"), FrontEnd(), quantize=True)
    assert (tmp_path / "out.c").read_text().count("*/") == 1


def test_its_own_output_is_replaced_and_nothing_else(tmp_path, clip):
    output = tmp_path / "out.c"
    write_features(str(clip), str(output), FrontEnd(), quantize=False)
    write_features(str(clip), str(output), FrontEnd(), quantize=True)
    assert "unsigned char" in output.read_text()
    output.write_text("int main() {}\n")
    with pytest.raises(UserError, match=r"is not a feature array of this tool.*--overwrite"):
        write_features(str(clip), str(output), FrontEnd(), quantize=True)
    assert output.read_text() == "int main() {}\n"
    write_features(str(clip), str(output), FrontEnd(), quantize=True, overwrite=True)
    assert "unsigned char" in output.read_text()


def test_the_input_is_never_overwritten(clip):
    before = clip.read_bytes()
    with pytest.raises(UserError, match="is the input"):
        write_features(str(clip), str(clip), FrontEnd(), quantize=True, overwrite=True)
    assert clip.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", "0 bytes"),
        (b"MP3 or so, long enough", "no sound that can be read"),
    ],
)
def test_a_wav_that_is_none(tmp_path, content, message):
    path = tmp_path / "bad.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        write_features(str(path), str(tmp_path / "out.c"), FrontEnd(), quantize=True)
    assert not (tmp_path / "out.c").exists()


def test_the_command_ends_with_2_and_a_sentence(tmp_path):
    arguments = [
        "wav_to_features",
        "--input_wav",
        "none.wav",
        "--output_c_file",
        str(tmp_path),
        "--pre",
        "average",
    ]
    done = subprocess.run([sys.executable, "-m", "codegen", *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is a folder" in done.stderr
    assert "Traceback" not in done.stderr
