"""Wake words that others trained, from a folder of .tflite: our compiled engine beside TFLite-Micro.

Most of a collection have one shape. A shape is what operators there are, and what they take and give.
TFLite-Micro's instructions are counted where the environment's TFLM_ROOT names a checkout of it whose library
for the board has CMSIS-NN and these operators (docs/TFLM_ENGINE.md).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codegen.engine import build_engine
from codegen.native import NativeEngine
from hil.bench.layers import measure_layers
from hil.boards.board import load_board
from hil.boards.build import EngineChoice
from train.core.manifest import TFLM
from train.tflite.graph import MISSING, Graph, read_graph, read_graphs
from train.tflite.tflm import TflmModel

Row = dict[str, Any]
_BOARD = "mps2-an386"  # that counts instructions of the first of each shape


def compare(
    folder: Path,
    each: int,
    rows: NDArray[np.int8],
    in_strides: Callable[[NDArray[np.int8], int], NDArray[np.int8]],
) -> Iterator[Row]:
    """Models below a folder, no two the same, so many of each shape.

    Args:
        rows: (n, bins) features.
        in_strides: of them, what an inference takes.
    """
    files: dict[bytes, Path] = {}
    for path in sorted(folder.rglob("*.tflite")):
        files.setdefault(path.read_bytes(), path)
    shapes: dict[object, list[bytes]] = {}
    for tflite, path in files.items():
        shapes.setdefault(_shape(tflite, str(path)), []).append(tflite)
    for number, of_shape in enumerate(sorted(shapes.values(), key=len, reverse=True)):
        instructions, tflm_instructions = _instructions(files[of_shape[0]])
        for tflite in of_shape[:each]:
            where = str(files[tflite].relative_to(folder))
            graph = read_graph(tflite, where)
            stride = graph.tensors[graph.inputs[0]].shape[1]
            given, oracle = in_strides(rows, stride), TflmModel(tflite, where)
            found, expected = NativeEngine(tflite, where).run(given), oracle.run(given)
            apart = np.abs(found.astype(int) - expected.astype(int))
            yield {
                "model": where,
                "source": Path(where).parts[0],
                "compared": "our engine, TFLite-Micro",
                "shape": number,
                "of_this_shape": len(of_shape),
                "stride_rows": stride,
                "windows": len(found),
                "differing": int((apart > 0).sum()),
                "most_apart": int(apart.max(initial=0)),
                "scores": len(np.unique(expected)),
                "tflite_bytes": len(tflite),
                "arena_bytes": build_engine(graph, "", where).arena_bytes,
                "tflm_arena_bytes": oracle.arena_bytes,
                "instructions_of_shape": instructions,
                "tflm_instructions_of_shape": tflm_instructions,
                "instructions_board": _BOARD,
                "label": "host; instructions emulated",
            }


def table(rows: Sequence[Row]) -> str:
    """A line for each shape, as Markdown."""
    lines = [
        "| shape, for example | rows at a time | models of it | compared | scores | differing "
        "| `.tflite` | arena | TFLite-Micro's, 64 bit | instructions, M4F | TFLite-Micro's |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for shape in dict.fromkeys(row["shape"] for row in rows):
        of_shape = [row for row in rows if row["shape"] == shape]
        first = of_shape[0]
        lines.append(
            f"| {first['source']}, `{Path(first['model']).stem}` | {first['stride_rows']} "
            f"| {first['of_this_shape']} | {len(of_shape)} | {sum(row['windows'] for row in of_shape):,} "
            f"| {sum(row['differing'] for row in of_shape)} | {first['tflite_bytes']:,} "
            f"| {first['arena_bytes']:,} | {first['tflm_arena_bytes']:,} "
            f"| {first['instructions_of_shape']:,} | {_or_not(first['tflm_instructions_of_shape'])} |"
        )
    return "\n".join(lines)


def _or_not(count: int | None) -> str:
    return "not counted" if count is None else f"{count:,}"


def _instructions(path: Path) -> tuple[int, int | None]:
    """Of an inference by the compiled engine, and by TFLite-Micro if there is one; both give its scores."""
    board, root = load_board(_BOARD), os.environ.get("TFLM_ROOT")
    compiled = measure_layers(board, path, EngineChoice()).instructions
    if root is None:
        return compiled, None
    return compiled, measure_layers(board, path, EngineChoice(TFLM, Path(root))).instructions


def _shape(tflite: bytes, where: str) -> object:
    """What models of one shape have in common."""
    return tuple(
        (op.name, _shapes(graph, op.inputs), _shapes(graph, op.outputs))
        for graph in read_graphs(tflite, where)
        for op in graph.ops
    )


def _shapes(graph: Graph, indices: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    return tuple(() if index == MISSING else graph.tensors[index].shape for index in indices)
