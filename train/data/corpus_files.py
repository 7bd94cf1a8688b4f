"""Which files of a corpus may be recordings, of which word or noise, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from train.core.console import log, printable
from train.core.layout import BACKGROUND_FOLDER, as_seen, is_litter
from train.core.spec import SILENCE_LABEL
from train.data.folder_names import is_noise, meanings

_NAMED = 6  # folders that a line names
_NOISE_S = 2.0  # what is longer in a folder that is understood as noise is no clip


@dataclass(frozen=True)
class File:
    """A file in a folder of words or of noise.

    Attributes:
        word: what the folder means, see ``folders.meanings``.
        folder: its name.
        within: folders between that and the file; of ``<speaker>/<word>/``, the speaker's first.
        list_keys: names by which lists may call it.
    """

    path: Path
    word: str
    folder: str
    within: tuple[str, ...]
    list_keys: frozenset[str]

    def is_noise(self, seconds: float) -> bool:
        """Whether it is noise to mix in, rather than a clip; in folders of other names, length tells."""
        if self.word not in (BACKGROUND_FOLDER, SILENCE_LABEL) or self.folder == SILENCE_LABEL:
            return False
        return self.folder == BACKGROUND_FOLDER or seconds > _NOISE_S

    @property
    def label(self) -> str:
        """The word of the clip that it is: short recordings of noise are silence."""
        return SILENCE_LABEL if self.word == BACKGROUND_FOLDER else self.word

    def name(self, in_full: bool) -> str:
        parts = (*self.within, self.path.name) if in_full else (self.path.name,)
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
    by_speaker = bool(words) and not set(words) & set(meaning.values()) and _are_within(tops, words)
    if by_speaker and tell:
        who = [printable(top.name) for top in tops if not is_noise(top.name)]
        log(
            f"folders within {root} are speakers: {', '.join(who[:_NAMED])}" + (", …" if who[_NAMED:] else "")
        )
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
