"""What models cost on boards: instructions, flash and RAM; ``make bench-firmware``.

Every board that QEMU runs, the compiled engine, and TFLite-Micro where TFLM_ROOT names a checkout of it
with libraries. Scores that are not those of TFLite-Micro to the bit give no figures but an error.
firmware_measure.py says what exactly is measured. Writes out/bench/firmware.json unless --board
narrows it down.
"""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from firmware_measure import COMPILED, Engine, Subject, load_subject, measure, subject, tflm_engines
from rich.console import Console
from rich.table import Table

from hil.boards.board import QEMU, Board, board_ids, load_board
from train.core import console, runfolder
from train.core.errors import UserError
from train.core.native import import_tensorflow
from train.core.spec import DC_BLOCKED_FRONT_ENDS, FRONT_ENDS, FrontEnd, blocks_dc

_OUT = Path("out/bench/firmware.json")
_RUN = Path("out/yes_no")
_ENGINES = ("compiled", "tflm")
_TINY_CONV_MACS = 369_600
# TFLite-Micro on yes/no tiny_conv, emulated in the same way: BASELINES.md. There, code is a whole
# program with a minimal start-up. By cpu: kernels, code, model, arena, instructions.
_BASELINES: dict[str, list[tuple[str, int, int, int, int]]] = {
    "cortex-m3": [
        ("reference", 40_212, 20_984, 9_652, 14_535_460),
        ("CMSIS-NN", 58_480, 20_984, 9_700, 3_054_375),
        ("CMSIS-NN, as depthwise", 55_248, 21_128, 9_700, 1_655_985),
    ],
    "cortex-m4": [
        ("reference", 38_972, 20_984, 9_652, 15_243_840),
        ("CMSIS-NN", 69_728, 20_984, 9_700, 2_641_155),
        ("CMSIS-NN, as depthwise", 62_000, 21_128, 9_700, 1_637_080),
    ],
    "cortex-m7": [("CMSIS-NN", 67_952, 20_984, 9_700, 2_697_870)],
    "cortex-m55": [
        ("reference", 36_868, 20_984, 9_652, 15_752_734),
        ("CMSIS-NN", 58_216, 20_984, 9_716, 1_105_500),
        ("CMSIS-NN, as depthwise", 57_308, 21_128, 9_716, 1_110_000),
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--board", action="append", metavar="ID", help="board to measure; may be repeated (all)")
    add(
        "--engine",
        action="append",
        choices=_ENGINES,
        help="may be repeated (compiled, and tflm where TFLM_ROOT is set)",
    )
    add(
        "--model",
        action="append",
        type=Path,
        metavar="PATH",
        help=f".tflite or run folder; may be repeated ({_RUN}, else a tiny_conv with random weights)",
    )
    add(
        "--preprocess",
        action="append",
        choices=FRONT_ENDS,
        help="tiny_conv with random weights behind this front end; may be repeated (none)",
    )
    add(
        "--dc-block",
        action=argparse.BooleanOptionalAction,
        help=f"with --preprocess: whether it takes means off (as in new runs: {DC_BLOCKED_FRONT_ENDS})",
    )
    add(
        "--build",
        type=Path,
        metavar="FOLDER",
        help="keep sources and builds there, to build faster next time",
    )
    add("--out", type=Path, metavar="FILE", help=f"JSON to write ({_OUT}, or none with --board)")
    flags = parser.parse_args()
    boards = [load_board(board_id) for board_id in flags.board or board_ids()]
    boards = [board for board in boards if flags.board or board.run_kind == QEMU]  # counts instructions
    subjects = [load_subject(path) for path in flags.model or ()]
    subjects += [_random_subject(name, blocks_dc(name, flags.dc_block)) for name in flags.preprocess or ()]
    subjects = subjects or [_default_subject()]
    out = flags.out or (None if flags.board else _OUT)
    root = os.environ.get("TFLM_ROOT")
    names = flags.engine or (_ENGINES if root else _ENGINES[:1])

    engines = {board.id: _engines(board, names, root) for board in boards}
    results, mistakes = [], []
    combinations = [
        (board, engine, model) for model in subjects for board in boards for engine in engines[board.id]
    ]
    with console.progress("measuring", len(combinations)) as advance, _folder(flags.build) as folder:
        for board, engine, model in combinations:
            title = f"{model.name} on {board.id}, {engine.name}"
            place = folder / f"{board.id}-{engine.name.replace(' ', '-')}-{model.name}"
            try:
                results.append(measure(board, engine, model, place))
            except UserError as error:  # the other combinations may still be of use
                console.warn(f"{title}: {error}")
                mistakes.append(title)
            advance(note=title)
    if out:
        runfolder.write_json(out, results)
        console.log(f"wrote {out}")
    _print_results(results, boards)
    if flags.board:
        for result in results:
            _print_operators(result)
    if mistakes:
        raise UserError(
            f"{len(mistakes)} of {len(combinations)} failed, as said above: {', '.join(mistakes)}"
        )


def _engines(board: Board, names: Sequence[str], root: str | None) -> list[Engine]:
    engines = [COMPILED] if "compiled" in names else []
    if "tflm" not in names:
        return engines
    if not root:
        raise UserError("engine tflm needs the environment variable TFLM_ROOT (docs/TFLM_ENGINE.md)")
    try:
        return [*engines, *tflm_engines(board, Path(root).resolve())]
    except UserError as error:
        if not engines:
            raise
        console.warn(str(error))  # TFLite-Micro is seldom built for every board
        return engines


def _default_subject() -> Subject:
    """The run that the README makes; where there is none, its network with random weights."""
    if (_RUN / runfolder.TFLITE).is_file():
        return load_subject(_RUN)
    console.log(f"{_RUN} is not there: measuring tiny_conv with random weights")
    return _random_subject(FrontEnd().name)


def _random_subject(preprocess: str, dc_block: bool = False) -> Subject:
    name = "tiny_conv" if preprocess == FrontEnd().name else f"tiny_conv_{preprocess}"
    return random_subject(name, "tiny_conv", FrontEnd(preprocess, dc_block=dc_block), label_count=4, clips=50)


def random_subject(
    name: str, architecture: str, front_end: FrontEnd, label_count: int, clips: int
) -> Subject:
    """An untrained network, quantized on noise as a trained one is on recordings.

    Args:
        clips: of noise; the search for ranges takes as long as there are many.
    """
    import_tensorflow()
    from quantize.convert import convert
    from quantize.slim import slim
    from train import architectures

    shape = (clips, front_end.frames, front_end.bins)
    noise = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    model = architectures.build(architecture, front_end, label_count, 0.5, seed=1)
    return subject(name, slim(convert(model, noise, front_end, name), name), front_end)


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept:
        yield kept
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 160)  # a file has room


def _print_results(results: list[dict[str, Any]], boards: list[Board]) -> None:
    """One table per model; for tiny_conv what is known of TFLite-Micro stands beside it."""
    columns = {
        "code": "code_bytes",
        "model": "model_bytes",
        "arena": "arena_bytes",
        "bss": "bss_bytes",
        "stack": "stack_bytes",
        "instructions per inference": "instructions_per_inference",
        "per MAC": "instructions_per_mac",
        "per row": "instructions_per_row",
        "its tables": "front_end_table_bytes",
    }
    for name in dict.fromkeys(result["model"] for result in results):
        mine = [result for result in results if result["model"] == name]
        title = f"{name}, {mine[0]['macs']:,} MACs: bytes, and instructions emulated with -icount"
        table = Table(title=title, title_justify="left")
        for column in ("board", "engine", *columns):
            table.add_column(column, justify="left" if column in ("board", "engine") else "right")
        for board in boards:
            found = [result for result in mine if result["board"] == board.id]
            for result in found:
                figures = [_figure(result[field]) for field in columns.values()]
                table.add_row(board.id, result["engine"], *figures)
            if found and mine[0]["macs"] == _TINY_CONV_MACS:
                for kernels, code, model, arena, instructions in _BASELINES.get(board.cpu, []):
                    figures = [f"{bytes_:,}" for bytes_ in (code, model, arena)]
                    per_mac = f"{instructions / _TINY_CONV_MACS:.2f}"
                    row = [*figures, "", "", f"{instructions:,}", per_mac, "", ""]
                    table.add_row("", f"TFLM {kernels} (BASELINES.md)", *row, style="dim")
            table.add_section()
        _console().print(table)


def _print_operators(result: dict[str, Any]) -> None:
    if not result["operators"]:
        return
    title = f"operators of {result['model']} on {result['board']}, {result['engine']}"
    table = Table(title=title, title_justify="left")
    for column in ("op", "name", "instructions", "MACs", "per MAC"):
        table.add_column(column, justify="left" if column == "name" else "right")
    for index, op in enumerate(result["operators"]):
        per_mac = f"{op['instructions'] / op['macs']:.2f}" if op["macs"] else ""
        table.add_row(str(index), op["name"], f"{op['instructions']:,}", f"{op['macs']:,}", per_mac)
    _console().print(table)


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if isinstance(value, float) else f"{value:,}"


if __name__ == "__main__":
    console.run(main)
