"""Accuracy of whole runs of ``python -m train`` on real recordings: ``make accuracy``.

Each row of docs/ACCURACY.md is one run in out/accuracy/. Finished ones are not repeated, so an
interrupted sweep goes on. Writes out/bench/accuracy.json, an object a row.
"""

import argparse
import itertools
import math
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import few_recordings  # beside this file

from train import console, runfolder
from train.console import log
from train.errors import UserError

_OUT = Path("out/bench/accuracy.json")
_RUNS = Path("out/accuracy")
_SHARED = Path("../shared/data")
_RECORDINGS = _SHARED / "speech_commands_dev.tar.xz"
_FEATURE_BANK = _SHARED / "speech_commands_logmel_bank.npz"
_SEEDS = (59185, 1, 2)
_TEN_WORDS = "yes,no,up,down,left,right,on,off,stop,go"
_TASKS = {"bed_cat_happy": "bed,cat,happy", "yes_no": "yes,no", "ten_words": _TEN_WORDS}
_SMALL = "--preprocess log_mel --recipe strong --training-steps 4000 --architecture spectro_temporal"
_FEW, _FEW_GROUP = Path("out/few_recordings"), "few_recordings"
_ABLATION = {  # of the recipe for small networks
    "nothing": "",
    "changes_to_features": "--feature-augmentation none",
    "smoothing": "--label-smoothing 0",
    "averaged_weights": "--average-steps 0",
    "and_rooms": "--feature-augmentation room_frequency=0.4,room_t60_ms=400",
    "and_mixup": "--mixup 0.3",
    "and_rounding": "--quantization-aware-steps 500",
}
_ENTRY = "--learning-rate 0.001 --schedule one_cycle --batch-size 32 --bank-clips 12000"
_ENTRIES = {  # of the challenge of 2017, docs/CHALLENGE.md
    "simple_conv": "--preprocess mfcc --window-stride-ms 10",
    "conv_1d_time_sliced_with_attention": "--preprocess raw --dropout 0.4 --label-smoothing 0.1",
    "tiny_conv": "",
    "spectro_temporal": "--preprocess log_mel --dropout 0.1 --weight-decay 0.02",
    "spectro_residual": "--preprocess log_mel --dropout 0.1 --weight-decay 0.02",
    "bigger_conv": "--preprocess mfcc --window-stride-ms 10",
    "deeper_conv": "--preprocess mfcc --window-stride-ms 10",
}
_LARGEST_MEAN_LOSS = 0.01  # float to int8; single runs differ by a few clips either way


@dataclass(frozen=True)
class Run:
    """One row: a run folder below out/accuracy, and the command that fills it."""

    group: str
    name: str
    flags: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return _RUNS / self.name

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "train", *self.flags, "--out", str(self.folder), "--overwrite"]


def planned() -> Iterator[Run]:
    """Every row, the cheap and the important first."""
    for seed, (task, words) in itertools.product(_SEEDS, _TASKS.items()):
        recordings = f"--words {words} --data {_RECORDINGS}"
        yield _run("baseline", task, recordings, seed)
        yield _run("best", f"{task}-best", f"{recordings} {_SMALL}", seed)
        with_bank = f"{recordings} --data {_FEATURE_BANK}@0.7 {_SMALL} --architecture spectro_residual"
        yield _run("with_bank", f"{task}-with_bank", with_bank, seed)
    yield from _record()
    yield from _few_recordings()
    short = f"--words {_TEN_WORDS} --data {_RECORDINGS} {_SMALL} --training-steps 2000"
    for (name, change), seed in itertools.product(_ABLATION.items(), _SEEDS):
        yield _run("ablation", f"ablation-{name}", f"{short} {change}", seed)
    for seed in _SEEDS:
        flags = f"--words {_TEN_WORDS} --data {_RECORDINGS} {_SMALL} --mixup 0.3 --average-steps 200"
        yield _run("mixup", "ten_words-mixup", flags, seed)
    for front_end in ("average", "log", "log_mel", "pcan"):
        flags = f"{short} --feature-augmentation none --preprocess {front_end}"
        yield _run("front_ends", f"front_end-{front_end}", flags, _SEEDS[0])
    for architecture in ("tiny_conv", "temporal", "ds_cnn", "spectro_residual"):
        flags = f"{short} --architecture {architecture}"
        yield _run("networks", f"network-{architecture}", flags, _SEEDS[0])
    for steps, (architecture, change) in itertools.product((300, 2400), _ENTRIES.items()):
        flags = f"--words challenge --data {_RECORDINGS} {_ENTRY} --training-steps {steps}"
        also = f"--architecture {architecture} {change}"
        yield _run("entries", f"entry-{architecture}-{steps}_steps", f"{flags} {also}", _SEEDS[0])


def _record() -> Iterator[Run]:
    """Ten words from the feature bank: two teachers, then the network that learns from both."""
    bank = f"--words {_TEN_WORDS} --data {_FEATURE_BANK} --test-data {_RECORDINGS} --preprocess log_mel"
    bank += " --recipe strong --bank-clips 120000"
    teacher = f"{bank} --architecture spectro_temporal_large --learning-rate 0.004 --dropout 0.2"
    yield _run("record", "teacher", f"{teacher} --training-steps 7800", _SEEDS[0])
    mixing = f"{teacher} --training-steps 12000 --label-smoothing 0 --mixup 0.3"
    yield _run("record", "teacher-mixup", mixing, _SEEDS[1])
    taught = f"--teacher {_RUNS / f'teacher-{_SEEDS[0]}'} --teacher {_RUNS / f'teacher-mixup-{_SEEDS[1]}'}"
    student = f"{bank} --architecture spectro_residual --training-steps 16000"
    yield _run("record", "record", f"{student} {taught}", _SEEDS[0])


def _few_recordings() -> Iterator[Run]:
    """Synthetic voices beside more and more recordings, tested on recordings of other speakers."""
    synthetic = f"--words yes,no --data synthetic --test-data {_FEW / few_recordings.TEST} {_SMALL}"
    yield _run(_FEW_GROUP, "yes_no-0_recordings", synthetic, _SEEDS[0])
    for clips, share in zip(few_recordings.COUNTS, (0.1, 0.3, 0.5), strict=True):
        also = f"{synthetic} --data {_FEW / str(clips)}@{share}"
        yield _run(_FEW_GROUP, f"yes_no-{clips}_recordings", also, _SEEDS[0])


def _run(group: str, name: str, flags: str, seed: int) -> Run:
    return Run(group, f"{name}-{seed}", (*shlex.split(flags), "--seed", str(seed)))


def main() -> None:
    runs = list(planned())
    groups = tuple(dict.fromkeys(run.group for run in runs))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--group", action="append", choices=groups, help="only these rows (all)")
    flags = parser.parse_args()
    if not _RECORDINGS.exists():
        raise UserError(f"{_RECORDINGS}: no recordings there, so there is nothing to measure on")
    wanted = flags.group or groups
    if _FEW_GROUP in wanted:
        few_recordings.write(_FEW, _RECORDINGS, ("yes", "no"), _SEEDS[0])
    for run in runs:
        if run.group in wanted and not (run.folder / runfolder.REPORT).is_file():
            log(shlex.join(run.command[2:]))
            done = subprocess.run(run.command, stdout=subprocess.DEVNULL, check=False)
            if done.returncode:
                raise UserError(f"{run.name} ended with {done.returncode}; the same command goes on with it")
        runfolder.write_json(_OUT, [_row(run) for run in runs if (run.folder / runfolder.REPORT).is_file()])
    rows = runfolder.read_json(_OUT)
    for row in rows:
        log(f"{row['run']}: float {row['float_accuracy']:.3f}, int8 {row.get('int8_accuracy', math.nan):.3f}")
    table = _OUT.with_suffix(".md")
    runfolder.write_text(table, _table(rows))
    print(f"{_OUT}\n{table}")
    quantized = [row for row in rows if "int8_accuracy" in row]
    loss = sum(row["float_accuracy"] - row["int8_accuracy"] for row in quantized) / max(1, len(quantized))
    if loss >= _LARGEST_MEAN_LOSS:
        raise UserError(f"int8 loses {100 * loss:.1f} points on average, expected less than 1")


def _table(rows: list[dict[str, Any]]) -> str:
    """The rows for docs/ACCURACY.md, the seeds of a row as one: mean accuracy, least and most."""
    lines = [
        "| run | words | front end, network | parameters | MACs | bytes | float | int8 | clips, seeds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    by_name = sorted(rows, key=_name)
    for name, found in itertools.groupby(by_name, key=_name):
        seeds = list(found)
        first = seeds[0]
        words = first["task"].replace(",", ", ")
        accuracies = " | ".join(
            _spread([100 * seed[key] for seed in seeds if key in seed])
            for key in ("float_accuracy", "int8_accuracy")
        )
        tflite_bytes = f"{first['tflite_bytes']:,}" if "tflite_bytes" in first else "–"
        lines.append(
            f"| {name} | {words} | {first['front_end']}, {first['arch']} | "
            f"{first['parameters']:,} | {first['macs']:,} | {tflite_bytes} | {accuracies} | "
            f"{first['clips']}, {len(seeds)} |"
        )
    return "\n".join(lines) + "\n"


def _name(row: dict[str, Any]) -> str:
    """The run's name without its seed."""
    return str(row["run"]).rpartition("-")[0]


def _spread(percents: list[float]) -> str:
    if not percents:
        return "–"
    mean = f"{sum(percents) / len(percents):.1f} %"
    return mean if len(percents) == 1 else f"{mean} ({min(percents):.1f} to {max(percents):.1f})"


def _row(run: Run) -> dict[str, Any]:
    metrics = runfolder.read_json(run.folder / runfolder.METRICS)
    settings, sizes = metrics["settings"], metrics["sizes"]
    row = {
        "run": run.name,
        "group": run.group,
        "command": metrics["command"],
        "task": ",".join(settings["words"]),
        "corpus": metrics["corpus"]["name"],
        "also_trained_on": [extra["name"] for extra in metrics["corpus"].get("extras", [])],
        "tested_on": metrics["corpus"].get("tested_on", metrics["corpus"]["name"]),
        "front_end": settings["front_end.name"],
        "arch": settings["architecture"],
        "parameters": sizes["parameters"],
        "macs": sizes["macs"],
        "float_accuracy": metrics["float"]["accuracy"],
        "clips": metrics["float"]["clips"],
        "training_s": metrics["timings_s"]["training"],
        "seed": metrics["seed"],
        "label": "host",
    }
    if tested := metrics.get("int8"):  # a network that is for no board has none
        row |= {
            "tflite_bytes": sizes["tflite_bytes"],
            "int8_accuracy": tested["accuracy"],
            "int8_interval": tested["interval"],
        }
    return row


if __name__ == "__main__":
    console.run(main)
