"""Accuracy of whole runs of ``earshot train`` on real recordings: ``make accuracy``.

Each row of docs/ACCURACY.md is one run in out/accuracy/. Finished ones are not repeated, so an
interrupted sweep goes on. Writes out/bench/accuracy.json, an object a row, and one for each condition that
``make bench-robustness`` has measured.
"""

import argparse
import itertools
import math
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import document_table  # beside this file, as the next two
import few_recordings
import robustness_bench
from sweep import MIXING, RECORDINGS, SHARED, SMALL, Run, check_recordings

from train.core import console, runfolder
from train.core.console import log
from train.core.errors import UserError
from train.core.results.training import Metrics

_OUT = Path("out/bench/accuracy.json")
_RUNS = Path("out/accuracy")
_FEATURE_BANK = SHARED / "speech_commands_logmel_bank.npz"
_SEEDS = (59185, 1, 2)
_TEN_WORDS = "yes,no,up,down,left,right,on,off,stop,go"
_TASKS = {"bed_cat_happy": "bed,cat,happy", "yes_no": "yes,no", "ten_words": _TEN_WORDS}
_FEW, _FEW_GROUP = Path("out/few_recordings"), "few_recordings"
_ABLATION_GROUP = "ablation"
_ABLATION = {  # of the recipe for small networks
    "nothing": "",
    "changes_to_features": "--feature-augmentation none",
    "smoothing": "--label-smoothing 0",
    "averaged_weights": "--average-steps 0",
    "and_rooms": "--feature-augmentation room_frequency=0.4,room_t60_ms=400",
    "and_mixup": "--mixup 0.3",
    "and_rounding": "--quantization-aware-steps 500",
}
_ACCURACIES = "float_accuracy", "int8_accuracy"
_LARGEST_MEAN_LOSS = 0.01  # float to int8; single runs differ by a few clips either way

Row = dict[str, Any]


def planned() -> Iterator[Run]:
    """Every row, the cheap and the important first."""
    for seed, (task, words) in itertools.product(_SEEDS, _TASKS.items()):
        recordings = f"--words {words} --data {RECORDINGS}"
        yield _run("baseline", task, recordings, seed)
        yield _run("best", f"{task}-best", f"{recordings} {SMALL}", seed)
        yield _run("mixup", f"{task}-mixup", f"{recordings} {SMALL} {MIXING}", seed)
        with_bank = f"{recordings} --data {_FEATURE_BANK}@0.7 {SMALL} --architecture spectro_residual"
        yield _run("with_bank", f"{task}-with_bank", with_bank, seed)
    yield from _record()
    yield from _few_recordings()
    short = f"--words {_TEN_WORDS} --data {RECORDINGS} {SMALL} --training-steps 2000"
    for (name, change), seed in itertools.product(_ABLATION.items(), _SEEDS):
        yield _run(_ABLATION_GROUP, f"{_ABLATION_GROUP}-{name}", f"{short} {change}", seed)
    for front_end in ("average", "log", "pcan"):  # log_mel is a row of the ablation
        flags = f"{short} --feature-augmentation none --preprocess {front_end}"
        yield _run("front_ends", f"front_end-{front_end}", flags, _SEEDS[0])
    for architecture in ("tiny_conv", "temporal", "ds_cnn", "spectro_residual"):
        flags = f"{short} --architecture {architecture}"
        yield _run("networks", f"network-{architecture}", flags, _SEEDS[0])


def _record() -> Iterator[Run]:
    """Ten words from the feature bank: two teachers, then the network that learns from both."""
    bank = f"--words {_TEN_WORDS} --data {_FEATURE_BANK} --test-data {RECORDINGS}"
    bank += " --preset best --recipe strong --bank-clips 120000"
    teacher = f"{bank} --architecture spectro_temporal_large --learning-rate 0.004 --dropout 0.2"
    yield _run("record", "teacher", f"{teacher} --training-steps 7800", _SEEDS[0])
    mixing = f"{teacher} --training-steps 12000 --label-smoothing 0 --mixup 0.3"
    yield _run("record", "teacher-mixup", mixing, _SEEDS[1])
    taught = f"--teacher {_RUNS / f'teacher-{_SEEDS[0]}'} --teacher {_RUNS / f'teacher-mixup-{_SEEDS[1]}'}"
    student = f"{bank} --architecture spectro_residual --training-steps 16000"
    yield _run("record", "record", f"{student} {taught}", _SEEDS[0])


def _few_recordings() -> Iterator[Run]:
    """Synthetic voices beside more and more recordings, tested on recordings of other speakers."""
    synthetic = f"--words yes,no --data synthetic --test-data {_FEW / few_recordings.TEST} {SMALL}"
    yield _run(_FEW_GROUP, "yes_no-0_recordings", synthetic, _SEEDS[0])
    for clips, share in zip(few_recordings.COUNTS, (0.1, 0.3, 0.5), strict=True):
        also = f"{synthetic} --data {_FEW / str(clips)}@{share}"
        yield _run(_FEW_GROUP, f"yes_no-{clips}_recordings", also, _SEEDS[0])


def _run(group: str, name: str, flags: str, seed: int) -> Run:
    return Run.of(group, _RUNS / name, flags, seed)


def main() -> None:
    runs = list(planned())
    groups = tuple(dict.fromkeys(run.group for run in runs))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--group", action="append", choices=groups, help="only these rows (all)")
    flags = parser.parse_args()
    check_recordings()
    wanted = flags.group or groups
    if _FEW_GROUP in wanted:
        few_recordings.write(_FEW, ("yes", "no"))
    for run in runs:
        if run.group in wanted:
            run.finish()
        rows = [_row(run) for run in runs if run.is_finished]
        runfolder.write_json(_OUT, [*rows, *_conditions()])
    for row in rows:
        log(f"{row['run']}: float {row['float_accuracy']:.3f}, int8 {row.get('int8_accuracy', math.nan):.3f}")
    document_table.write("ACCURACY.md", "make accuracy", _table(rows))
    document_table.write("ACCURACY.md", "make accuracy, ablation", _ablation_table(rows))
    print(f"{_OUT}\ndocs/ACCURACY.md")
    quantized = [row for row in rows if "int8_accuracy" in row]
    loss = sum(row["float_accuracy"] - row["int8_accuracy"] for row in quantized) / max(1, len(quantized))
    if loss >= _LARGEST_MEAN_LOSS:
        raise UserError(f"int8 loses {100 * loss:.1f} points on average, expected less than 1")


def _conditions() -> list[Row]:
    """What ``make bench-robustness`` has measured, if it has."""
    path = robustness_bench.OUT
    names = {"accuracy": "int8_accuracy", "interval": "int8_interval", "recipe": "run"}
    return [
        {names.get(key, key): value for key, value in row.items()} | {"group": "conditions"}
        for row in (runfolder.read_json(path) if path.is_file() else ())
    ]


def _table(rows: list[Row]) -> str:
    """All but the ablation, the seeds of a row as one: mean accuracy, least and most."""
    lines = [
        "| run | front end, network | parameters | MACs | bytes | float | int8 | clips, seeds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, seeds in _by_name(row for row in rows if row["group"] != _ABLATION_GROUP):
        first = seeds[0]
        accuracies = " | ".join(_spread(_percents(seeds, key)) for key in _ACCURACIES)
        tflite_bytes = f"{first['tflite_bytes']:,}" if "tflite_bytes" in first else "–"
        lines.append(
            f"| {name} | {first['front_end']}, {first['arch']} | "
            f"{first['parameters']:,} | {first['macs']:,} | {tflite_bytes} | {accuracies} | "
            f"{first['clips']:,}, {len(seeds)} |"
        )
    return "\n".join(lines)


def _ablation_table(rows: list[Row]) -> str:
    """What each change to the recipe does, by means over seeds and by each seed."""
    lines = [
        "| the recipe | float, mean | int8, mean | int8 of seeds " + ", ".join(map(str, _SEEDS)) + " |",
        "|---|---|---|---|",
    ]
    for name, seeds in _by_name(row for row in rows if row["group"] == _ABLATION_GROUP):
        change = _ABLATION[name.removeprefix(f"{_ABLATION_GROUP}-")]
        floats, int8s = (_percents(seeds, key) for key in _ACCURACIES)
        described = f"`{change}`" if change else "as it is"
        lines.append(f"| {described} | {document_table.seed_cells(floats, int8s)} |")
    return "\n".join(lines)


def _by_name(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Rows by their names without seeds, in the order that they are planned in."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["run"].rpartition("-")[0], []).append(row)
    yield from found.items()


def _percents(seeds: list[Row], key: str) -> list[float]:
    return [100 * seed[key] for seed in seeds if key in seed]


def _spread(percents: list[float]) -> str:
    if not percents:
        return "–"
    mean = f"{statistics.mean(percents):.1f} %"
    return mean if len(percents) == 1 else f"{mean} ({min(percents):.1f} to {max(percents):.1f})"


def _row(run: Run) -> Row:
    metrics = Metrics.read(run.folder / runfolder.METRICS)
    settings, sizes, tested = metrics.settings, metrics.sizes, metrics.int8
    row = {
        "run": run.folder.name,
        "group": run.group,
        "condition": robustness_bench.CLEAN,
        "command": metrics.command,
        "task": ",".join(settings["words"]),
        "corpus": metrics.corpus.name,
        "also_trained_on": [extra.name for extra in metrics.corpus.extras],
        "tested_on": metrics.corpus.tested_on,
        "front_end": settings["front_end.name"],
        "arch": settings["architecture"],
        "parameters": sizes.parameters,
        "macs": sizes.macs,
        "float_accuracy": metrics.by_kind["float"].accuracy,
        "clips": metrics.by_kind["float"].clips,
        "training_s": metrics.timings_s["training"],
        "seed": metrics.seed,
        "label": "host",
    }
    if tested:  # a network that is for no board has none
        row |= {
            "tflite_bytes": sizes.tflite_bytes,
            "int8_accuracy": tested.accuracy,
            "int8_interval": tested.interval,
        }
    return row


if __name__ == "__main__":
    console.run(main)
