"""The challenge's entries beside our network, trained by equal steps: ``make bench-challenge``.

Each is trained on the ten words of real recordings, timed on this computer, and estimated for a Raspberry
Pi 3. Finished runs in out/challenge/ are kept, so an interrupted sweep goes on; all of it takes most of a
day of one core. Writes out/bench/challenge.json and the table in docs/CHALLENGE.md.
"""

import argparse
import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import accuracy_sweep  # beside this file, as the next two
import document_table
from sweep import RECORDINGS, Run, check_recordings

from train import architectures
from train.core import console, runfolder
from train.core.console import log
from train.core.errors import UserError
from train.core.results.pi import ESTIMATE, LOCAL, EstimatedOnPi, TimedOnPi
from train.core.results.training import Metrics
from train.core.typed_json import encode

_OUT = Path("out/bench/challenge.json")
_RUNS = Path("out/challenge")
_SEED = 59185
_STEPS = (300, 2400)
_BATCH_SIZE = 32
_SAME = (
    f"--words challenge --data {RECORDINGS} --bank-clips 12000 --schedule one_cycle "
    f"--batch-size {_BATCH_SIZE}"
)
_RATE = "--learning-rate 0.001"  # of their authors, as far as they have one
_MFCC = f"{_RATE} --preprocess mfcc --window-stride-ms 10"
_NETWORKS = {
    "simple_conv": _MFCC,
    "bigger_conv": _MFCC,
    "deeper_conv": _MFCC,
    "conv_1d_time_sliced_with_attention": f"{_RATE} --preprocess raw --dropout 0.4 --label-smoothing 0.1",
    "walkthrough_conv_1d": "--learning-rate 0.0001 --preprocess raw --dropout 0.2",
    "tiny_conv": _RATE,
    "spectro_residual": "--learning-rate 0.006 --preprocess log_mel --dropout 0.1 --weight-decay 0.02",
}
_TOO_LONG = {("walkthrough_conv_1d", 2400)}  # hours of both cores
_AS_WE_TRAIN_IT = {  # rows of docs/ACCURACY.md
    "ten_words-mixup": "our recipe and mixup, the same clips",
    "ten_words-with_bank": "our recipe, with the feature bank",
}
_PI_RUNS = 15
_BROKEN_RULE = 5  # exit code of hil pi

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", action="append", choices=_NETWORKS, help="train only this one (all)")
    flags = parser.parse_args()
    check_recordings()
    for run in planned():
        if run.group in (flags.network or _NETWORKS):
            run.finish()
    rows = [_row(network, runs) for network in _NETWORKS if (runs := _finished(network))]
    for run in accuracy_sweep.planned():
        name, _, seed = run.folder.name.rpartition("-")
        if name in _AS_WE_TRAIN_IT and seed == str(_SEED) and run.is_finished:
            rows.append(_row(_AS_WE_TRAIN_IT[name], {max(_STEPS): run}))
    runfolder.write_json(_OUT, rows)
    document_table.write("CHALLENGE.md", "make bench-challenge", _table(rows))
    log(f"wrote {_OUT} and docs/CHALLENGE.md")


def planned() -> list[Run]:
    """Every run, the short ones first."""
    order = itertools.product(_STEPS, _NETWORKS)
    return [_run(network, steps) for steps, network in order if (network, steps) not in _TOO_LONG]


def _run(network: str, steps: int) -> Run:
    flags = f"{_SAME} --training-steps {steps} --architecture {network} {_NETWORKS[network]}"
    return Run.of(network, _RUNS / f"{network}-{steps}_steps", flags, _SEED)


def _finished(network: str) -> dict[int, Run]:
    """The runs of a network that are there, by their steps."""
    runs = {steps: _run(network, steps) for steps in _STEPS}
    return {steps: run for steps, run in runs.items() if run.is_finished}


def _row(name: str, runs: dict[int, Run]) -> Row:
    """What is known of a network: trained by so many steps, and of the longest training besides."""
    timed = runs[max(runs)].folder
    here, pi = (
        TimedOnPi.read(_timed(timed, LOCAL, f"--runs={_PI_RUNS}")),
        EstimatedOnPi.read(_timed(timed, ESTIMATE)),
    )
    trained = {}
    for steps, run in runs.items():
        metrics = Metrics.read(run.folder / runfolder.METRICS)
        trained[str(steps)] = {
            "float": encode(metrics.float32),
            "int8": encode(metrics.int8),
            "training_s": metrics.timings_s["training"],
            "steps": metrics.training.steps,
            "batch_size": metrics.settings["recipe.batch_size"],
            "command": metrics.command,
        }
    model = architectures.load(timed / runfolder.KERAS)
    return {
        "name": name,
        "network": metrics.settings["architecture"],
        "front_end": metrics.settings["front_end.name"],
        "parameters": model.count_params(),  # as the originals count: normalization's moving values, too
        "flops": pi.flops,
        "graph_bytes": pi.graph_bytes,
        "trained": trained,
        "host_ms": here.avg_ms,
        "pi_3_ms": pi.avg_ms,
        "pi_3_range_ms": pi.range_ms,
        "rules": encode(pi.verdict.rules),
    }


def _timed(run: Path, mode: str, *flags: str) -> Path:
    """What ``earshot pi`` says of a run, once."""
    path = run / "pi" / f"{mode}.json"
    if not path.is_file():
        command = [sys.executable, "-m", "hil", "pi", str(run), f"--{mode}", *flags]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode not in (0, _BROKEN_RULE):
            raise UserError(f"hil pi {run} --{mode} ended with {done.returncode}, expected 0")
    return path


def _table(rows: list[Row]) -> str:
    lines = [
        "| network | takes | parameters | MFLOPs | frozen, bytes | "
        + " | ".join(f"{steps:,} steps" for steps in _STEPS)
        + " | this computer, ms (host) | Pi 3, ms (estimated) | rules |",
        "|---|---|---|---|---|" + "---|" * (len(_STEPS) + 3),
    ]
    for row in rows:
        accuracies = (_accuracy(row["trained"].get(str(steps)), steps) for steps in _STEPS)
        low, high = row["pi_3_range_ms"]
        cells = [
            f"`{row['network']}`" if row["name"] in _NETWORKS else f"`{row['network']}`, {row['name']}",
            row["front_end"],
            f"{row['parameters']:,}",
            f"{row['flops'] / 1e6:,.1f}",
            f"{row['graph_bytes']:,}",
            *accuracies,
            f"{row['host_ms']:.1f}",
            f"{row['pi_3_ms']:,.0f}, {low:,.0f} to {high:,.0f}",
            _verdict(row["rules"]),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _accuracy(trained: Row | None, steps: int) -> str:
    """Of the float model, its interval and the seconds; steps and batches that differ are told."""
    if trained is None:
        return "not run"
    low, high = trained["float"]["interval"]
    told = f"{100 * trained['float']['accuracy']:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
    if trained["int8"]:
        told += f", int8 {100 * trained['int8']['accuracy']:.1f} %"
    if (trained["steps"], trained["batch_size"]) != (steps, _BATCH_SIZE):
        told += f", {trained['steps']:,} steps of {trained['batch_size']}"
    return f"{told}, {trained['training_s']:,.0f} s"


def _verdict(rules: dict[str, Row]) -> str:
    broken = [name for name, rule in rules.items() if rule["kept"] is False]
    return f"{' and '.join(broken)} broken" if broken else "kept"


if __name__ == "__main__":
    console.run(main)
