"""Labels that trained runs agree on, for recordings that have none, as a corpus to train on."""

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.core import runfolder
from train.core.console import printable, progress
from train.core.layout import (
    BACKGROUND_FOLDER,
    SOUND_SUFFIXES,
    SPEAKER_END,
    SPLIT_LISTS,
    TRAINING,
    as_seen,
    is_litter,
)
from train.core.outputs import whole_folder
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL
from train.data.corpus import read_lists
from train.data.corpus_files import list_key
from train.data.speakers import speaker_of, which_set

_SUFFIXES = tuple(map(os.fsencode, SOUND_SUFFIXES))
MANIFEST = "pseudo.json"  # in the folder: what was made of what, and that it may be made anew


@dataclass(frozen=True)
class Opinion:
    """What the runs say of one recording.

    ``label`` is what the most of them hear, ``probability`` its mean score over all of them, ``runs`` the
    numbers of those that hear it.
    """

    source: str
    label: str
    probability: float
    runs: tuple[int, ...]


def opinion(source: str, scores: NDArray[np.float32], labels: Sequence[str]) -> Opinion:
    """The runs' opinion; of labels that as many of them hear, the one with the higher mean score.

    Args:
        scores: (runs, labels).
    """
    heard, mean = scores.argmax(axis=1), scores.mean(axis=0, dtype=np.float64)
    votes = np.bincount(heard, minlength=len(labels))
    best = max(range(len(labels)), key=lambda label: (votes[label], mean[label]))
    agreeing = tuple(np.flatnonzero(heard == best).tolist())
    return Opinion(source, labels[best], round(float(mean[best]), 6), agreeing)


def accepted(opinions: Iterable[Opinion], threshold: float, agree: int) -> list[Opinion]:
    """Those that are sure enough, and shared by enough runs."""
    return [each for each in opinions if each.probability >= threshold and len(each.runs) >= agree]


def find_recordings(folder: Path) -> list[bytes]:
    """Paths of the recordings below a folder, as seen from it, sorted byte by byte.

    Hidden ones and background noise, which is no clip, are left out.
    """
    root = os.fsencode(folder)
    found = []
    for place, folders, files in os.walk(root):
        folders[:] = [
            name for name in folders if not name.startswith(b".") and os.fsdecode(name) != BACKGROUND_FOLDER
        ]
        found += [
            os.path.relpath(os.path.join(place, name), root)  # noqa: PTH118 - bytes, as names are
            for name in files
            if name.lower().endswith(_SUFFIXES) and not is_litter(os.fsdecode(name))
        ]
    return sorted(found)


def has_speaker(source: str) -> bool:
    """Whether the name of a recording says who speaks."""
    return SPEAKER_END in Path(source).name


class Truth:
    """What a labelled corpus says of its recordings, to judge pseudo-labels by."""

    def __init__(self, root: Path, labels: Sequence[str]) -> None:
        """Raises UserError for lists of splits that cannot be read."""
        self._labels, self._lists = labels, read_lists(root)

    def label(self, source: str) -> str | None:
        """The label that the recording's folder stands for; None where it is in no corpus's layout."""
        path = Path(source)
        if not has_speaker(source) or len(path.parts) < 2:
            return None
        labels = {as_seen(label): label for label in self._labels}
        return labels.get(as_seen(path.parts[0]), UNKNOWN_LABEL)

    def is_held_out(self, source: str) -> bool:
        """Whether the corpus keeps the recording for validation or testing."""
        path = Path(source)
        if self._lists is None:
            return which_set(path.name, 10.0, 10.0) != TRAINING
        keys = (list_key(source), list_key(f"{path.parts[0]}/{path.name}"))
        return any(self._lists.get(key, TRAINING) != TRAINING for key in keys)


def target_names(opinions: Iterable[Opinion]) -> list[str]:
    """``<label>/<speaker>_nohash_<n>.wav`` for each, the speaker as its name says, numbered anew.

    The suffix stays, since recordings are copied as they are.

    A recording whose name says nobody is a speaker of its own.
    """
    taken: Counter[tuple[str, str]] = Counter()
    names = []
    for each in opinions:
        speaker = speaker_of(Path(each.source).stem)
        number = taken[each.label, speaker]
        taken[each.label, speaker] += 1
        suffix = Path(each.source).suffix.lower()
        names.append(f"{each.label}/{speaker}{SPEAKER_END}{number}{suffix}")
    return names


def write_corpus(root: Path, opinions: Sequence[Opinion], out: Path, record: dict[str, Any]) -> None:
    """The folder with these recordings under their labels, and the manifest, whole or not at all.

    Its lists name nothing, so that all of it is for training: nothing is validated or tested on labels that
    may be wrong. Files are hard links where the disk allows it.

    Args:
        record: the manifest but for its clips; ``runs`` are those that the opinions' numbers mean.
    """
    names = target_names(opinions)
    with whole_folder(out) as unfinished, progress("writing clips", len(names)) as advance:
        for each, name in zip(opinions, names, strict=True):
            target = unfinished / name
            target.parent.mkdir(exist_ok=True)
            _link(root / each.source, target)
            advance()
        for listed in SPLIT_LISTS.values():
            (unfinished / listed).touch()
        clips = [
            {
                "file": name,
                "source": printable(each.source),
                "label": each.label,
                "probability": each.probability,
                "runs": [record["runs"][number]["run"] for number in each.runs],
            }
            for each, name in zip(opinions, names, strict=True)
        ]
        runfolder.write_json(unfinished / MANIFEST, {**record, "clips": clips})
        if out.is_dir():
            shutil.rmtree(out)


def missing_words(opinions: Iterable[Opinion], labels: Iterable[str]) -> list[str]:
    """Labels without a recording, silence aside, which noise stands in for."""
    return sorted({*labels} - {each.label for each in opinions} - {SILENCE_LABEL})


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without hard links
        shutil.copyfile(source, target)
