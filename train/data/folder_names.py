"""What folders and files of a corpus are called, and what that means: a word, noise, a part of a split."""

import re
from collections.abc import Iterable, Mapping

from train.core.console import printable
from train.core.layout import (
    BACKGROUND_FOLDER,
    SPEAKER_END,
    TESTING,
    TRAINING,
    VALIDATION,
    as_seen,
    as_spoken,
    folder_text,
    word_name,
)
from train.core.spec import SILENCE_LABEL

# Letters alone, as people see them.
_NOISE = """
background backgrounds backgroundnoise backgroundnoises noise noises bgnoise bg ambient ambience
hintergrund hintergrundgeräusch hintergrundgeräusche hintergrundgeraeusche hintergrundrauschen rauschen
geräusch geräusche geraeusche störgeräusche lärm bruit bruits bruitdefond ruido ruidos ruidodefondo rumore
rumori rumoredifondo ruído ruídos шум фон 噪音 背景噪音 雑音 소음
"""
_SILENCE = "silence silent stille ruhe silencio silenzio silêncio тишина 静音 무음"
_TRAINING = "train training trainset trainingset"
_TESTING = "test testing tests testset eval evaluation dev val valid validation holdout"
_NOISE_NAMES, _SILENCE_NAMES = frozenset(_NOISE.split()), frozenset(_SILENCE.split())
TRAINING_PARTS, TESTING_PARTS = frozenset(_TRAINING.split()), frozenset(_TESTING.split())
_VALIDATION_PARTS = frozenset(("dev", "val", "valid", "validation"))
_NUMBER = re.compile(r"[\W_]*\d+[\W_]*$")  # of a take


def is_noise(folder: str, words: Iterable[str] = ()) -> bool:
    """Whether a folder's name says that its recordings are background noise.

    Args:
        words: that are to be spotted: their names, and those of a phrase's parts, are words.
    """
    return letters(folder) in _NOISE_NAMES and as_spoken(folder_text(folder)) not in _spoken(words)


def _spoken(words: Iterable[str]) -> frozenset[str]:
    """Words and the parts of phrases, each as a folder of it may be called."""
    wholes = [as_spoken(word) for word in words]
    return frozenset(wholes).union(*(whole.split() for whole in wholes))


def part_of(folder: str) -> str:
    """The split that a folder's name says its recordings are for; "" where it says none."""
    name = letters(folder)
    if name in TRAINING_PARTS:
        return TRAINING
    return (VALIDATION if name in _VALIDATION_PARTS else TESTING) if name in TESTING_PARTS else ""


def said_in(stem: str, words: Iterable[str]) -> tuple[str, str]:
    """The word that the name of a file begins with, and the rest of the name.

    A wanted word, such as the ``yes`` of ``yes_anna_3``; or what is before the first dot, as Edge Impulse
    names files (``yes.1a2b3c.ingestion-4d``), or before the number (``yes_3``). "" where there is none.

    Args:
        words: that are wanted.
    """
    before, dot, behind = stem.partition(".")
    spoken = as_spoken(before)
    for word in sorted(words, key=len, reverse=True):
        wanted = as_spoken(word)
        if spoken == wanted or (spoken.startswith(wanted) and not spoken[len(wanted)].isalpha()):
            rest = before[len(wanted) :] if as_spoken(before[: len(wanted)]) == wanted else before
            if not rest.startswith(SPEAKER_END):  # else it is the name of a speaker
                return word, f"{rest}{dot}{behind}"
    number = _NUMBER.search(before)
    if dot or not number:
        return (before if dot else ""), behind
    return before[: number.start()], before[number.start() :]


def letters(name: str) -> str:
    """The name of a folder as it is looked up above: letters alone, as people see them."""
    return re.sub(r"[\W_]+", "", as_seen(name))


def meanings(folders: Iterable[str], words: Iterable[str]) -> dict[str, str]:
    """What each folder is for: a word, ``BACKGROUND_FOLDER`` or ``SILENCE_LABEL``.

    Args:
        folders: their names.
        words: that are to be spotted, which no folder name can take another meaning from: neither from them
            nor from the parts of phrases, which are other words.
    """
    words = tuple(words)
    spoken = _spoken(words)
    wanted = {as_spoken(word): word for word in words} | {as_seen(word): word for word in words}
    spelled: dict[str, str] = {}  # one word for names that people see as the same

    def meaning(folder: str) -> str:
        folder = folder_text(folder)
        key = " ".join(as_seen(folder).split())
        for name in (key, as_spoken(folder)):
            if name in wanted:
                return wanted[name]
        if as_spoken(folder) not in spoken:
            if is_noise(folder):
                return BACKGROUND_FOLDER
            if letters(folder) in _SILENCE_NAMES:
                return SILENCE_LABEL
        return spelled.setdefault(key, word_name(printable(folder)))

    return {folder: meaning(folder) for folder in folders}


def understood(folder_meanings: Mapping[str, str]) -> dict[str, str]:
    """The folders whose meaning is not their name, and what they are taken for."""
    said = {BACKGROUND_FOLDER: "background noise", SILENCE_LABEL: "silence"}
    names = {folder: word_name(printable(folder_text(folder))) for folder in folder_meanings}
    return {
        printable(folder): said.get(meaning, repr(meaning))
        for folder, meaning in folder_meanings.items()
        if (folder if meaning in said else as_seen(names[folder])) != as_seen(meaning)
    }
