"""What pseudo-labels bring to one who labelled little: ``make bench-pseudo``.

The training speakers of real recordings are divided: a fifth is labelled, the others are as if nobody had
said what they say. Networks trained on the fifth label the rest, and others are trained on both. Finished
runs in out/pseudo/ are kept. Writes out/bench/pseudo.json and the table in docs/CHALLENGE.md.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import accuracy_sweep  # beside this file, as the next two
import document_table
from sweep import MIXING, SMALL, Run, check_recordings, read_recordings

from train.challenge.pseudo_labels import MANIFEST
from train.core import console, runfolder
from train.core.console import log
from train.core.errors import UserError
from train.core.layout import BACKGROUND_FOLDER, SPLIT_LISTS, TRAINING
from train.core.outputs import whole_folder
from train.core.results.training import Metrics

_OUT = Path("out/bench/pseudo.json")
_FOLDER = Path("out/pseudo")
_SETS, _LABELS = _FOLDER / "recordings", _FOLDER / "labels"
_LABELLED, _UNLABELLED = _SETS / "labelled", _SETS / "unlabelled"
_LABELLED_SHARE = 0.2  # of the training speakers
_SEEDS = (59185, 1, 2)
_JOB = f"--words challenge {SMALL} {MIXING} --data {_LABELLED}"
_FEW, _TAUGHT, _ALL = "labelled", "pseudo", "ten_words-mixup"  # the last is a row of docs/ACCURACY.md
_ROWS = {
    _FEW: "the labelled fifth alone",
    _TAUGHT: "and pseudo-labels for the rest",
    _ALL: "all of them labelled by their speakers",
}

Row = dict[str, Any]


def main() -> None:
    check_recordings()
    _divide()
    few = [Run.of(_FEW, _FOLDER / _FEW, _JOB, seed) for seed in _SEEDS]
    taught = [Run.of(_TAUGHT, _FOLDER / _TAUGHT, f"{_JOB} --pseudo {_LABELS}", seed) for seed in _SEEDS]
    for run in few:
        run.finish()
    _label([run.folder for run in few])
    full = [run for run in accuracy_sweep.planned() if run.folder.name.startswith(_ALL)]
    for run in (*taught, *full):
        run.finish()
    rows = [_row(run, name) for name, runs in zip(_ROWS, (few, taught, full), strict=True) for run in runs]
    labels = {key: value for key, value in runfolder.read_json(_LABELS / MANIFEST).items() if key != "clips"}
    runfolder.write_json(_OUT, {"rows": rows, "pseudo_labels": labels})
    document_table.write("CHALLENGE.md", "make bench-pseudo", f"{_table(rows)}\n\n{_labels_line(labels)}")
    log(f"wrote {_OUT} and docs/CHALLENGE.md")


def _divide() -> None:
    """``labelled``, with all validation and test clips, and ``unlabelled``; speakers in one of them alone."""
    if _SETS.is_dir():
        return
    corpus = read_recordings()
    with whole_folder(_SETS) as root:
        for clip in corpus.clips:
            is_labelled = clip.split != TRAINING or _share_of(clip.speaker) < _LABELLED_SHARE
            target = root / (_LABELLED if is_labelled else _UNLABELLED).name / clip.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(clip.path, target)
        labelled = root / _LABELLED.name
        shutil.copytree(corpus.root / BACKGROUND_FOLDER, labelled / BACKGROUND_FOLDER)
        for name in SPLIT_LISTS.values():
            shutil.copyfile(corpus.root / name, labelled / name)


def _share_of(speaker: str) -> float:
    """0 to 1, drawn by the name."""
    return int.from_bytes(hashlib.sha256(speaker.encode()).digest()[:4], "big") / 2**32


def _label(runs: list[Path]) -> None:
    if _LABELS.is_dir():
        return
    command = [sys.executable, "-m", "train", "pseudo-label", *map(str, runs), "--data", str(_UNLABELLED)]
    done = subprocess.run([*command, "--out", str(_LABELS)], check=False)
    if done.returncode:
        raise UserError(f"pseudo-label ended with {done.returncode}; the same command goes on with the sweep")


def _row(run: Run, trained_on: str) -> Row:
    metrics = Metrics.read(run.folder / runfolder.METRICS)
    return {
        "trained_on": trained_on,
        "seed": metrics.seed,
        "command": metrics.command,
        "float": metrics.by_kind["float"].accuracy,
        "int8": metrics.by_kind["int8"].accuracy,
        "clips": metrics.by_kind["int8"].clips,
        "label": "host",
    }


def _table(rows: list[Row]) -> str:
    seeds = ", ".join(map(str, _SEEDS))
    lines = [f"| trained on | float, mean | int8, mean | int8 of seeds {seeds} |", "|---|---|---|---|"]
    for name, described in _ROWS.items():
        own = [row for row in rows if row["trained_on"] == name]
        floats, int8s = ([100 * row[kind] for row in own] for kind in ("float", "int8"))
        lines.append(f"| {described} | {document_table.seed_cells(floats, int8s)} |")
    return "\n".join(lines)


def _labels_line(labels: Row) -> str:
    """How many labels were kept at the threshold that was used, and how many are right."""
    used = next(row for row in labels["thresholds"] if row["threshold"] == labels["threshold"])
    right = 100 * used["labelled_right"] / used["labelled"]
    return (
        f"Pseudo-labels: {used['kept']:,} of {labels['recordings']:,} recordings, by {labels['agree']} runs "
        f"that agree with a mean score of {labels['threshold']}; {right:.1f} % of them right."
    )


if __name__ == "__main__":
    console.run(main)
