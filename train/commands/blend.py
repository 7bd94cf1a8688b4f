"""``earshot blend``: the weighted average of files of scores, weights chosen on validation."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.challenge.weighting import figures, weigh
from train.core.console import say
from train.core.errors import UserError
from train.evaluation.score_file import Scores, check_score_file, read_scores, write_blend

_BLEND = "their average"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of ``earshot blend``."""
    parser.description = (
        "Average scores that are in files, whatever made them: an artefact of a run, a board, "
        "another program. The weights are those with the least log-loss on validation clips."
    )
    parser.add_argument(
        "validation",
        metavar="VALIDATION.npz",
        nargs="+",
        type=Path,
        help="a file for each model, of the same clips, with truth; earshot evaluate RUN --split "
        "validation --scores FILE writes one",
    )
    parser.add_argument(
        "--apply",
        metavar="FILE.npz",
        nargs="+",
        type=Path,
        help="the same models in the same order on the clips to average (those of validation)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="the averaged scores")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier scores in that file")


def run(flags: argparse.Namespace) -> None:
    """Write the averaged scores; their path goes to stdout behind the figures."""
    applied_paths = flags.apply or flags.validation
    _check_flags(flags.validation, applied_paths, flags.out, flags.overwrite)
    validation, applied = (
        [read_scores(path) for path in paths] for paths in (flags.validation, applied_paths)
    )
    truth = validation[0].truth
    if truth is None:
        raise UserError(f"{validation[0].path}: has no truth; weights are chosen by that of the first file")
    _check_labels(validation[0], applied[0])
    names = [str(path) for path in flags.validation]
    weighting = weigh(names, _aligned(validation), truth, validation[0].labels, _BLEND)
    members = _aligned(applied)
    blended = weighting.average(members)
    write_blend(flags.out, applied[0], blended)

    if applied[0].truth is not None:
        from train.evaluation.tables import print_results

        scores = dict(zip(map(str, applied_paths), members, strict=True))
        labels = applied[0].labels
        print_results(figures({**scores, _BLEND: blended}, applied[0].truth, labels), labels)
    weighting.print()
    say(str(flags.out))


def _check_flags(validation: Sequence[Path], applied: Sequence[Path], out: Path, overwrite: bool) -> None:
    if len(validation) < 2:
        raise UserError(f"{validation[0]}: one file alone is nothing to average; expected two or more")
    if len(applied) != len(validation):
        raise UserError(
            f"--apply names {len(applied)} files, expected {len(validation)}: one of each model, in the "
            "order of the validation files"
        )
    for paths in (validation, applied):
        if twice := next((path for path in paths if paths.count(path) > 1), None):
            raise UserError(f"{twice}: is named twice; expected a file of each model")
    if out in (*validation, *applied):
        raise UserError(f"--out {out}: is one of the files to average; choose another")
    check_score_file(out, "--out", overwrite)


def _check_labels(validation: Scores, applied: Scores) -> None:
    if set(applied.labels) != set(validation.labels):
        raise UserError(
            f"{applied.path}: its labels are {', '.join(applied.labels)}, those of {validation.path} "
            f"{', '.join(validation.labels)}; expected the same, in any order"
        )


def _aligned(files: Sequence[Scores]) -> NDArray[np.float64]:
    """(files, clips, labels), in the order of the first."""
    return np.stack([file.like(files[0]) for file in files])
