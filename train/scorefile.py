"""Scores of a split by a run's models, clip by clip, as an .npz to go on with elsewhere.

Arrays: ``clip`` and ``truth`` (clips,) and ``labels`` (labels,) strings, and of each artefact that was asked
for, ``float``, ``graphdef`` or ``int8``, the scores as they come out of it: (clips, labels), int8 ones raw.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from train import runfolder
from train.dataset import Split
from train.errors import UserError

if TYPE_CHECKING:
    from train.evaluate import Evaluation

_SUFFIX = ".npz"


def check_score_file(path: Path | None) -> None:
    """Refuse, before the work, a name that would come out otherwise, and to replace anything but scores.

    Raises:
        UserError: one of the two.
    """
    if path is None:
        return
    if path.suffix != _SUFFIX:
        raise UserError(f"--scores {path}: expected a name that ends in {_SUFFIX}")
    if not path.exists():
        return
    try:
        with np.load(path, allow_pickle=False) as file:
            is_ours = {"clip", "truth", "labels"} <= set(file)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        is_ours = False
    if not is_ours:
        raise UserError(f"--scores {path}: exists and is no file of scores; choose another")


def write_scores(path: Path, split: Split, labels: tuple[str, ...], evaluation: Evaluation) -> None:
    """Write the scores of a split.

    Raises:
        UserError: the file cannot be written.
    """
    names = np.array(labels)
    arrays = {
        "clip": np.array([example.source for example in split.examples]),
        "truth": names[evaluation.truth],
        "labels": names,
        **evaluation.scores,
    }
    try:
        with runfolder.atomic_path(path) as temporary:
            np.savez_compressed(temporary, **arrays)
    except OSError as error:
        raise UserError(f"--scores {path}: cannot be written ({error.strerror})") from error
