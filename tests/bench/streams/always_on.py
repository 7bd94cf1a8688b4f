"""Instructions a second of audio, with and without what windows share, to out/bench/streaming.json.

``make bench-streaming``. For each board, network and stride: a window by kws_model_invoke_next(), a row of
the front end, and the memory. Scores are compared with those of TFLite-Micro. Emulated.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from firmware_bench import random_subject
from firmware_measure import (
    COMPILED,
    Subject,
    build,
    check_row,
    check_scores,
    counter,
    run,
    write_sources,
    xorshift,
)

from codegen.engine import Windows
from hil.boards.board import Board, load_board
from train.core import console, runfolder
from train.core.spec import FrontEnd

OUT = Path("out/bench/streaming.json")
BOARDS = ("mps2-an385", "mps2-an386", "mps3-an547")
STRIDES = (1, 2, 4, 5, 8)
WINDOWS = 4  # as in firmware/app/bench.c
NETWORKS = (("tiny_conv", "average"), ("spectro_temporal", "log_mel"))


def main() -> None:
    """Measure what the flags name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", action="append", choices=BOARDS)
    parser.add_argument("--stride-rows", action="append", type=int)
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
                results.append(measure(board, subject, architecture, stride_rows, folder))
                console.log(_line(results[-1]))
    runfolder.write_json(OUT, results)


def measure(
    board: Board, subject: Subject, architecture: str, stride_rows: int, folder: Path
) -> dict[str, Any]:
    """One row of the table.

    Raises:
        UserError: it does not build or run, or scores are not those of TFLite-Micro.
    """
    front_end = subject.front_end
    write_sources(subject, folder / "c", Windows(front_end.frames, stride_rows))
    program = build(board, COMPILED.flags, folder / "c", folder / "build", ("bench",))["bench"]
    found = run(board, program)
    check_scores(found, subject)
    check_row(found, front_end)
    differing = differing_scores(found["window_scores"], subject, stride_rows)
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


def differing_scores(found: list[list[int]], subject: Subject, stride_rows: int) -> int:
    """Of the windows of bench.c, how many are not those of TFLite-Micro."""
    frames, bins = subject.front_end.frames, subject.front_end.bins
    early = (frames - 1) // stride_rows
    new = (xorshift((early + 1 + WINDOWS) * stride_rows * bins) >> 25).astype(int) - 128
    rows = np.concatenate([np.zeros((frames, bins), int), new.reshape(-1, bins)]).astype(np.int8)
    ends = [frames + (early + 2 + index) * stride_rows for index in range(WINDOWS)]
    windows = np.stack([rows[end - frames : end] for end in ends])
    expected = subject.oracle.run(windows.reshape(-1, *subject.oracle.input_shape)).reshape(WINDOWS, -1)
    return int((np.array(found) - 128 != expected).sum())


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
