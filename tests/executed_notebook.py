"""docs/earshot.ipynb executed: by its test, and as a program to keep what it printed (``make notebook``)."""

import os
import re
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "docs" / "earshot.ipynb"
NEEDS_EMULATOR = "emulator"  # tag of cells that build firmware and run it
CELL_TIMEOUT_S = 300
# What a command says of the speed of this computer, with the line around it where nothing else is on it.
_SPEEDS = re.compile(
    r"^(?:took .*|.* \d+ s left.*|features: .* in [\d.]+ s)\n| at \d+ a second|, [\d.]+ a second",
    re.MULTILINE,
)


def execute(folder: Path, skip_tag: str = "") -> Any:
    """The notebook with the outputs of this execution, in ``folder``.

    Args:
        skip_tag: cells with this tag are left as they were.
    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed; with its output.
    """
    # The kernel is given this tree, not the one that happens to be installed.
    os.environ["PYTHONPATH"] = str(ROOT)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        skip_cells_with_tag=skip_tag,
        record_timing=False,  # times of day are nobody's business
        coalesce_streams=True,
    )
    client.execute()
    return notebook


def keep(executed: Any) -> None:
    """Write the executed notebook over the old one, without what only holds for this computer."""
    for cell in executed.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                output.text = _SPEEDS.sub("", output.text)
    executed.metadata = {
        "kernelspec": executed.metadata["kernelspec"],
        "language_info": {"name": "python"},
    }
    nbformat.write(executed, NOTEBOOK)


if __name__ == "__main__":
    keep(execute(ROOT))
    print(NOTEBOOK)
