"""``earshot bench --layers``: one emulated board, a run folder and a .tflite of somebody else's."""

import re
from pathlib import Path

import pytest
from emulator.conftest import require_tools
from invoke import invoke
from model_ends import with_ends

from hil.boards.board import load_board
from hil.commands import bench
from train.core import runfolder
from train.core.errors import UserError
from train.core.results.layers import LayersResult

BOARD = "mps2-an386"

pytestmark = pytest.mark.emulator


@pytest.fixture(autouse=True)
def tools() -> None:
    require_tools(load_board(BOARD))


def words(text: str) -> list[str]:
    """Without numbers and bars: a count is exact to a few instructions."""
    return [word for word in text.split() if not re.fullmatch(r"[\d,.]+%?|#+", word)]


def layers(*arguments: object) -> None:
    invoke(bench, ["--layers", "--board", BOARD, *arguments])


def test_a_run_and_its_file(own_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layers(own_run)
    printed = capsys.readouterr().out
    result = LayersResult.read(LayersResult.path_of(own_run, BOARD))
    assert (result.board, result.label, result.engine) == (BOARD, "emulated", "compiled")
    assert result.model_sha256 == runfolder.sha256_file(own_run / runfolder.TFLITE)
    dense = [layer for layer in result.layers if layer.macs]
    assert dense
    assert all(layer.instructions >= layer.macs / 2 and layer.constant_bytes for layer in dense)
    assert sum(layer.code_bytes for layer in result.layers) > 500
    assert {layer.kernel.split()[0].strip(",") for layer in dense} <= {"conv_s8", "fully_connected_s8"}
    assert all(bool(layer.form) == ("tiles of" in layer.kernel) for layer in result.layers)
    assert all(layer.form.startswith("DSP: ") for layer in result.layers if layer.form)
    assert f"all {result.instructions:,}" in re.sub(" +", " ", printed)

    file = tmp_path / "foreign.tflite"
    file.write_bytes((own_run / runfolder.TFLITE).read_bytes())
    layers(file)
    again = capsys.readouterr().out
    assert words(again) == words(printed.partition("written ")[0]), (
        "the same kernels, but for a few instructions"
    )


@pytest.mark.parametrize(
    ("given", "taken", "ratio"), [("uint8", "uint8", 1.0), ("int8", "uint8", 1.5), ("uint8", "int8", 0.7)]
)
def test_scores_of_bytes_are_compared_whatever_their_sign(
    own_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, taken: str, ratio: float
) -> None:
    """As wake words of microWakeWord have them; a scale of their own counts, too."""
    file = tmp_path / "unsigned.tflite"
    file.write_bytes(with_ends((own_run / runfolder.TFLITE).read_bytes(), given, taken, ratio))
    layers(file)
    assert "were not compared" not in capsys.readouterr().err


def test_mistakes(own_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected a run folder; with --layers a \.tflite"):
        invoke(bench, ["--board", BOARD, own_run / runfolder.TFLITE])
    with pytest.raises(
        UserError, match=r"which QEMU does; host is of kind native; take one of: .*mps2-an386"
    ):
        invoke(bench, ["--layers", "--board", "host", own_run])
    with pytest.raises(UserError, match="leave out --port"):
        layers("--port", "/dev/null", own_run)
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(b"TFL3" * 9)
    with pytest.raises(UserError, match=r"damaged\.tflite"):
        layers(damaged)
    old = own_run / runfolder.C_SOURCES / "manifest.json"
    content = runfolder.read_json(old)
    runfolder.write_json(old, {name: value for name, value in content.items() if name != "layers"})
    with pytest.raises(UserError, match=r"before Earshot noted which kernel .* earshot codegen"):
        layers(own_run)
