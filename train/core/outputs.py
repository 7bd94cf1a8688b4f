"""Where a command may write, and folders that are there whole or not at all."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from train.core.errors import UserError
from train.core.files.plain import open_plain
from train.core.typed_json import Mismatch, read

_MARK_BYTES = 4096  # of a page, which its mark is in


@contextlib.contextmanager
def whole_folder(destination: Path) -> Iterator[Path]:
    """An empty folder beside ``destination`` that takes its name when the block ends without error.

    What is interrupted leaves nothing that looks finished. When another run has put
    the same folder there meanwhile, that one stays: both come from the same settings.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=destination.parent, prefix=f".{destination.name}."))
    try:
        yield temporary
        temporary.chmod(0o755)  # mkdtemp makes private folders; these are meant to be shared
        try:
            temporary.rename(destination)
        except OSError:
            if not destination.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
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
