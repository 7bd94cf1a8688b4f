"""What every network of train/architectures costs, as a table in docs/NETWORKS.md: ``make bench-networks``.

Each is built untrained with 4 and with 12 labels, quantized on noise and run on emulated boards by
firmware_measure.py, which refuses scores that are not TFLite-Micro's to the bit. What weights it has
changes the figures by a few instructions. All figures are in out/bench/networks.json as well.
"""

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import document_table  # beside this file, as the next two
from firmware_bench import random_subject
from firmware_measure import COMPILED, Subject, measure

from codegen.engine import build_engine
from hil.boards.board import load_board
from train import architectures
from train.core import console, runfolder
from train.core.console import log
from train.core.errors import UserError
from train.core.native import import_tensorflow
from train.core.spec import FrontEnd

_OUT = Path("out/bench/networks.json")
_DOCUMENT = "NETWORKS.md"
_BOARDS = {"mps2-an386": "M4F", "mps2-an385": "M3", "mps3-an547": "M55"}
_LABEL_COUNTS = (4, 12)
_CLIPS = 4
_LARGEST_TFLITE_BYTES = 128 * 1024  # that are run: what a small microcontroller has of flash
_NOT_RUN = "–"
# The front end that each network was made for: those of the original project, and all others.
_ORIGINALS = (
    "conv", "low_latency_conv", "low_latency_svdf", "single_fc", "tiny_conv", "tiny_embedding_conv",
)  # fmt: skip
_ORIGINALS_FRONT_END, _FRONT_END = "average", "log_mel"
_COLUMNS = ("network", "front end", "labels", "parameters", "MACs", ".tflite", "arena")

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--network",
        action="append",
        choices=architectures.names_for_boards(),
        metavar="NAME",
        help=f"measure only this one, the others stay as {_OUT} has them; may be repeated (all)",
    )
    flags = parser.parse_args()
    names = flags.network or architectures.names_for_boards()
    rows = _kept(names) if flags.network else []
    todo = [(name, labels) for name in names for labels in _LABEL_COUNTS]
    import_tensorflow()
    with console.progress("measuring", len(todo)) as advance, tempfile.TemporaryDirectory() as folder:
        for name, labels in todo:
            rows.append(_row(name, labels, Path(folder)))
            advance(note=f"{name}, {labels} labels")
    rows.sort(key=lambda row: (row["network"], row["labels"]))
    runfolder.write_json(_OUT, rows)
    document_table.write(_DOCUMENT, "make bench-networks", table(rows))
    log(f"wrote {_OUT} and docs/{_DOCUMENT}")


def _kept(measured: Iterable[str]) -> list[Row]:
    """Rows of an earlier run, of the networks that are not measured now and still there."""
    if not _OUT.is_file():
        raise UserError(f"{_OUT}: not there; measure all networks first, without --network")
    wanted = set(architectures.names_for_boards()) - set(measured)
    return [row for row in runfolder.read_json(_OUT) if row["network"] in wanted]


def usual_front_end(name: str) -> FrontEnd:
    """The front end on which a network is measured: the one that it was made for."""
    if (usual := architectures.front_end_of(name)) != FrontEnd():
        return usual
    return FrontEnd(_ORIGINALS_FRONT_END if name in _ORIGINALS else _FRONT_END)


def _row(name: str, labels: int, folder: Path) -> Row:
    front_end = usual_front_end(name)
    model = architectures.build(name, front_end, labels, 0.5, seed=1)
    subject = random_subject(name, name, front_end, labels, _CLIPS)
    return {
        "network": name,
        "front_end": front_end.name,
        "labels": labels,
        "parameters": architectures.count_parameters(model),
        "macs": architectures.count_macs(model),
        "tflite_bytes": len(subject.tflite),
        "arena_bytes": build_engine(subject.graph, "", name).arena_bytes,
        "boards": _on_boards(subject, folder),
    }


def _on_boards(subject: Subject, folder: Path) -> dict[str, dict[str, Any]]:
    """By board, what firmware_measure.py says; nothing for a network that is too large to be run.

    One build folder per board: from network to network only the generated sources change.
    """
    if len(subject.tflite) > _LARGEST_TFLITE_BYTES:
        return {}
    return {
        board_id: measure(load_board(board_id), COMPILED, subject, folder / board_id) for board_id in _BOARDS
    }


def table(rows: list[Row]) -> str:
    """The rows as Markdown, and the front ends below."""
    columns = [*_COLUMNS, *_BOARDS.values()]
    lines = ["| " + " | ".join(columns) + " |", "|---|---|" + "---:|" * (len(columns) - 2)]
    for row in rows:
        figures = [row[name] for name in ("labels", "parameters", "macs", "tflite_bytes", "arena_bytes")]
        cells = [f"`{row['network']}`", f"`{row['front_end']}`", *(f"{figure:,}" for figure in figures)]
        cells += [_instructions(row["boards"].get(board_id)) for board_id in _BOARDS]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *_front_end_lines(rows)])


def _instructions(measured: dict[str, Any] | None) -> str:
    if measured is None:
        return _NOT_RUN
    return f"{measured['instructions_per_inference']:,} ({measured['instructions_per_mac']:.2f})"


def _front_end_lines(rows: list[Row]) -> Iterable[str]:
    """Instructions per row of features of each front end, which come on top of the network."""
    by_front_end = {row["front_end"]: row["boards"] for row in rows if row["boards"]}
    for name, boards in sorted(by_front_end.items()):
        figures = ", ".join(
            f"{boards[board_id]['instructions_per_row']:,} on {core}" for board_id, core in _BOARDS.items()
        )
        yield f"Front end `{name}`, instructions per row of features (one every 20 ms): {figures}.  "


if __name__ == "__main__":
    console.run(main)
