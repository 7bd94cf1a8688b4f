"""Where in a tree of folders a corpus begins."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from train.audio.recording import sounds_like
from train.core.console import printable
from train.core.errors import UserError
from train.core.layout import ARCHIVE_SUFFIXES, SOUND_SUFFIXES, as_spoken, folder_text, is_litter
from train.data.corpus_files import files_named_by_word
from train.data.folder_names import TESTING_PARTS, TRAINING_PARTS, is_noise, letters, part_of

_TRIED_FILES = 3  # of a folder without the suffix of a sound in it
_DEEPEST = 12  # folders within folders
_NAMED = 6  # folders that a message names


@dataclass(frozen=True)
class _Folder:
    """A folder with those in it, litter aside."""

    path: Path
    folders: tuple["_Folder", ...]
    has_sounds: bool  # itself
    archives: tuple[Path, ...] = ()  # in it

    @cached_property
    def holds_sounds(self) -> bool:
        return self.has_sounds or any(folder.holds_sounds for folder in self.folders)

    @property
    def name(self) -> str:
        return as_spoken(folder_text(self.path.name))

    @cached_property
    def word_folders(self) -> int:
        """How many of its folders have sounds themselves, noise aside."""
        return sum(folder.has_sounds and not is_noise(folder.name) for folder in self.folders)

    def words(self, wanted: frozenset[str]) -> int:
        """How many wanted words its folders are named after."""
        return sum(folder.name in wanted and folder.holds_sounds for folder in self.folders)


def corpus_root(folder: Path, where: str | None = None, words: Sequence[str] = ()) -> Path:
    """The folder whose folders are words: with recordings in them, or in a folder for each speaker.

    Or else the one whose recordings have words in their names, side by side, or by split or speaker.

    Args:
        where: what messages call the folder.
        words: that are wanted; they tell folders of words from others.
    Raises:
        UserError: there is none, or more than one.
    """
    where = where or str(folder)
    levels = [[_look(Path(folder))]]
    while below := [child for parent in levels[-1] for child in parent.folders]:
        levels.append(below)
    wanted = frozenset(as_spoken(word) for word in words)
    most = max(each.words(wanted) for level in levels for each in level)
    for level in levels if most else ():
        if any(each.words(wanted) == most for each in level):
            return _only([each for each in level if each.words(wanted)], levels, where, wanted)
    if named := _named_by_word(levels, words):
        return named
    # A single word is one, too, but the one folder of a test set that lies beside many words is not.
    least = 2 if any(each.word_folders > 1 for level in levels for each in level) else 1
    for level in levels:
        if found := [each for each in level if each.word_folders >= least]:
            return _only(found, levels, where)
    raise UserError(_nothing(levels, where))


def _named_by_word(levels: list[list[_Folder]], words: Sequence[str]) -> Path | None:
    """The topmost folder whose recordings, or those in its folders, have words in their names."""
    for level in levels:
        for each in level:
            is_part = bool(words) and part_of(each.path.name) and each is not levels[0][0]
            if not is_part and files_named_by_word(each.path, words):
                return each.path
    return None


def _look(path: Path, above: tuple[tuple[int, int], ...] = ()) -> _Folder:
    status = path.stat()
    here = (status.st_dev, status.st_ino)
    folders, files = [], []
    if here not in above and len(above) < _DEEPEST:  # links can lead in circles
        for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
            if is_litter(entry.name):
                continue
            if entry.is_dir():
                folders.append(_look(Path(entry.path), (*above, here)))
            elif entry.is_file():
                files.append(Path(entry.path))
    archives = tuple(file for file in files if file.name.lower().endswith(ARCHIVE_SUFFIXES))
    return _Folder(path, tuple(folders), _have_sounds(files), archives)


def _have_sounds(files: Sequence[Path]) -> bool:
    if any(file.suffix.lower() in SOUND_SUFFIXES for file in files):
        return True
    return any(map(_is_sound, files[:_TRIED_FILES]))


def _is_sound(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return sounds_like(opened.read(16))
    except OSError:
        return False


def _only(
    found: list[_Folder], levels: list[list[_Folder]], where: str, wanted: frozenset[str] = frozenset()
) -> Path:
    """The one of several folders that hold folders of the same depth; their parent where they are words."""
    if len(found) == 1:
        (one,) = found
        beside = [each for level in levels for each in level if each.path.parent == one.path.parent]
        # With folders of speakers, beside noise.
        is_word = any(is_noise(each.name, wanted) for each in beside if each is not one)
        return one.path.parent if is_word else one.path
    training = [each for each in found if _parts(each, levels) & TRAINING_PARTS]
    testing = [each for each in found if _parts(each, levels) & TESTING_PARTS]
    parents = {each.path.parent for each in found}
    if not training and not testing and len(parents) == 1 and _are_words(found, wanted):
        return parents.pop()
    top = levels[0][0].path
    names = [printable(str(each.path.relative_to(top))) for each in found]
    named = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    how = f"pass one of them, such as --data {printable(str(found[0].path))}"
    if len(training) == 1 and len(found) == len(training) + len(testing):
        how = f"pass --data {printable(str(training[0].path))} to train on it"
        if len(testing) == 1:
            how += f", and --test-data {printable(str(testing[0].path))} to test on the other"
    raise UserError(
        f"{where}: holds {len(found)} corpora ({named}), expected one; {how}, or put their word folders into "
        "one"
    )


def _parts(folder: _Folder, levels: list[list[_Folder]]) -> set[str]:
    top = levels[0][0].path
    return {letters(part) for part in folder.path.relative_to(top).parts}


def _are_words(siblings: Sequence[_Folder], wanted: frozenset[str]) -> bool:
    """Whether they are words, and the folders in them speakers who say more than one; or the other way."""
    counts = Counter(child.name for folder in siblings for child in folder.folders if child.has_sounds)
    if wanted:
        return any(counts[word] > 1 for word in wanted)
    return bool(counts) and 2 * sum(count > 1 for count in counts.values()) >= len(counts)


def _nothing(levels: list[list[_Folder]], where: str) -> str:
    top = levels[0][0]
    expected = "expected a folder per word with recordings in it, such as yes/1.wav"
    if top.has_sounds:
        return (
            f"{where}: its recordings lie side by side, so nothing says which word each is; {expected}, "
            "or names that begin with one of --words, such as yes_1.wav"
        )
    if archives := [path for level in levels for folder in level for path in folder.archives]:
        inner = printable(str(archives[0].relative_to(top.path)))
        return f"{where}: no corpus in it, but an archive, {inner}; unpack that, and pass what is in it"
    return f"{where}: no corpus in it; {expected}"
