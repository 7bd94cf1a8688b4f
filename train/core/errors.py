"""The exceptions that users see as a sentence instead of a traceback."""

import difflib
import shlex
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path


class UserError(Exception):
    """A mistake that the user can mend.

    The message says where, what was found, what was expected and what to do.
    Only ``console.run``, around every package's ``__main__``, catches it, prints it and exits
    with ``exit_code``; a bug's exception keeps its traceback.
    """

    exit_code = 2


class Interrupted(UserError):
    """Ctrl-C where work was saved; the message says how to go on."""

    exit_code = 130  # 128 + SIGINT, as a shell would report it


def typed(path: Path) -> str:
    """A path as it is typed in a shell, for commands that messages propose."""
    name = str(path)
    return shlex.quote(f"./{name}" if name.startswith("-") else name)


def count_of(count: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@contextmanager
def processes_for(doing: str) -> Iterator[None]:
    """Around the work of a pool of processes, such as "speaking clips".

    Raises:
        UserError: one of them is gone. What fails in it by itself, the pool raises here as it is.
    """
    try:
        yield
    except BrokenProcessPool:
        raise UserError(
            f"a process that was {doing} was ended from outside, mostly for want of memory; close other "
            "programs and run it again"
        ) from None


def suggestion(found: str, known: Iterable[str]) -> str:
    """What to say about a name that is none of these: the nearest one, or all there are."""
    by_lower_case = {name.lower(): name for name in known}
    close = difflib.get_close_matches(found.lower(), by_lower_case, n=1)
    return (
        f"did you mean {by_lower_case[close[0]]}?" if close else f"known: {', '.join(by_lower_case.values())}"
    )
