"""Accuracy of the main job over tasks and seeds on real recordings: ``make accuracy``.

Each row is one whole run of ``python -m train`` in out/accuracy/; finished ones are not
repeated, so an interrupted sweep goes on. Writes out/bench/accuracy.json.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from train import console, runfolder
from train.console import log
from train.errors import UserError

_OUT = Path("out/bench/accuracy.json")
_RUNS = Path("out/accuracy")
_DEV_CORPUS = Path("../shared/data/speech_commands_dev.tar.xz")
_TASKS = ("yes,no", "bed,cat,happy")
_SEEDS = (59185, 1, 2)
_LARGEST_MEAN_LOSS = 0.01  # float to int8; single runs differ by a few clips either way


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=_DEV_CORPUS, help="(%(default)s)")
    flags = parser.parse_args()
    if not flags.data.exists():
        raise UserError(f"{flags.data}: no recordings there; pass --data FOLDER_OR_ARCHIVE")
    rows = []
    for words in _TASKS:
        for seed in _SEEDS:
            run = _RUNS / f"{runfolder.run_name(words.split(','))}-{seed}"
            if not (run / runfolder.REPORT).is_file():
                _train(words, seed, flags.data, run)
            rows.append(_row(words, run))
            row = rows[-1]
            log(f"{words} seed {seed}: float {row['float_accuracy']:.3f}, int8 {row['int8_accuracy']:.3f}")
            runfolder.write_json(_OUT, rows)
    print(_OUT.read_text(encoding="utf-8"), end="")
    loss = sum(row["float_accuracy"] - row["int8_accuracy"] for row in rows) / len(rows)
    if loss >= _LARGEST_MEAN_LOSS:
        raise UserError(f"int8 loses {100 * loss:.1f} points on average, expected less than 1")


def _train(words: str, seed: int, data: Path, run: Path) -> None:
    command = [sys.executable, "-m", "train", "--words", words, "--data", str(data), "--seed", str(seed)]
    subprocess.run([*command, "--out", str(run), "--overwrite"], check=True, stdout=subprocess.DEVNULL)


def _row(words: str, run: Path) -> dict[str, Any]:
    metrics = runfolder.read_json(run / runfolder.METRICS)
    settings, sizes = metrics["settings"], metrics["sizes"]
    return {
        "task": words,
        "corpus": metrics["corpus"]["name"],
        "front_end": settings["front_end.name"],
        "arch": settings["architecture"],
        "parameters": sizes["parameters"],
        "macs": sizes["macs"],
        "tflite_bytes": sizes["tflite_bytes"],
        "float_accuracy": metrics["float"]["accuracy"],
        "int8_accuracy": metrics["int8"]["accuracy"],
        "clips": metrics["int8"]["clips"],
        "seed": metrics["seed"],
        "label": "host",
    }


if __name__ == "__main__":
    console.run(main)
