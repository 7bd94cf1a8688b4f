"""Where an inference goes: instructions and flash of each operator, and which kernel computes it."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from hil.bench.program import (
    check_scores,
    counter,
    function_bytes,
    lines_of,
    linked_bytes,
    linked_text,
    numbers_of,
    tile_forms,
)
from hil.boards.board import QEMU, Board, board_ids, load_board
from hil.boards.build import EngineChoice, build_program, compile_program
from hil.provenance import EMULATED
from train.core import runfolder
from train.core.console import warn
from train.core.errors import UserError, typed
from train.core.files.plain import read_plain
from train.core.installation import stage_environment
from train.core.manifest import COMPILED, Layer, Manifest, read_manifest
from train.core.processes import children
from train.core.results.belonging import remedy_of_sources
from train.core.results.layers import LayerFigures, LayersResult
from train.tflite.costs import layer_of
from train.tflite.graph import read_graphs
from train.tflite.tflm import TflmModel

PROGRAM = "bench_ops"  # of firmware/cmake/bench.cmake
_CHECKED = {"int8", "uint8"}  # ends whose scores can be compared


def require_counting(board: Board) -> None:
    """Refuse a board on which nobody counts instructions.

    Raises:
        UserError: naming those on which somebody does.
    """
    if board.run_kind == QEMU:
        return
    counting = [name for name in board_ids() if load_board(name).run_kind == QEMU]
    raise UserError(
        f"--layers counts instructions, which QEMU does; {board.id} is of kind {board.run_kind}; take one "
        f"of: {', '.join(counting)}"
    )


def measure_layers(board: Board, model: Path, engine: EngineChoice) -> LayersResult:
    """Build a model for a board, run it there, and look at each operator.

    Args:
        model: a run folder, in whose build folder the program stays, or a .tflite.
    Raises:
        UserError: it does not build or run, or its scores are not those of TFLite-Micro.
    """
    with _built(board, model, engine) as (program, manifest, tflite):
        lines = lines_of(board, program)
        layers = (
            manifest.layers if engine.name == COMPILED else layers_of_file(read_plain(tflite), str(model))
        )
        if _CHECKED.issuperset(end.type for end in (*manifest.inputs, *manifest.outputs)):
            check_scores(numbers_of(lines), TflmModel(read_plain(tflite), str(model)), str(model))
        else:
            warn(
                f"{model}: its ends are not of int8 or uint8, so its scores were not compared with "
                "TFLite-Micro's"
            )
        return LayersResult(
            board=board.id,
            label=EMULATED,
            engine=engine.name,
            model_sha256=manifest.model_sha256,
            layers=figures(lines, layers, linked_text(program)),
        )


@contextlib.contextmanager
def _built(board: Board, model: Path, engine: EngineChoice) -> Iterator[tuple[Path, Manifest, Path]]:
    """The program, what its C is, and the .tflite."""
    if not model.is_file():
        sources = model / runfolder.C_SOURCES
        if engine.name == COMPILED and not read_manifest(sources, remedy_of_sources(model)).layers:
            raise UserError(
                f"{sources}: was made before Earshot noted which kernel computes what; make it again with: "
                f"earshot codegen {typed(model)}"
            )
        program, manifest = build_program(board, model, engine, clean=False, program=PROGRAM)
        yield program, manifest, model / runfolder.TFLITE
        return
    engine.check()
    with tempfile.TemporaryDirectory() as name:
        sources, builds = Path(name) / "c", Path(name) / "build"
        # A stage as a program: what is generated is not ours to know.
        made = children.run(
            [sys.executable, "-P", "-m", "codegen", str(model), "--out", str(sources)],
            environment=stage_environment(),
        )
        if made.returncode:
            raise UserError(made.stderr.strip().splitlines()[-1].removeprefix("error: "))
        manifest = read_manifest(sources, f"make it with: earshot codegen {typed(model)}")
        manifest.check_engine(engine.name, str(model))
        _check_ends(manifest, str(model))
        yield compile_program(board, sources, builds, engine, PROGRAM), manifest, model


def _check_ends(manifest: Manifest, where: str) -> None:
    found = len(manifest.inputs), len(manifest.outputs)
    if found != (1, 1):
        raise UserError(
            f"{where}: has {found[0]} inputs and {found[1]} outputs; --layers measures models that have one "
            "of each"
        )


def layers_of_file(tflite: bytes, where: str) -> tuple[Layer, ...]:
    """The operators of a file, for an engine that brings kernels of its own."""
    graph = read_graphs(tflite, where)[0]  # all that is in it: of what it calls, only the call is measured
    return tuple(layer_of(graph, op) for op in graph.ops)


def figures(lines: Sequence[str], layers: Sequence[Layer], linked: str) -> tuple[LayerFigures, ...]:
    """What a run of PROGRAM says of each operator.

    Args:
        lines: that it said.
        linked: of its linker's map.
    Raises:
        UserError: its ticks are no fixed number of instructions.
    """
    found = numbers_of(lines)
    count, inferences = counter(found), len(found["inferences"][0])
    hook = inferences * found["hook"][0][0]
    tiles = dict.fromkeys(tile for layer in layers for tile in layer.tiles)
    forms = dict(zip(tiles, tile_forms(lines), strict=False))
    counted: set[str] = set()
    result = []
    for layer, ticks in zip(layers, found["operators"][0], strict=True):
        kernels = [name for name in layer.kernels if name not in counted]
        functions = [name for name in layer.tiles if name not in counted]
        counted |= {*kernels, *functions}
        result.append(
            LayerFigures(
                index=layer.index,
                name=layer.name,
                output=layer.output,
                instructions=max(0, round(count(ticks, hook) / inferences)),  # exact to a few: none may be -1
                macs=layer.macs,
                constant_bytes=layer.constant_bytes,
                code_bytes=linked_bytes(linked, "text", [f"{name}.c" for name in kernels])
                + function_bytes(linked, functions),
                kernel=layer.kernel,
                form=forms.get(layer.tiles[0], "") if layer.tiles else "",
            )
        )
    return tuple(result)
