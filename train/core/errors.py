"""The exceptions that users see as a sentence instead of a traceback."""

import difflib
import shlex
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from train.core.terminal.escapes import printable
from train.core.terminal.interrupts import EXIT_CODE, prompt

_MOST_VERSIONS = 1_000_000  # what is more is no version
_SHORTEST_PART, _MOST_MEANT = 3, 3  # a part of a name tells which is meant, where it is in few


class UserError(Exception):
    """A mistake that the user can mend.

    The message says where, what was found, what was expected and what to do.
    Only ``console.run``, around every package's ``__main__``, catches it, prints it and exits
    with ``exit_code``; a bug's exception keeps its traceback.
    """

    exit_code = 2

    def __init__(self, message: str, more: str = "") -> None:
        """Say it.

        Args:
            message: one line; what a name in it has of line ends is shown escaped.
            more: lines to be shown below, such as what a compiler said.
        """
        super().__init__(f"{message}\n{more}" if more else message)
        self.message, self.more = message, more


class Interrupted(UserError):
    """Ctrl-C where work was saved; the message says how to go on."""

    exit_code = EXIT_CODE


def check_version(version: object, known: int, where: str, remedy: str) -> None:
    """Make sure that a file is of a version that this Earshot reads: 1 to ``known``.

    Args:
        remedy: what to do, beside updating.
    Raises:
        UserError: it is newer, or its version is none.
    """
    if type(version) is int and known < version <= _MOST_VERSIONS:
        raise UserError(
            f"{where}: is of version {version}, made by a newer Earshot; this one reads up to version "
            f"{known}: update Earshot, or {remedy}"
        )
    if type(version) is not int or not 1 <= version <= known:
        raise UserError(f"{where}: version: is {version!r:.60}, expected a whole number from 1 on; {remedy}")


def typed(path: Path) -> str:
    """A path as it is typed in a shell, for commands that messages propose."""
    name = f"./{path}" if str(path).startswith("-") else str(path)
    if printable(name) == name:
        return shlex.quote(name)
    # As bash, zsh and ksh have it, so that what cannot be seen can be typed.
    quoted = printable(name.replace("\\", "\\\\").replace("'", "\\'"))
    return f"$'{quoted}'"


def count_of(count: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@contextmanager
def processes_for(doing: str, pool: ProcessPoolExecutor) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes as a block, which ends with it, at once where something went wrong.

    Args:
        doing: such as "speaking clips".
    Raises:
        UserError: one of them is gone. What fails in it by itself, the pool raises here as it is.
    """
    try:
        with prompt(pool):
            yield pool
    except BrokenProcessPool:
        raise UserError(
            f"a process that was {doing} was ended from outside, mostly for want of memory; close other "
            "programs and run it again"
        ) from None


def meant(found: str, known: Collection[str]) -> str | None:
    """A question whether a few of these names are meant, of which ``found`` is none; None: no idea."""
    by_lower_case = {name.lower(): name for name in known}
    text = found.lower()
    core = text.strip("-")
    close = [name for name in by_lower_case if core in name] if len(core) >= _SHORTEST_PART else []
    if not 0 < len(close) <= _MOST_MEANT:
        close = difflib.get_close_matches(text, by_lower_case, n=1)
    if not close:
        return None
    return f"did you mean {' or '.join(by_lower_case[name] for name in close)}?"


def suggestion(found: str, known: Collection[str]) -> str:
    """What to say about a name that is none of these: the nearest, or all there are."""
    return meant(found, known) or f"known: {', '.join(known)}"
