"""Whether two workers train as well as one process: ``make bench-distribute``.

Each seed trains once alone and once as two processes over loopback, with the same flags. Finished runs
in out/distribute/ are kept, so an interrupted sweep goes on. Writes out/bench/distribute.json and the
table in docs/DISTRIBUTED.md. The two cores of a small computer have to be idle: a worker that gets no
processor time for 10 s counts as lost.
"""

import json
import math
import os
import socket
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import document_table  # beside this file, as sweep is
from scipy import stats
from sweep import RECORDINGS, Run, check_recordings

from train.core import console, runfolder
from train.core.console import log
from train.core.errors import UserError
from train.core.results.training import Metrics
from train.training.cluster import MULTI_WORKER

_OUT = Path("out/bench/distribute.json")
_RUNS = Path("out/distribute")
_DOCUMENT = "DISTRIBUTED.md"
_JOB = f"--words yes,no --data {RECORDINGS} --training-steps 1500,500 --bank-clips 10000"
_SEEDS = tuple(range(1, 11))
_ALONE, _TWO = "alone", "two"
_CONFIDENCE = 0.95

Row = dict[str, Any]


def main() -> None:
    check_recordings()
    rows = []
    for seed in _SEEDS:
        for workers in (_ALONE, _TWO):
            run = Run.of(workers, _RUNS / workers, _JOB, seed)
            if not run.is_finished:
                log(f"seed {seed}, {workers}")
                _train(run, 1 if workers == _ALONE else 2)
        rows.append(_row(seed))
        runfolder.write_json(_OUT, rows)
    document_table.write(_DOCUMENT, "make bench-distribute", _table(rows))
    log(f"wrote {_OUT} and docs/{_DOCUMENT}")


def _train(run: Run, workers: int) -> None:
    command = [sys.executable, "-m", "train", *run.flags, "--bank-folder", str(_RUNS / "banks")]
    command += ["--out", str(run.folder), "--overwrite"]
    if workers == 1:
        environments = [dict(os.environ)]
    else:
        command += ["--distribute", MULTI_WORKER]
        addresses = [f"127.0.0.1:{port}" for port in _free_ports(workers)]
        environments = [{**os.environ, "TF_CONFIG": _tf_config(addresses, index)} for index in range(workers)]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for environment in environments
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        raise UserError(f"{run.folder} ended with {codes}; the same command goes on with the sweep")


def _tf_config(addresses: list[str], index: int) -> str:
    return json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})


def _free_ports(count: int) -> list[int]:
    open_sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [open_socket.getsockname()[1] for open_socket in open_sockets]
    for open_socket in open_sockets:
        open_socket.close()
    return ports


def _row(seed: int) -> Row:
    row: Row = {"seed": seed, "label": "host"}
    for workers in (_ALONE, _TWO):
        metrics = Metrics.read(_RUNS / f"{workers}-{seed}" / runfolder.METRICS)
        row |= {
            f"{workers}_float": metrics.by_kind["float"].accuracy,
            f"{workers}_int8": metrics.by_kind["int8"].accuracy,
            f"{workers}_training_s": metrics.timings_s["training"],
            "clips": metrics.by_kind["float"].clips,
        }
    return row


def _table(rows: list[Row]) -> str:
    """A line a seed, and what the pairs differ by on average with its interval by Student's t."""
    lines = [
        "| seed | one process: float | int8 | training | two workers: float | int8 | training |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (
            f"{_percent(row[f'{workers}_float'])} | {_percent(row[f'{workers}_int8'])} | "
            f"{row[f'{workers}_training_s']:.0f} s"
            for workers in (_ALONE, _TWO)
        )
        lines.append(f"| {row['seed']} | {' | '.join(cells)} |")
    means = (
        f"**{_percent(statistics.mean(row[f'{workers}_float'] for row in rows))}** | "
        f"**{_percent(statistics.mean(row[f'{workers}_int8'] for row in rows))}** | "
        for workers in (_ALONE, _TWO)
    )
    lines.append(f"| mean | {'| '.join(means)}|")
    kinds = "float", "int8"
    sentences = " and ".join(f"{_difference(rows, kind)} ({kind})" for kind in kinds)
    return "\n".join([*lines, "", f"Two workers less one process, over the pairs: {sentences}.", ""])


def _difference(rows: list[Row], kind: str) -> str:
    points = [100 * (row[f"{_TWO}_{kind}"] - row[f"{_ALONE}_{kind}"]) for row in rows]
    mean = statistics.mean(points)
    reach = stats.t.ppf((1 + _CONFIDENCE) / 2, len(points) - 1)
    half = reach * statistics.stdev(points) / math.sqrt(len(points))
    return f"{mean:+.1f} points, 95 % interval {mean - half:+.1f} to {mean + half:+.1f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


if __name__ == "__main__":
    console.run(main)
