"""The original project's file format, byte for byte, and its numbers for its own recording."""

import re
from pathlib import Path

import numpy as np
import pytest
from places import SHARED

from codegen.wav_to_features import write_features
from train.audio import wav
from train.core.spec import FrontEnd

GOLDEN = SHARED / "reference" / "golden"
needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"{GOLDEN} is not there (reference vectors)")

# Written down from the original's source and the description of its format; the values are
# those of half a second of zeros with one full-scale sample in it.
HEADER = """\
/* File automatically created by
 * tensorflow/examples/speech_commands/wav_to_features.py \\
 * --sample_rate=16000 \\
 * --clip_duration_ms=500 \\
 * --window_size_ms=30 \\
 * --window_stride_ms=20 \\
 * --feature_bin_count=2 \\
{quantize} * --preprocess="average" \\
 * --input_wav="{input}" \\
 * --output_c_file="{output}" \\
 */

const int g_click_width = 3;
const int g_click_height = 24;
"""
SMALL = FrontEnd(clip_duration_ms=500, feature_bin_count=2)


@pytest.fixture
def click(tmp_path, monkeypatch) -> str:
    """In frame 12 the sample stands where the window is 1: a flat spectrum of power 1."""
    samples = np.zeros(8000, np.int16)
    samples[12 * 320 + 240] = -32768
    (tmp_path / "Click.wav").write_bytes(wav.encode_wav(samples, 16000))
    monkeypatch.chdir(tmp_path)
    return "Click.wav"


def test_quantized(click):
    write_features(click, "out.c", SMALL, quantize=True)
    values = [0] * 72
    values[36:39] = 2, 2, 2  # power 1 is 1 / 0.5
    rows = ["".join(f"{value}, " for value in values[start : start + 10]) for start in range(0, 72, 10)]
    expected = HEADER.format(quantize=" * --quantize=1 \\\n", input=click, output="out.c")
    expected += "const unsigned char g_click_data[] = {" + "".join(f"\n  {row}" for row in rows) + "\n};\n"
    assert Path("out.c").read_text() == expected


def test_unquantized(click):
    write_features(click, "out.c", SMALL, quantize=False)
    values = [0.0] * 72
    values[36:39] = 1.0, 1.0, 1.0
    rows = ["".join(f"{value:f}, " for value in values[start : start + 10]) for start in range(0, 72, 10)]
    expected = HEADER.format(quantize="", input=click, output="out.c")
    expected += "const float g_click_data[] = {\n" + "".join(f"\n  {row}" for row in rows) + "\n};\n"
    assert Path("out.c").read_text() == expected


@pytest.mark.shared
@needs_golden
def test_the_originals_recording_gives_the_originals_array(tmp_path):
    output = tmp_path / "out.c"
    write_features(str(GOLDEN / "yes_1000ms.wav"), str(output), FrontEnd(), quantize=True)
    text = output.read_text()
    body = text.partition("_data[] = {\n")[2].removesuffix("};\n")
    found = np.array([int(number) for number in re.findall(r"\d+", body)])
    expected = np.loadtxt(GOLDEN / "yes_f2e59fea_nohash_1.average_uint8.csv", delimiter=",", dtype=int)
    assert expected.shape == (49, 43)
    assert (found == expected.ravel()).all()
    assert expected.max() == 214, "an array of zeros would prove nothing"

    lines = body.splitlines()
    assert len(lines) == 211
    assert {len(line.split()) for line in lines[:-1]} == {10}
    assert len(lines[-1].split()) == 7
    assert "const int g_yes_1000ms_width = 43;\nconst int g_yes_1000ms_height = 49;\n" in text
