"""Which files of a corpus may be recordings, of which word or noise, and by whom."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from train.core.console import log, printable
from train.core.layout import BACKGROUND_FOLDER, SOUND_SUFFIXES, as_seen, is_litter
from train.core.spec import SILENCE_LABEL
from train.core.typed_json import Mismatch, read
from train.data.folder_names import is_noise, meanings, part_of, said_in

_NAMED = 6  # folders that a line names
_NOISE_S = 2.0  # what is longer in a folder that is understood as noise is no clip
_LABELS = "info.labels"  # of Edge Impulse: JSON, in which files have labels


@dataclass(frozen=True)
class File:
    """A file in a folder of words or of noise.

    Attributes:
        word: what the folder means, see ``folders.meanings``.
        folder: its name.
        within: folders between that and the file; of ``<speaker>/<word>/``, the speaker's first.
        list_keys: names by which lists may call it.
        split: what the folder of a file whose name tells the word says; "" where it says none.
        rest: of such a name, behind the word.
    """

    path: Path
    word: str
    folder: str
    within: tuple[str, ...]
    list_keys: frozenset[str]
    split: str = ""
    rest: str = ""

    def is_noise(self, seconds: float) -> bool:
        """Whether it is noise to mix in, rather than a clip; in folders of other names, length tells."""
        if self.word not in (BACKGROUND_FOLDER, SILENCE_LABEL) or self.folder == SILENCE_LABEL:
            return False
        return self.folder == BACKGROUND_FOLDER or seconds > _NOISE_S

    @property
    def label(self) -> str:
        """The word of the clip that it is: short recordings of noise are silence."""
        return SILENCE_LABEL if self.word == BACKGROUND_FOLDER else self.word

    @property
    def take(self) -> str:
        """The name of the file, as far as it may say who speaks."""
        return self.rest or self.path.name

    def name(self, in_full: bool) -> str:
        parts = (*self.within, *filter(None, (self.split,)), self.path.name) if in_full else (self.path.name,)
        return printable("/".join((self.label, *parts)))


def list_key(name: str | PurePath) -> str:
    """A clip's name, folders and all, as it is compared with those of the lists."""
    return as_seen("/".join(PurePath(name).parts))


def _are_within(tops: Sequence[Path], words: Sequence[str]) -> bool:
    """Whether wanted words are folders in these folders, which are speakers then."""
    below = [path.name for top in tops for path in top.glob("*") if path.is_dir()]
    return not set(words).isdisjoint(meanings(below, words).values())


def find_files(root: Path, words: Sequence[str], tell: bool = True) -> list[File]:
    """All that may be recordings, by folder; noise comes last.

    Args:
        tell: that folders are understood as speakers.
    """
    tops = [path for path in sorted(root.iterdir()) if path.is_dir() and not is_litter(path.name)]
    meaning = meanings((path.name for path in tops), words)
    has_words = bool(set(words) & set(meaning.values()))
    by_speaker = bool(words) and not has_words and _are_within(tops, words)
    if not has_words and not by_speaker and (named := files_named_by_word(root, words)):
        if tell:
            _say_how_named(root, named)
        folders = {file.path.parent for file in named}
        tops = [top for top in tops if top not in folders and is_noise(top.name, words)]
        return [*named, *_files(root, tops, meaning, words, by_speaker)]
    if by_speaker and tell:
        who = [printable(top.name) for top in tops if not is_noise(top.name, words)]
        log(
            f"folders within {root} are speakers: {', '.join(who[:_NAMED])}" + (", …" if who[_NAMED:] else "")
        )
    return _files(root, tops, meaning, words, by_speaker)


def files_named_by_word(root: Path, words: Sequence[str]) -> list[File]:
    """Recordings whose own names say the word, in ``root``, or in folders there for splits or speakers.

    None where folders in ``root`` may be words.
    """
    folders = [path for path in sorted(root.iterdir()) if path.is_dir() and not is_litter(path.name)]
    others = [folder for folder in folders if not is_noise(folder.name, words)]
    parts = {folder: part_of(folder.name) for folder in others}
    if others and not all(parts.values()) and not words:
        return []
    labels = _edge_impulse_labels(root)
    files = []
    for folder in others or [root]:
        within = () if folder == root or parts[folder] else (folder.name,)
        for path in sorted(folder.iterdir()):
            if is_litter(path.name) or path.suffix.lower() not in SOUND_SUFFIXES or not path.is_file():
                continue
            relative = path.relative_to(root)
            said, rest = said_in(path.stem, words)
            said = labels.get(relative.as_posix(), said)
            if not said:
                continue
            word = meanings([said], words)[said]
            keys = frozenset((list_key(relative), list_key(f"{said}/{path.name}")))
            split = parts.get(folder, "")
            files.append(File(path, word, said, within, keys, split, f"{rest.lstrip(' _-.')}{path.suffix}"))
    return files if _do_tell(files, words, bool(labels)) else []


def _do_tell(files: Sequence[File], words: Sequence[str], is_sure: bool) -> bool:
    """Whether names were meant to tell words: they tell wanted ones, or each of a few several times."""
    if words:
        return any(file.word in words for file in files)
    counts = Counter(file.word for file in files)
    is_dotted = sum("." in file.path.stem for file in files) > len(files) / 2
    return bool(counts) and (is_sure or (len(counts) > 1 and min(counts.values()) > 1 and is_dotted))


def _edge_impulse_labels(root: Path) -> Mapping[str, str]:
    """Labels by path, of an export of Edge Impulse that has them; none of a file that is anything else."""
    path = root / _LABELS
    try:
        entries = read(path)["files"]
        return {str(entry["path"]): str(entry["label"]["label"]) for entry in entries}
    except (OSError, Mismatch, LookupError, TypeError):
        return {}


def _say_how_named(root: Path, files: Sequence[File]) -> None:
    first = files[0]
    splits = sorted({f"{file.path.parent.name}/" for file in files if file.split})
    log(
        f"names of files in {root} tell the words: {printable(first.path.name)} is {first.word!r}"
        + (f"; {' and '.join(splits)} tell the split" if splits else "")
    )


def _files(
    root: Path, tops: Iterable[Path], meaning: Mapping[str, str], words: Sequence[str], by_speaker: bool
) -> list[File]:
    """All files in folders of words or, ``by_speaker``, of speakers."""
    files = []
    for top in tops:
        for path in sorted(top.rglob("*")):
            relative = path.relative_to(root)
            if any(map(is_litter, relative.parts[1:])) or not path.is_file():
                continue
            word, folder, within = meaning[top.name], top.name, relative.parts[1:-1]
            if by_speaker and within and word not in (BACKGROUND_FOLDER, SILENCE_LABEL):
                folder, within = within[0], (top.name, *within[1:])
                word = meanings([folder], words)[folder]
            if folder == BACKGROUND_FOLDER and path.name.startswith("README"):
                continue
            keys = frozenset((list_key(relative), list_key(f"{folder}/{path.name}")))
            files.append(File(path, word, folder, within, keys))
    # The hash of a corpus has its official noise behind the clips, in this order.
    return sorted(files, key=lambda file: file.folder == BACKGROUND_FOLDER)
