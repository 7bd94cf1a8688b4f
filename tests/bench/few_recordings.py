"""Folders with few recordings of each word, for ``make accuracy``: as of one who recorded some friends."""

import hashlib
import shutil
from pathlib import Path

from sweep import read_recordings  # beside this file

from train.core.layout import BACKGROUND_FOLDER
from train.core.outputs import whole_folder
from train.data.corpus import Clip

COUNTS = (5, 20, 80)  # clips of each word, and of all others together
TEST = "test"


def write(folder: Path, words: tuple[str, ...], counts: tuple[int, ...] = COUNTS) -> None:
    """``folder/5``, ``20``, ``80`` and ``test``: clips of speakers who are in none of the others.

    All that a speaker said comes before the next one; the smaller sets are the first clips of the larger
    ones. So few speakers make a set, many are left for the test, and all sets are tested on the same clips.
    """
    if folder.is_dir():
        return
    corpus = read_recordings()
    by_label: dict[str, list[Clip]] = {}
    for clip in sorted(corpus.clips, key=_by_speaker):
        by_label.setdefault(clip.word if clip.word in words else "", []).append(clip)
    sets = {str(count): [clip for clips in by_label.values() for clip in clips[:count]] for count in counts}
    speakers = {clip.speaker for clip in sets[str(max(counts))]}
    sets[TEST] = [clip for clip in corpus.clips if clip.speaker not in speakers]
    with whole_folder(folder) as root:
        for name, clips in sets.items():
            for clip in clips:
                target = root / name / clip.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(clip.path, target)
            shutil.copytree(corpus.root / BACKGROUND_FOLDER, root / name / BACKGROUND_FOLDER)


def _by_speaker(clip: Clip) -> tuple[str, str]:
    """Speakers in an order of chance, but the same each time."""
    return hashlib.sha256(clip.speaker.encode()).hexdigest(), clip.name
