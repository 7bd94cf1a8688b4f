"""``earshot bench --layers`` on screens of any width."""

import pytest

from hil.bench.table import show_layers
from train.core.results.layers import LayerFigures, LayersResult

CONV = "conv_s8 1x1, tiles of 6 in rows of 36; room for widened weights; any scale or activation"


def layer(index: int, name: str, instructions: int, macs: int, kernel: str, form: str = "") -> LayerFigures:
    return LayerFigures(
        index=index,
        name=name,
        output=(20, 8),
        instructions=instructions,
        macs=macs,
        constant_bytes=1312,
        code_bytes=564,
        kernel=kernel,
        form=form,
    )


RESULT = LayersResult(
    board="mps2-an386",
    label="emulated",
    engine="compiled",
    model_sha256="0" * 64,
    layers=(
        layer(0, "CONV_2D", 259_442, 196_000, CONV, "DSP: weights widened once"),
        layer(1, "DEPTHWISE_CONV_2D", 100_000, 100_000, "depthwise_conv_s8 3x3"),
        layer(12, "CONV_2D", 640_558, 2_196_000, CONV, "DSP: weights widened once"),
        layer(13, "RESHAPE", 0, 0, ""),
    ),
)
# What is seen at the least where there are so many columns.
SHOWN = {
    80: ("instructions", "share", "MACs", "a MAC", "weights", "code", "by"),
    64: ("instructions", "share", "a MAC", "by"),
    52: ("instructions", "share", "a MAC"),
}


@pytest.mark.parametrize("width", SHOWN)
def test_it_fits(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    show_layers(RESULT)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert all(heading in lines[0] for heading in SHOWN[width]), lines[0]
    assert "…" not in "".join(lines)
    assert lines[5].split()[:2] == ["all", "1,000,000"]


def test_rows_and_kernels(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    show_layers(RESULT)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == [
        "0",
        "CONV_2D",
        "259,442",
        "26%",
        "##",
        "196,000",
        "1.32",
        "1,312",
        "564",
        "a",
    ]
    assert lines[2].split()[-1] == "b"
    assert lines[3].split() == [
        "12",
        "CONV_2D",
        "640,558",
        "64%",
        "######",
        "2,196,000",
        "0.29",
        "1,312",
        "564",
        "a",
    ]
    assert lines[4].split() == ["13", "RESHAPE", "0", "0%", "1,312", "564"]
    assert lines[6:] == [f"a  {CONV}; DSP: weights widened once", "b  depthwise_conv_s8 3x3"]


def test_nothing_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    show_layers(LayersResult(board="b", label="emulated", engine="compiled", model_sha256="0", layers=()))
    assert "all" in capsys.readouterr().out
