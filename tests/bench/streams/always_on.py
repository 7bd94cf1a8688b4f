"""Instructions a second of audio, with and without what windows share, to out/bench/streaming.json.

``make bench-streaming``. For each board, network and stride: a window by kws_model_invoke_next(), a row of
the front end, and the memory. Scores are compared with those of TFLite-Micro. Emulated. Also written as the
table of docs/NETWORKS.md, where all boards and strides were measured.
"""

import argparse
from pathlib import Path
from typing import Any

import document_table
import numpy as np
from firmware_bench import random_subject
from firmware_measure import COMPILED, Subject, build, check_row, write_sources

from codegen.engine import Windows, build_engine
from hil.bench.layers import PROGRAM
from hil.bench.program import check_scores, counter, run, xorshift
from hil.boards.board import Board, load_board
from train.core import console, runfolder
from train.core.spec import FrontEnd

OUT = Path("out/bench/streaming.json")
BOARDS = {"mps2-an385": "M3", "mps2-an386": "M4F", "mps3-an547": "M55"}
STRIDES = range(1, 11)
_STRIDES_SHOWN = (1, 2, 4, 5, 8)
NETWORKS = (("tiny_conv", "average"), ("spectro_temporal", "log_mel"), ("streaming", "micro"))


def main() -> None:
    """Measure what the flags name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", action="append", choices=BOARDS)
    parser.add_argument("--stride-rows", action="append", type=int)
    parser.add_argument(
        "--windows", type=int, default=250, help="compared with TFLite-Micro, each (%(default)s)"
    )
    parser.add_argument("--layers", action="store_true", help="say what each operator of a window takes")
    parser.add_argument("--build", type=Path, default=Path("out/bench/streaming"))
    flags = parser.parse_args()
    boards = [load_board(board_id) for board_id in flags.board or BOARDS]
    results = []
    for architecture, preprocess in NETWORKS:
        front_end = FrontEnd(preprocess)
        subject = random_subject(f"{architecture}_{preprocess}", architecture, front_end, 4, clips=50)
        for board in boards:
            for stride_rows in flags.stride_rows or STRIDES:
                folder = flags.build / f"{board.id}-{subject.name}-{stride_rows}"
                results.append(measure(board, subject, architecture, stride_rows, flags.windows, folder))
                console.log(_line(results[-1]))
                if flags.layers:
                    results[-1]["operators"] = operators(board, subject, stride_rows, folder)
                    for name, instructions in results[-1]["operators"].items():
                        console.log(f"{instructions:>9,}  {name}")
    runfolder.write_json(OUT, results)
    if not flags.board and not flags.stride_rows:
        document_table.write("NETWORKS.md", "make bench-streaming", table(results))


def measure(
    board: Board, subject: Subject, architecture: str, stride_rows: int, window_count: int, folder: Path
) -> dict[str, Any]:
    """One row of the table.

    Raises:
        UserError: it does not build or run, or scores are not those of TFLite-Micro.
    """
    front_end = subject.front_end
    write_sources(subject, folder / "c", Windows(front_end.frames, stride_rows))
    options = (*COMPILED.flags, f"-DKWS_BENCH_WINDOWS={window_count}")
    program = build(board, options, folder / "c", folder / "build", ("bench",))["bench"]
    found = run(board, program.path)
    check_scores(found, subject.oracle, subject.where)
    check_row(found, front_end)
    differing = differing_scores(found["window_scores"], subject, stride_rows, window_count)
    count = counter(found)
    window, whole, row = (
        round(float(np.mean([count(ticks) for ticks in found[name][0][first:]])))
        for name, first in (("windows", 0), ("inferences", 0), ("rows", 1))
    )
    rows_a_second = 1000 / front_end.window_stride_ms
    return {
        "board": board.id,
        "network": architecture,
        "front_end": front_end.name,
        "stride_rows": stride_rows,
        "instructions_per_row": row,
        "instructions_per_inference": whole,
        "instructions_per_window": window,
        "instructions_per_second": round(rows_a_second * (row + window / stride_rows)),
        "instructions_per_second_before": round(rows_a_second * (row + whole / stride_rows)),
        "arena_bytes": found["arena"][0][0],
        "scores_compared": sum(map(len, found["window_scores"])),
        "scores_differing": differing,
        "label": "emulated",
    }


def operators(board: Board, subject: Subject, stride_rows: int, folder: Path) -> dict[str, int]:
    """Instructions of each operator of a window, with the sources and the build of ``measure``."""
    engine = build_engine(subject.graph, "", subject.where, Windows(subject.front_end.frames, stride_rows))
    program = build(board, COMPILED.profiled_flags, folder / "c", folder / "build", (PROGRAM,))[PROGRAM]
    found = run(board, program.path)
    count, windows = counter(found), len(found["windows"][0])
    hook = windows * found["hook"][0][0]
    names = ("moves of kept rows", *engine.next_operators)
    ticks = found["window_operators"][0]
    return {name: round(count(spent, hook) / windows) for name, spent in zip(names, ticks, strict=True)}


def differing_scores(found: list[list[int]], subject: Subject, stride_rows: int, window_count: int) -> int:
    """Of the windows of bench.c, how many scores are not those of TFLite-Micro."""
    frames, bins = subject.front_end.frames, subject.front_end.bins
    early = (frames - 1) // stride_rows
    new = (xorshift((early + 1 + window_count) * stride_rows * bins) >> 25).astype(int) - 128
    rows = np.concatenate([np.zeros((frames, bins), int), new.reshape(-1, bins)]).astype(np.int8)
    ends = [frames + (early + 2 + index) * stride_rows for index in range(window_count)]
    windows = np.stack([rows[end - frames : end] for end in ends])
    expected = subject.oracle.run(windows.reshape(-1, *subject.oracle.input_shape)).reshape(window_count, -1)
    return int((np.array(found) - 128 != expected).sum())


def table(results: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = [
        "| network, front end | core | a window every | instructions a window | of a whole one "
        "| a second of audio | if all were computed | arena |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in results:
        if row["stride_rows"] not in _STRIDES_SHOWN:
            continue
        window, whole = row["instructions_per_window"], row["instructions_per_inference"]
        second, before = row["instructions_per_second"], row["instructions_per_second_before"]
        lines.append(
            f"| `{row['network']}`, `{row['front_end']}` | {BOARDS[row['board']]} "
            f"| {row['stride_rows']} rows | {window:,} | {100 * window / whole:.1f} % "
            f"| {second:,} | {before:,} | {row['arena_bytes']:,} |"
        )
    compared = sum(row["scores_compared"] for row in results)
    differing = sum(row["scores_differing"] for row in results)
    proof = f"Strides of 1 to 10 rows: {differing} of {compared:,} scores are not TFLite-Micro's (emulated)."
    return "\n".join([*lines, "", proof])


def _line(result: dict[str, Any]) -> str:
    before, after = result["instructions_per_second_before"], result["instructions_per_second"]
    return (
        f"{result['board']} {result['network']} every {result['stride_rows']} rows: window "
        f"{result['instructions_per_window']:,} of {result['instructions_per_inference']:,}, a second "
        f"{after:,} (before {before:,}), arena {result['arena_bytes']:,}, "
        f"{result['scores_differing']} of {result['scores_compared']} scores differ"
    )


if __name__ == "__main__":
    main()
