"""Files of scores, clip by clip: .npz that ``evaluate --scores`` writes and ``blend`` reads and writes.

Arrays: ``clip`` and ``truth`` (clips,) and ``labels`` (labels,) strings, and of each artefact that was asked
for, ``float``, ``graphdef`` or ``int8``, the scores as they come out of it: (clips, labels), int8 ones raw.
``truth`` may be missing in files of others, whose clips nobody labelled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from train.core import runfolder
from train.core.console import printable
from train.core.errors import UserError
from train.core.files.arrays import Header, NoArrays, open_npz
from train.core.files.plain import reason
from train.core.outputs import Output
from train.data.dataset import Split

if TYPE_CHECKING:
    from train.evaluation.evaluate import Evaluation

_SUFFIX = ".npz"
_MOST_BYTES = 2 * 10**9  # of its arrays; the scores of 100,000 clips and 30 labels take 50 MB
_NAMES = ("clip", "labels", "truth")
_SHOWN = 5  # arrays that a message names
_ARTEFACTS = ("float", "graphdef", "int8")  # what is read, the first that is there
_INT8_LEAST, _INT8_STEPS = -128, 256.0  # of softmax in int8: its zero point and 1 / its scale
_HOW = "earshot evaluate RUN --split validation --scores FILE.npz"


@dataclass(frozen=True)
class Scores:
    """The scores of one model.

    Attributes:
        clips: names, each once.
        truth: (clips,) indices of labels; None where nobody knows them.
        scores: (clips, labels) float64, shares of 1 as softmax gives them.
    """

    path: Path
    clips: tuple[str, ...]
    labels: tuple[str, ...]
    truth: NDArray[np.int64] | None
    scores: NDArray[np.float64]

    def like(self, other: Scores) -> NDArray[np.float64]:
        """The scores with clips and labels in the order of another file.

        Raises:
            UserError: that has others.
        """
        for what, hint, own, wanted in (
            ("labels", "", self.labels, other.labels),
            ("clips", " (evaluate draws the same ones by the same --seed)", self.clips, other.clips),
        ):
            if apart := sorted(set(own) ^ set(wanted)):
                raise UserError(
                    f"{self.path}: has other {what} than {other.path}: {', '.join(apart[:3])} "
                    f"{'and others are' if len(apart) > 3 else 'is' if len(apart) == 1 else 'are'} in one of "
                    f"them alone; expected the same {what}, in any order{hint}"
                )
        rows = {clip: row for row, clip in enumerate(self.clips)}
        columns = [self.labels.index(label) for label in other.labels]
        return self.scores[[rows[clip] for clip in other.clips]][:, columns]


def read_scores(path: Path) -> Scores:
    """Scores that ``write_scores`` or somebody else wrote.

    Raises:
        UserError: not such a file, or no scores.
    """
    try:
        with open_npz(path, _MOST_BYTES) as file:
            name = _check_arrays(path, file.headers)
            wanted = [it for it in (*_NAMES, name) if it in file.headers]
            arrays = {it: file.read(it) for it in wanted}
    except FileNotFoundError as error:
        raise UserError(f"{path}: not there; such a file is made by: {_HOW}") from error
    except (OSError, NoArrays) as error:
        raise UserError(
            f"{path}: no file of scores ({reason(error)}); such a file is made by: {_HOW}"
        ) from error
    clips, labels = (tuple(map(str, arrays[key])) for key in ("clip", "labels"))
    scores = arrays[name].astype(np.float64)
    if arrays[name].dtype == np.int8:
        scores = (scores - _INT8_LEAST) / _INT8_STEPS
    _check(path, clips, labels, scores)
    return Scores(path, clips, labels, _truth(path, arrays.get("truth"), clips, labels), scores)


def _check_arrays(path: Path, headers: Mapping[str, Header]) -> str:
    """Make sure that the arrays are such as scores are, before they are read; the name of the scores."""
    name = next((name for name in _ARTEFACTS if name in headers), None)
    if name is None or not {"clip", "labels"} <= set(headers):
        found = ", ".join(map(printable, sorted(headers)[:_SHOWN])) or "nothing"
        raise UserError(
            f"{path}: holds {found}; expected clip, labels and one of {', '.join(_ARTEFACTS)}, as from: "
            f"{_HOW}"
        )
    kinds = dict.fromkeys(_NAMES, "U") | {name: "fi"}
    for key, header in headers.items():
        if key in kinds and header.dtype.kind not in kinds[key]:
            raise UserError(
                f"{path}: {key} is {header.dtype}, expected {'text' if kinds[key] == 'U' else 'numbers'}, as "
                f"from: {_HOW}"
            )
        if len(header.shape) != (2 if key == name else 1) and key in kinds:
            raise UserError(
                f"{path}: {key} has the shape {header.shape}, which scores do not; as from: {_HOW}"
            )
    return name


def _check(path: Path, clips: Sequence[str], labels: Sequence[str], scores: NDArray[np.float64]) -> None:
    if scores.shape != (len(clips), len(labels)) or not len(clips):
        raise UserError(
            f"{path}: {len(clips)} clips, {len(labels)} labels and scores of shape {scores.shape}; expected "
            "a row for each clip and a column for each label"
        )
    for what, names in (("clip", clips), ("label", labels)):
        if twice := next((name for name, count in Counter(names).items() if count > 1), None):
            raise UserError(f"{path}: names the {what} {twice} twice; expected each once")
    if not np.isfinite(scores).all() or scores.min() < 0 or scores.max() > 1 + 1e-3:
        raise UserError(
            f"{path}: its scores are {scores.min():g} to {scores.max():g}; expected shares of 1, as softmax "
            "gives them"
        )


def _truth(
    path: Path, names: NDArray[np.str_] | None, clips: Sequence[str], labels: Sequence[str]
) -> NDArray[np.int64] | None:
    if names is None:
        return None
    foreign = sorted(set(map(str, names)) - set(labels))
    if foreign or names.shape != (len(clips),):
        among = f", among them {foreign[0]}" if foreign else ""
        raise UserError(
            f"{path}: truth has {names.size} entries{among}; expected one of {', '.join(labels)} for each of "
            f"the {len(clips)} clips"
        )
    return np.array([labels.index(str(name)) for name in names], dtype=np.int64)


def _is_score_file(path: Path) -> bool:
    try:
        with open_npz(path, _MOST_BYTES) as file:
            return {"clip", "labels"} <= set(file.headers)
    except (OSError, NoArrays):
        return False


_SCORE_FILE = Output(
    "holds a file of scores", "exists and is no file of scores", _is_score_file, example="scores.npz"
)


def check_score_file(path: Path, flag: str, overwrite: bool = True) -> None:
    """Refuse, before the work, a name that would come out otherwise, and to replace anything but scores.

    Raises:
        UserError: one of the two, or there are scores and ``overwrite`` is not set.
    """
    if path.suffix != _SUFFIX:
        raise UserError(f"{flag} {path}: expected a name that ends in {_SUFFIX}")
    _SCORE_FILE.check(path, overwrite, flag)


def write_scores(path: Path, split: Split, labels: tuple[str, ...], evaluation: Evaluation) -> None:
    """Write the scores of a split.

    Raises:
        UserError: the file cannot be written.
    """
    names = np.array(labels)
    clips = np.array(_told_apart([example.source for example in split.examples]))
    _write(path, "--scores", clip=clips, truth=names[evaluation.truth], labels=names, **evaluation.scores)


def _told_apart(names: Sequence[str]) -> list[str]:
    """Names with a number behind those that others have, too, as cuts from background noise do."""
    seen: Counter[str] = Counter()
    several = {name for name, count in Counter(names).items() if count > 1}
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name} {seen[name]}" if name in several else name)
    return numbered


def write_blend(path: Path, like: Scores, scores: NDArray[np.float64]) -> None:
    """Write averaged scores, with the clips, labels and truth of a file that they are of.

    Raises:
        UserError: the file cannot be written.
    """
    names = np.array(like.labels)
    truth = {} if like.truth is None else {"truth": names[like.truth]}
    _write(path, "--out", clip=np.array(like.clips), labels=names, float=scores.astype(np.float32), **truth)


def _write(path: Path, flag: str, **arrays: NDArray[Any]) -> None:
    try:
        with runfolder.atomic_path(path) as temporary:
            np.savez_compressed(temporary, **arrays)
    except OSError as error:
        raise UserError(f"{flag} {path}: cannot be written ({error.strerror})") from error
