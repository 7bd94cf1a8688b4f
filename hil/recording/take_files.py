"""Where takes are kept: ``<word>/<speaker>_nohash_<n>.wav``, as ``earshot train --data`` takes them."""

import errno
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.audio.wav import WavError, encode_wav, find_samples
from train.core.console import printable
from train.core.errors import UserError
from train.core.files.plain import read_plain
from train.core.layout import BACKGROUND_FOLDER, SPEAKER_END, SPLIT_LISTS, fault_of_word, folder_name
from train.data.folder_names import meanings

_ROOM = "room"
_LONGEST_SPEAKER_BYTES = 60  # of UTF-8: it is a part of file names


class TakeFiles:
    """The takes of one speaker in a folder of words; what is there already counts, and nothing is replaced.

    Attributes:
        root: the folder.
        speaker: as files have it.
    """

    def __init__(self, root: Path, words: Sequence[str], speaker: str, rate_hz: int) -> None:
        """Make the folder, and see that what belongs into it can be written.

        Args:
            words: as ``parse_words`` gives them.
        Raises:
            UserError: the folder cannot be written, or the speaker cannot be a part of a file's name.
        """
        self.root, self.speaker, self.rate_hz = root, check_speaker(speaker), rate_hz
        try:
            root.mkdir(parents=True, exist_ok=True)
            named = [path.name for path in root.iterdir() if path.is_dir()]
            there = {meaning: name for name, meaning in meanings(named, words).items()}
            self._folders = {word: root / there.get(word, folder_name(word)) for word in words}
            for folder in (root, *self._folders.values(), root / BACKGROUND_FOLDER):
                _try_to_write(folder)
        except OSError as error:
            raise _unwritable(root, error) from error

    def count(self, word: str) -> int:
        """How many takes of the word this speaker has."""
        return len(self._numbers(word))

    def add(self, word: str, samples: NDArray[np.int16]) -> Path:
        """Keep one more take.

        Raises:
            UserError: it cannot be written.
        """
        number = max(self._numbers(word), default=-1) + 1
        return self._write(self._folders[word] / f"{self.speaker}{SPEAKER_END}{number}.wav", samples)

    def remove(self, path: Path) -> None:
        """Take one out that ``add`` returned."""
        path.unlink(missing_ok=True)

    @property
    def room(self) -> Path:
        """The file of the room's noise."""
        return self.root / BACKGROUND_FOLDER / f"{_ROOM}_{self.speaker}.wav"

    def add_room(self, samples: NDArray[np.int16]) -> Path:
        """Keep the noise of the room.

        Raises:
            UserError: it cannot be written, or is there already.
        """
        return self._write(self.room, samples)

    def notes(self) -> list[str]:
        """What somebody who goes on in this folder should know."""
        found = []
        others = {rate for folder in self._folders.values() for rate in _rates(folder)} - {self.rate_hz}
        if others:
            rates = ", ".join(f"{rate} Hz" for rate in sorted(others))
            found.append(
                f"{self.root} has takes of {rates}; new ones have {self.rate_hz} Hz, and training converts "
                "what differs"
            )
        if lists := [name for name in SPLIT_LISTS.values() if (self.root / name).is_file()]:
            found.append(
                f"{self.root}: {' and '.join(lists)} decide what is tested on, and new takes are in neither; "
                "without these files the last takes are"
            )
        return found

    def _numbers(self, word: str) -> list[int]:
        name = re.compile(rf"{re.escape(self.speaker)}{SPEAKER_END}(\d+)\.wav", re.IGNORECASE)
        found = (name.fullmatch(path.name) for path in self._folders[word].glob("*"))
        return [int(match[1]) for match in found if match]

    def _write(self, path: Path, samples: NDArray[np.int16]) -> Path:
        try:
            path.parent.mkdir(exist_ok=True)  # not before: an empty folder of noise stands in training's way
            with path.open("xb") as file:
                try:
                    file.write(encode_wav(samples, self.rate_hz))
                except OSError:
                    path.unlink(missing_ok=True)  # half of it is nobody's take
                    raise
        except OSError as error:
            raise _unwritable(path, error) from error
        return path


def words_of(root: Path) -> list[str]:
    """The words that a folder has takes of."""
    named = sorted(path.name for path in root.iterdir() if path.is_dir() and any(path.glob("*.wav")))
    return [word for word in dict.fromkeys(meanings(named, ()).values()) if not fault_of_word(word)]


def check_speaker(name: str) -> str:
    """A speaker's name as files have it: without spaces at its ends.

    Raises:
        UserError: it cannot be a part of a file's name.
    """
    name = name.strip()
    fault = fault_of_word(name) if name else "it is empty"
    if not fault and SPEAKER_END in name:
        fault = f"{SPEAKER_END} ends the name of a speaker"
    if not fault and len(name.encode()) > _LONGEST_SPEAKER_BYTES:
        fault = f"expected at most {_LONGEST_SPEAKER_BYTES} bytes of UTF-8"
    if fault:
        raise UserError(
            f"--speaker {name!r} cannot be a part of a file's name: {fault}; expected a name such as anna"
        )
    return name


def _try_to_write(folder: Path) -> None:
    """A folder that is not there yet is made when something goes into it."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "", str(folder))
    trial = folder / ".earshot-trial"
    trial.touch()
    trial.unlink()


def _rates(folder: Path) -> set[int]:
    """Sample rates of the WAV files there, as far as their headers tell."""
    rates = set()
    for path in sorted(folder.glob("*.wav")):
        try:
            layout = find_samples(read_plain(path), str(path))
        except (OSError, WavError):
            continue  # training says what is wrong with it
        rates.add(int.from_bytes(layout.format[4:8], "little"))
    return rates


def _unwritable(path: Path, error: OSError) -> UserError:
    where = printable(str(error.filename or path))
    if isinstance(error, FileExistsError | NotADirectoryError):
        return UserError(
            f"{where}: is there already, and is none of ours; choose another folder with --out FOLDER"
        )
    if error.errno == errno.ENOSPC:
        return UserError(f"{where}: the disk is full; free some space and go on with the same command")
    return UserError(
        f"{where}: cannot be written ({error.strerror}); choose another folder with --out FOLDER"
    )
