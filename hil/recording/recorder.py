"""The dialogue of ``earshot record``: asks for words, shows the level, keeps the takes that will do."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hil.live.sources import Source
from hil.recording import takes
from hil.recording.keys import Keys
from hil.recording.take_files import TakeFiles
from hil.recording.takes import Refused, Take
from train.core.console import log
from train.core.errors import UserError

ROOM_S = 60
_KEPT_S = 8  # of what was heard while a word is waited for
_BEFORE_MS = 300  # of the pause behind a word, which are before the next
_LOOK_MS = 100  # between two looks at what was heard
_PATIENCE_S = 20  # then it is told what it waits for
_MUTE_S = 8  # some microphones send zeros while nobody speaks
_BAR_CELLS, _BAR_FLOOR_DB = 20, -60.0
_WORD_CELLS = 24
REDO, SKIP, QUIT = "r", "s", "q"
KEYS = f"{REDO} records the last take again, {SKIP} skips to the next word, {QUIT} stops for now"


@dataclass(frozen=True)
class Plan:
    """What is to be there at the end."""

    words: Sequence[str]
    takes: int
    with_room: bool = True


class Recorder:
    """One sitting."""

    def __init__(
        self, source: Source, files: TakeFiles, plan: Plan, keys: Keys, show: Callable[[str], None]
    ) -> None:
        """``show`` replaces the line of the level; see ``console.status_line``."""
        self._source, self._files, self._plan, self._keys, self._show = source, files, plan, keys, show
        self._pieces = source.pieces()
        self._rate_hz = files.rate_hz
        self._heard = np.zeros(0, np.int16)  # since the last take
        self._kept: list[tuple[str, Path]] = []  # in this sitting
        self._redone = ""  # the word whose last take is to be said again

    def run(self) -> bool:
        """Ask for all that is not there yet; False where the user stopped.

        Raises:
            UserError: no samples come, or a take cannot be written.
        """
        with contextlib.closing(self._pieces):  # type: ignore[type-var]
            return self._run(list(self._plan.words))

    def _run(self, words: Sequence[str]) -> bool:
        place = 0
        while place <= len(words):
            key = self._record_word(words[place]) if place < len(words) else self._record_room()
            if key == QUIT:
                return False
            place = words.index(self._redone) if key == REDO else place + 1
        return True

    def _record_word(self, word: str) -> str:
        """Take after take; the key that ended it, "" where all are there."""
        asked = False
        while (count := self._files.count(word)) < self._plan.takes:
            if not asked:
                log(f'say "{word}" whenever it is quiet, {self._plan.takes - count} times:')
                asked = True
            found = self._wait_for(word, count)
            if isinstance(found, Take):
                path = self._files.add(word, found.samples)
                self._kept.append((word, path))
                how = f"{found.word_ms / 1000:.1f} s, {found.peak_db:.0f} dB"
                log(f"  {count + 1:3} of {self._plan.takes}  {how}")
            elif isinstance(found, Refused):
                log(f"  once more: {found.reason}")
            elif found != REDO or (self._takes_back() and self._redone != word):
                return found
        return ""

    def _takes_back(self) -> bool:
        """Remove the last take, if there is one of this sitting."""
        if not self._kept:
            log("  no take was recorded in this sitting")
            return False
        self._heard = self._heard[:0]
        self._redone, path = self._kept.pop()
        self._files.remove(path)
        log(f'  the last take of "{self._redone}" is gone; say it again')
        return True

    def _wait_for(self, word: str, count: int) -> Take | Refused | str:
        """What is said next, or a key."""
        rate_hz, lost = self._rate_hz, self._source.overruns
        unseen = waited = 0
        while True:
            block = next(self._pieces)
            self._heard = np.append(self._heard, block)[-_KEPT_S * rate_hz :]
            what = f"{word[:_WORD_CELLS]}  {count + 1} of {self._plan.takes}"
            self._show_level(what, block, "r again  s skip  q stop")
            if (key := self._keys.pressed()) in (REDO, SKIP, QUIT):
                self._heard = self._heard[:0]
                return key
            unseen, waited = unseen + len(block), waited + len(block)
            if unseen < _LOOK_MS * rate_hz // 1000:
                continue
            unseen = 0
            self._refuse_mute()
            if takes.is_over(self._heard, rate_hz):
                break
            if waited > _PATIENCE_S * rate_hz:
                found, waited = takes.judge(self._heard, rate_hz), 0
                if isinstance(found, Refused):
                    log(f"  nothing yet: {found.reason}")
        heard = self._heard
        self._heard = heard[-_BEFORE_MS * rate_hz // 1000 :]
        if self._source.overruns > lost:
            return Refused("samples were lost on the way here; has this computer too much to do?")
        return takes.judge(heard, rate_hz)

    def _record_room(self) -> str:
        """A minute of what the room sounds like, where there is none yet; the key that ended it."""
        rate_hz = self._rate_hz
        if not self._plan.with_room or self._files.room.exists():
            return ""
        log(f"now be quiet for {ROOM_S} s: what the room sounds like is recorded ({SKIP} skips it)")
        blocks: list[NDArray[np.int16]] = []
        done = 0
        while done < ROOM_S * rate_hz:
            block = next(self._pieces)
            blocks.append(block)
            done += len(block)
            self._show_level(
                f"the room  {done // rate_hz} of {ROOM_S} s", block, "r last word again  s skip  q stop"
            )
            key = self._keys.pressed()
            if key in (QUIT, SKIP) or (key == REDO and self._takes_back()):
                return key
        room = np.concatenate(blocks)[: ROOM_S * rate_hz]
        if takes.is_mute(room):
            raise UserError(_mute(self._source.name))
        self._files.add_room(room)
        return ""

    def _refuse_mute(self) -> None:
        newest = self._heard[-_MUTE_S * self._rate_hz :]
        if len(newest) == _MUTE_S * self._rate_hz and takes.is_mute(newest):
            raise UserError(_mute(self._source.name))

    def _show_level(self, what: str, block: NDArray[np.int16], keys: str) -> None:
        level_db = takes.peak_db(block)
        filled = round(_BAR_CELLS * min(1.0, max(0.0, 1 - level_db / _BAR_FLOOR_DB)))
        bar = "#" * filled + "-" * (_BAR_CELLS - filled)
        self._show(f"{what}  [{bar}] {level_db:4.0f} dB   {keys}")


def keep_words(files: TakeFiles, word: str, recording: NDArray[np.int16], most: int) -> int:
    """Keep the takes in a recording in which one word is said again and again, and say which will not do.

    Args:
        recording: (samples,) int16 at the rate of the files.
        most: takes of the word that there are to be, with those that are there.
    Returns:
        how many were kept.
    """
    kept = 0
    for start_s, found in takes.cut_words(recording, files.rate_hz):
        at = f"{int(start_s) // 60}:{start_s % 60:04.1f}"
        if isinstance(found, Refused):
            log(f"  {at}  left out: {found.reason}")
        elif files.count(word) >= most:
            log(f"  {at}  and on: left out, {most} takes are there (--takes)")
            break
        else:
            files.add(word, found.samples)
            kept += 1
            log(f"  {at}  kept: {found.word_ms / 1000:.1f} s, {found.peak_db:.0f} dB")
    return kept


def _mute(name: str) -> str:
    return (
        f"{name}: gives no sound at all, every sample is the same; is the microphone muted or off, or may "
        "this program not use it? Choose another with --device"
    )
