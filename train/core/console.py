"""What the commands say while they work: log lines and progress on stderr, results on stdout.

All that people read goes through here. What the terminal's encoding lacks is replaced; what would command the
terminal rather than be read, such as an escape sequence in the name of a file, is shown escaped.
"""

import codecs
import contextlib
import errno
import io
import os
import select
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NoReturn

from rich.console import Console
from rich.control import Control
from rich.live import Live
from rich.progress import Progress
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from train.core.errors import Interrupted, UserError
from train.core.terminal import interrupts
from train.core.terminal.escapes import line, readable
from train.core.terminal.escapes import printable as printable  # which is asked for here
from train.core.terminal.progress_line import ProgressLine


class _Console(Console):
    """Takes what tables and the like are made of for text of others."""

    def render_str(self, text: str, **options: Any) -> Text:
        """See rich."""
        return super().render_str(readable(text), **options)


# Names may hold [brackets] and :colons:, which are to be seen.
_stderr = _Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
_PLAIN_INTERVAL_S = 15.0  # a log file gets a line this often, a terminal gets a moving bar
_NO_LIMIT = 10_000  # columns
_UNREAD_EXIT_CODE = 141  # 128 + SIGPIPE

_REPLACE = "earshot.replace"  # an error handler of codecs
_PLAINER = str.maketrans({
    "–": "-", "—": "-", "…": "...", "×": "x", "±": "+-", "°": "deg", "µ": "u", "≤": "<=", "≥": ">=",
    "→": "->", "‘": "'", "’": "'", "“": '"', "”": '"', "\N{NO-BREAK SPACE}": " ",
})  # fmt: skip


def say(*lines: str) -> None:
    """Results on stdout, a line each."""
    print(*map(line, lines), sep="\n", flush=True)


def _stdout() -> Console:
    """Made when it is needed, as wide as the terminal is then."""
    return _Console(markup=False, emoji=False, highlight=False)


def columns() -> int:
    """How wide stdout is."""
    return _stdout().width


def show(table: Table) -> None:
    """A table on stdout; cells are shown as they are, not as rich's markup."""
    _stdout().print(table)


def fits(table: Table) -> bool:
    """Whether the table is not cut where ``show`` shows it."""
    stdout = _stdout()
    wide = stdout.options.update(max_width=_NO_LIMIT)
    return stdout.measure(table, options=wide).maximum <= stdout.width


def is_watched() -> bool:
    """Whether somebody looks on: messages go to a terminal, not to a file."""
    return _stderr.is_terminal


def log(*lines: str) -> None:
    """Information on stderr, a line each."""
    _stderr.print(*map(line, lines), sep="\n")


def warn(message: str) -> None:
    """One line on stderr that should not be missed."""
    _stderr.print(line(f"warning: {message}"), style="yellow")


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for characters that an encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    plainer = missing.translate(_PLAINER)
    return plainer.encode("ascii", "backslashreplace").decode(), error.end


codecs.register_error(_REPLACE, _replace)


def replace_unknown_characters() -> None:
    """Let stdout and stderr take any text, whatever their encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_REPLACE)


def stdout_has_screen() -> bool:
    """Whether stdout is a terminal that can be drawn on."""
    stdout = _stdout()
    return stdout.is_terminal and not stdout.is_dumb_terminal


Picture = Callable[[int, int, bool], list[list[Segment]]]


@contextlib.contextmanager
def screen() -> Iterator[Callable[[Picture], None]]:
    """Take the whole terminal of stdout, and give it back as it was.

    Yields ``draw(picture)``. ``picture(columns, rows, is_ascii)`` makes the lines to be seen from then on, at
    most ``rows``; what does not fit into the columns is cut off.
    """
    console = _stdout()
    with console.screen():

        def draw(picture: Picture) -> None:
            columns, rows = console.size
            lines = picture(columns, rows, console.options.ascii_only)
            lines += [[]] * (rows - len(lines))
            shown = [Segment.adjust_line_length(line, columns) for line in lines]
            segments = [*shown[0], *(it for line in shown[1:] for it in (Segment.line(), *line))]
            console.print(Control.home(), Segments(segments), end="", crop=False)

        yield draw


@contextlib.contextmanager
def progress(what: str, total: int) -> Iterator[Callable[..., None]]:
    """Show how far a long job is.

    Yields ``advance(count=1, note="")``; ``note`` is a short text beside the bar. On a
    terminal a bar with the time left moves; elsewhere a line appears every 15 seconds.
    """
    if not is_watched():
        yield _plain_progress(what, total)
        return
    with Progress(ProgressLine(lambda: _stderr.width), console=_stderr) as bar:
        task = bar.add_task(line(what), total=total, note="")

        def advance(count: int = 1, note: str = "") -> None:
            bar.update(task, advance=count, note=line(note))

        yield advance


def _plain_progress(what: str, total: int) -> Callable[..., None]:
    start = last = time.monotonic()
    done = 0

    def advance(count: int = 1, note: str = "") -> None:
        nonlocal done, last
        done += count
        now = time.monotonic()
        if now - last >= _PLAIN_INTERVAL_S or (done - count < total <= done and last != start):
            # The first of many takes as long as pools and caches take to begin: it tells nothing of the rest.
            left = f", {(now - start) / done * (total - done):.0f} s left" if 100 * done >= total > 0 else ""
            log(f"{what}: {done} of {total}{left}  {note}".rstrip())
            last = now

    return advance


@contextlib.contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """Yields ``show(text)``: one line on a terminal that the next text replaces; elsewhere nothing is shown.

    Lines of ``log`` and ``warn`` go above it. At the end it is gone.
    """
    if not _stderr.is_terminal:
        yield lambda text: None
        return
    with Live(Text(), console=_stderr, auto_refresh=False, transient=True) as live:

        def show(text: str) -> None:
            live.update(Text(line(text), no_wrap=True, overflow="ellipsis"), refresh=True)

        yield show


def run(main: Callable[[], None]) -> None:
    """Run a command: a user's mistake becomes a sentence and exit code 2, a bug keeps its traceback."""
    replace_unknown_characters()
    try:
        with interrupts.answered(log):
            main()
            sys.stdout.flush()
    except Exception as error:
        if not interrupts.ended_by():
            _explain(error)
            sys.excepthook = _show_bug
            raise
        _end(error)
    except KeyboardInterrupt as error:
        _end(error)
    if interrupts.ended_by():  # by which one may end what goes on for ever
        _end(KeyboardInterrupt())


def _end(error: BaseException) -> NoReturn:
    """Exit as we were asked to. What else went wrong on the way, such as in workers, is not of interest."""
    name = interrupts.ended_by()
    with contextlib.suppress(OSError):  # the terminal may be gone
        if isinstance(error, Interrupted):
            _fail(f"{name}: {error.message}" if name else error.message, error.more)
        else:
            log(f"ended by {name}" if name else "interrupted")
    sys.exit(interrupts.exit_code())


def _explain(error: Exception) -> None:
    """Exit with a sentence about a mistake of the user's, or a fault of a file; return where it is a bug."""
    if isinstance(error, Interrupted):
        _end(error)
    if isinstance(error, UserError):
        _fail(error.message, error.more)
        sys.exit(error.exit_code)
    if isinstance(error, OSError):
        if isinstance(error, BrokenPipeError) and _is_unread():
            leave_stdout()
            sys.exit(_UNREAD_EXIT_CODE)
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        if not is_full and (error.filename is None or error.strerror is None):
            return  # not about a file of the user's
        what = "the disk is full; free some space and run it again" if is_full else str(error.strerror)
        if isinstance(error, FileExistsError):  # where a folder was to be made
            what = "is there already and is no folder; choose another place"
        _fail(f"{printable(str(error.filename))}: {what}" if error.filename else what)
        sys.exit(UserError.exit_code)


def _show_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The traceback as Python shows it, but for what would command the terminal."""
    print(readable("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def leave_stdout() -> None:
    """Let nothing more go to a stdout that nobody takes: Python flushes it once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_unread() -> bool:
    """Whether nobody takes what goes to stdout any more, as behind ``| head``."""
    if not hasattr(select, "poll"):  # on Windows
        return False
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _fail(message: str, more: str = "") -> None:
    """An error on one line, and what belongs below it."""
    _stderr.print("\n".join([line(f"error: {message}"), *readable(more).splitlines()]), style="bold red")
