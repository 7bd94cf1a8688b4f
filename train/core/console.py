"""What the commands say while they work: log lines and progress on stderr, results on stdout."""

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from train.core.errors import Interrupted, UserError

_stderr = Console(stderr=True, highlight=False, soft_wrap=True)
_PLAIN_INTERVAL_S = 15.0  # a log file gets a line this often, a terminal gets a moving bar


def log(message: str) -> None:
    """One line of information on stderr."""
    _stderr.print(message, markup=False)


def warn(message: str) -> None:
    """One line on stderr that should not be missed."""
    _stderr.print(f"warning: {message}", markup=False, style="yellow")


def printable(name: str) -> str:
    """The name of a file as a terminal or JSON can have it, whatever its bytes: controls are escaped."""
    text = os.fsencode(name).decode(errors="backslashreplace")
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda control: ascii(control[0])[1:-1], text)


@contextlib.contextmanager
def progress(what: str, total: int) -> Iterator[Callable[..., None]]:
    """Show how far a long job is.

    Yields ``advance(count=1, note="")``; ``note`` is a short text beside the bar. On a
    terminal a bar with the time left moves; elsewhere a line appears every 15 seconds.
    """
    if not _stderr.is_terminal:
        yield _plain_progress(what, total)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_stderr) as bar:
        task = bar.add_task(what, total=total, note="")

        def advance(count: int = 1, note: str = "") -> None:
            bar.update(task, advance=count, note=note)

        yield advance


def _plain_progress(what: str, total: int) -> Callable[..., None]:
    start = last = time.monotonic()
    done = 0

    def advance(count: int = 1, note: str = "") -> None:
        nonlocal done, last
        done += count
        now = time.monotonic()
        if now - last >= _PLAIN_INTERVAL_S or (done - count < total <= done and last != start):
            left_s = (now - start) / done * (total - done) if done else 0
            log(f"{what}: {done} of {total}, {left_s:.0f} s left  {note}".rstrip())
            last = now

    return advance


def run(main: Callable[[], None]) -> None:
    """Run a command: a user's mistake becomes a sentence and exit code 2, a bug keeps its traceback."""
    try:
        main()
    except UserError as error:
        _stderr.print(f"error: {error}", markup=False, style="bold red")
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is None or error.strerror is None:
            raise  # not about a file of the user's
        what = error.strerror
        if isinstance(error, FileExistsError):  # where a folder was to be made
            what = "is there already and is no folder; choose another place"
        _stderr.print(f"error: {error.filename}: {what}", markup=False, style="bold red")
        sys.exit(UserError.exit_code)
    except KeyboardInterrupt:
        log("interrupted")
        sys.exit(Interrupted.exit_code)
