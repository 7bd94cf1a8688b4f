"""The compiled engine's C, against the headers of the kernels that it calls."""

import shutil
import subprocess
from pathlib import Path

import pytest
from places import ROOT

from codegen.engine import SOURCE, build_engine
from train.tflite.graph import read_graph

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler (cc)")


@pytest.fixture
def compile_with(tiny_tflite: bytes, tmp_path: Path):
    """``compile_with(header, old, new)``: what the compiler says where a header is changed."""
    for name, content in build_engine(read_graph(tiny_tflite, "tiny"), "// test", "tiny").sources.items():
        (tmp_path / name).write_text(content)
    for folder in ("kernels", "model"):
        shutil.copytree(ROOT / "firmware" / folder, tmp_path / folder)
    shutil.copy(ROOT / "firmware" / "compiler.h", tmp_path)

    def run(header: str, old: str, new: str) -> str:
        path = tmp_path / "kernels" / header
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))
        command = ["cc", "-std=c11", "-fsyntax-only", f"-I{tmp_path}", tmp_path / SOURCE]
        return subprocess.run(command, capture_output=True, text=True).stderr

    return run


def test_kernels_as_they_are(compile_with):
    assert compile_with("tile_shape.h", "#define KWS_DOT_TAPS 16", "#define KWS_DOT_TAPS 16") == ""


@pytest.mark.parametrize(
    ("header", "old", "new"),
    [
        ("tile_shape.h", "KWS_DOT_TAPS 16", "KWS_DOT_TAPS 32"),
        ("tile_shape.h", "KWS_DOT_OUTPUTS 4", "KWS_DOT_OUTPUTS 8"),
        ("tile_shape.h", "(((length) + 3) / 4 * 4)", "(((length) + 7) / 8 * 8)"),
        ("tile_shape.h", "KWS_MAX_POSITIONS 6", "KWS_MAX_POSITIONS 5"),
        ("tile_shape.h", "KWS_LEAST_PLAIN_SHIFT (-20)", "KWS_LEAST_PLAIN_SHIFT (-19)"),
        ("tile_portable.h", "typedef int16_t kws_lane", "typedef int32_t kws_lane"),
        ("layout.h", "KWS_LAYOUT 0x", "KWS_LAYOUT 0x1"),
        ("softmax_s8.h", "KWS_SOFTMAX_INTEGER_BITS 5", "KWS_SOFTMAX_INTEGER_BITS 4"),
        ("softmax_s8.h", "KWS_SOFTMAX_SUM_BITS 12", "KWS_SOFTMAX_SUM_BITS 11"),
    ],
)
def test_kernels_that_the_constants_were_not_made_for_are_refused(compile_with, header, old, new):
    assert "firmware/kernels is of another Earshot than this file" in compile_with(header, old, new)


def test_each_operator_says_what_computes_it(tiny_tflite: bytes) -> None:
    engine = build_engine(read_graph(tiny_tflite, "tiny"), "// test", "tiny")
    lines = engine.sources[SOURCE].splitlines()
    for layer in engine.layers:
        place = next(
            i for i, line in enumerate(lines) if line.startswith(f"// {layer.index}: {layer.name} to ")
        )
        assert lines[place + 1] == f"// {layer.kernel or 'nothing to compute'}"
    convolution, reshape, dense, softmax = engine.layers
    assert convolution.kernel.startswith("conv_s8 10x8, tiles of 6 and 4 in rows of 22, ")
    assert convolution.kernels == ("conv_s8", "tile")
    assert all(f"static void {tile}(" in engine.sources[SOURCE] for tile in convolution.tiles)
    assert (convolution.macs, convolution.output) == (25 * 22 * 8 * 80, (25, 22, 8))
    assert convolution.constant_bytes == 640 + 8 * (4 + 4 + 1)
    assert (reshape.kernel, reshape.macs, reshape.constant_bytes) == ("", 0, 0)
    assert dense.macs == 4400 * 4
    assert softmax.kernels == ("softmax_s8",)
