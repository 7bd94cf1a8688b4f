"""docs/earshot.ipynb: every cell runs, and what is kept in the file is fit to be read by others."""

import json
import re
from pathlib import Path

import pytest
from emulator.conftest import require_tools
from executed_notebook import NEEDS_EMULATOR, NOTEBOOK, execute

from hil.boards.board import load_board
from train.core import runfolder
from train.core.results.training import Metrics

KEPT_BYTES = 300_000


def outputs(notebook, needle: str) -> str:
    """All text that the cell with the needle in its source left."""
    cell = next(cell for cell in notebook["cells"] if needle in "".join(cell["source"]))
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


@pytest.mark.emulator
@pytest.mark.slow
@pytest.mark.sweep
def test_every_cell_runs(tmp_path: Path, monkeypatch) -> None:
    """A cell that fails raises. Without the tools of the board, the other cells run and the test says so."""
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", "")  # execute() sets it
    skipped = None
    try:
        require_tools(load_board("mps2-an386"))
    except pytest.skip.Exception as reason:
        skipped = reason
    notebook = execute(tmp_path, NEEDS_EMULATOR if skipped else "")
    run = tmp_path / "out" / "notebook"
    assert Metrics.read(run / runfolder.METRICS).by_kind["int8"].accuracy > 0.5, "one of four by chance"
    assert (run / runfolder.TFLITE).stat().st_size < 20_000
    assert "alignas(16) const unsigned char g_model[]" in outputs(notebook, "model.cc")
    assert runfolder.read_json(run / "job.json")["words"] == ["yes", "no"]
    if skipped:
        raise skipped
    assert re.search(r"scores +\d+ compared, 0 differ", outputs(notebook, "hil test"))
    assert "(emulated, proven)" in outputs(notebook, "hil report")


def test_what_is_kept_is_small_whole_and_of_no_machine() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < KEPT_BYTES
    notebook = json.loads(text)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1)), "make notebook"
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert kinds <= {"stream", "display_data", "execute_result"}, "no error"
    pictures = [
        output for cell in cells for output in cell["outputs"] if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 3
    assert "0 differ" in outputs(notebook, "hil test")
    said = "".join("".join(output.get("text", "")) for cell in cells for output in cell["outputs"])
    assert not re.search(r"(?<![\w.])/(?:home|root|tmp|work|Users|usr)/", said), "a path of some machine"
    assert "\x1b" not in said, "colours of a terminal"
