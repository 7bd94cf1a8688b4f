"""Where a command may write, and folders that are there whole or not at all."""

import contextlib
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from train.core.errors import UserError
from train.core.files.plain import open_plain
from train.core.run_lock import LOCK, lock
from train.core.typed_json import Mismatch, read

_UNFINISHED, _LONGEST_PREFIX = ".unfinished", 60  # how the name of a folder ends that grows, and begins
_MARK_BYTES = 4096  # of a page, which its mark is in


@contextlib.contextmanager
def whole_folder(destination: Path) -> Iterator[Path]:
    """An empty folder beside ``destination`` that takes its name when the block ends without error.

    What is interrupted leaves nothing that looks finished; what was killed is cleared by the next one beside
    it. When another run has put the same folder there meanwhile, that one stays: both come from the same
    settings.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    clear_unfinished(destination.parent)
    temporary, held = _unfinished_folder(destination)
    try:
        with telling_of(destination, temporary):
            yield temporary
        temporary.chmod(0o755)  # mkdtemp makes private folders; these are meant to be shared
        try:
            temporary.rename(destination)
        except OSError:
            if not destination.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if held is not None:
            os.close(held)


@contextlib.contextmanager
def telling_of(path: Path, temporary: Path) -> Iterator[None]:
    """Let errors of writing within the block name the file that was to be, not the one that stands for it.

    Raises:
        OSError: with the path, and a number also where NumPy tells of a full disk in words alone.
    """
    try:
        yield
    except OSError as error:
        number = error.errno or (errno.ENOSPC if "requested and" in str(error) else None)
        if number is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def clear_unfinished(parent: Path) -> None:
    """Remove what ``whole_folder`` could not, because its process was killed; that of living ones stays."""
    for path in sorted(parent.glob(f".*{_UNFINISHED}")):
        with contextlib.suppress(OSError):  # it is gone already, or locked, or may not be removed
            held = _locked(path)
            if held is None:
                continue
            try:
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(held)


def _unfinished_folder(destination: Path) -> tuple[Path, int | None]:
    """A new hidden folder, and the open file that shows others that its process lives."""
    prefix = f".{destination.name[:_LONGEST_PREFIX]}."
    while True:
        path = Path(tempfile.mkdtemp(_UNFINISHED, prefix, destination.parent))
        with contextlib.suppress(OSError):  # another process took it for left over, and removes it
            held = _locked(path)
            if held is None or path.is_dir():
                return path, held
            os.close(held)


def _locked(folder: Path) -> int | None:
    """The folder, open and locked until it is closed; None where the system does not lock folders.

    Raises:
        OSError: another process has the lock, or there is no such folder.
    """
    if sys.platform == "win32":
        return None
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        is_locked = lock(file)
    except BlockingIOError:
        os.close(file)
        raise
    if not is_locked:
        os.close(file)
        return None
    return file


def check_outside(out: Path, corpus: Path) -> None:
    """Make sure that a new corpus does not grow within the one it is made of.

    Raises:
        UserError: it would.
    """
    if out.resolve().is_relative_to(corpus.resolve()):
        raise UserError(f"--out {out}: is in {corpus}, where its clips come from; choose a folder outside")


class State(Enum):
    """What is where something is to be written."""

    FREE = auto()  # nothing, or an empty folder
    OURS = auto()  # what the same command wrote earlier
    FOREIGN = auto()  # anything else


def state_of(path: Path, is_ours: Callable[[Path], bool]) -> State:
    """Look at what is there."""
    # The lock is of a process that was killed before it wrote anything, or of this one.
    if not path.exists() or (path.is_dir() and all(found.name == LOCK for found in path.iterdir())):
        return State.FREE
    return State.OURS if is_ours(path) else State.FOREIGN


@dataclass(frozen=True)
class Output:
    """A kind of output, and how to know an earlier one.

    Attributes:
        ours: what messages say of an earlier one, such as "holds a sample".
        foreign: what they say of anything else, such as "exists and is no earlier sample".
        example: the name of such a file; empty for folders.
        overwrite: what is replaced only with --overwrite. OURS: the rest is never replaced. FOREIGN: an
            earlier one is replaced unasked. None: so it is, and there is no such flag.
    """

    ours: str
    foreign: str
    is_ours: Callable[[Path], bool]
    example: str = ""
    overwrite: State | None = State.OURS

    def check(self, path: Path, overwrite: bool = False, flag: str = "--out") -> None:
        """Make sure that the output may be written there.

        Args:
            overwrite: the user asked for it.
            flag: names the path.
        Raises:
            UserError: something is there that must stay.
        """
        if self.example and path.is_dir():
            raise UserError(f"{flag} {path}: is a folder, expected a file, such as {self.example}")
        state = state_of(path, self.is_ours)
        asked = overwrite and state is self.overwrite
        if state is State.FREE or asked or (state is State.OURS and self.overwrite is not State.OURS):
            return
        other = "choose another " + ("file" if self.example else "folder")
        how = f"add --overwrite to replace it, or {other}" if state is self.overwrite else other
        raise UserError(f"{flag} {path}: {self.ours if state is State.OURS else self.foreign}; {how}")


def has_file(name: str) -> Callable[[Path], bool]:
    """Know a folder by a file in it."""
    return lambda path: (path / name).is_file()


def has_key(key: str) -> Callable[[Path], bool]:
    """Know a file of JSON, an object, by a key of it."""

    def is_ours(path: Path) -> bool:
        try:
            content = read(path)
        except (Mismatch, OSError):
            return False
        return isinstance(content, dict) and key in content

    return is_ours


def has_mark(mark: str) -> Callable[[Path], bool]:
    """Know a page by what stands near its top."""

    def is_ours(path: Path) -> bool:
        try:
            with open_plain(path) as file:
                return mark.encode() in file.read(_MARK_BYTES)
        except OSError:
            return False

    return is_ours
