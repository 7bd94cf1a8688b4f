"""A program of ``hil/remote`` as one file that any Python runs, and the timer at work, here or there."""

import io
import json
import os
import selectors
import zipfile
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired
from typing import IO, Any

from hil.link.patience import Deadline
from hil.pi import remote
from hil.pi.remote.timer import EXIT_GRAPH
from train.challenge import submission_rules
from train.core import console
from train.core.errors import UserError
from train.core.processes.children import PIPE, Child

BUNDLE = "earshot_timer.pyz"
_PACKAGE = "earshot_timer"  # its name inside the file
_RULES = "train/challenge/submission_rules.py"  # of the other package, this runs there, too
_MADE = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP file knows: the same bytes on any day
LONGEST_S = 600.0  # three phases of ten seconds, and the loading of TensorFlow on a Pi
_LAST_S = 2.0  # for what a program that has ended left in its pipes
_MOST_BYTES = 16_000_000  # that it writes; a graph of 5,000 nodes takes 1.5 MB
_ERROR = "error: "  # what the line begins with that says why it failed
_LOG_LINES = "I hil/pi/remote/"  # what all of its log lines have


class TimerError(UserError):
    """The timer did not come to its end."""

    exit_code = 4


@dataclass(frozen=True)
class Ended:
    """A process that ended: what it wrote."""

    code: int
    output: str
    log: str

    @property
    def last_words(self) -> str:
        """The error that it ended with, else its last line that is not of the log."""
        lines = [line.strip() for line in self.log.splitlines() if line.strip() and _LOG_LINES not in line]
        errors = [line for line in lines if line.startswith(_ERROR)]  # TensorFlow may go on talking
        return [*(lines or ["it said nothing"]), *errors][-1]


def bundle(module: str = "timer") -> bytes:
    """The ``main`` of a module as a ZIP file that Python runs; the same bytes for the same sources."""
    main = f"from {_PACKAGE}.{module} import main\n\nmain()\n"
    folder = Path(remote.__file__).parent
    sources = {f"{_PACKAGE}/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.py"))}
    # Its packages are empty there: they need nothing of what the rest of train needs.
    sources |= {str(Path(folder) / "__init__.py"): b"" for folder in list(Path(_RULES).parents)[:-1]}
    sources[_RULES] = Path(submission_rules.__file__).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"__main__.py": main.encode(), **sources}.items():
            archive.writestr(zipfile.ZipInfo(name, _MADE), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def start(
    command: list[str], environment: dict[str, str] | None = None, stdin: IO[bytes] | None = None
) -> Child:
    """A program, its output and log in pipes.

    Args:
        environment: all of it; None for this process's own.
        stdin: a file; None for a pipe that stays open until it is to end.
    Raises:
        UserError: there is no such program.
    """
    try:
        return Child(command, stdin=stdin or PIPE, stdout=PIPE, stderr=PIPE, env=environment)
    except OSError as error:
        raise UserError(f"{command[0]}: cannot be run ({error.strerror}); is it installed?") from error


def watch(
    command: list[str], environment: dict[str, str] | None = None, longest_s: float = LONGEST_S
) -> Ended:
    """Run a program, show its log as it comes, keep what it wrote; ``environment`` as for ``start``.

    Raises:
        UserError: there is no such program.
        TimerError: it does not end, or writes without end.
    """
    return run(command, "the timer", longest_s, environment, is_shown=True)


def run(
    command: list[str],
    what: str,
    longest_s: float,
    environment: dict[str, str] | None = None,
    stdin: IO[bytes] | None = None,
    is_shown: bool = False,
) -> Ended:
    """A program and all that it writes until it ends; ``environment`` and ``stdin`` as for ``start``.

    Args:
        what: it is, for messages.
        is_shown: its log, line by line as it comes.
    Raises:
        UserError: there is no such program.
        TimerError: it does not end, or writes without end.
    """
    process = start(command, environment, stdin)
    try:
        return _collect(process, what, longest_s, is_shown)
    finally:
        end(process)


def _collect(process: Child, what: str, longest_s: float, is_shown: bool) -> Ended:
    assert process.stdout is not None
    assert process.stderr is not None
    written = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    output, log = written.values()
    shown = 0  # of the log
    deadline, last = Deadline(longest_s), Deadline(_LAST_S)
    late = TimerError(f"{what} did not end within {longest_s:g} s; is it at work, with too much to do?")
    with selectors.DefaultSelector() as pipes:
        for file in written:
            pipes.register(file, selectors.EVENT_READ)
        # What it has started may hold its pipes, and it may close them and go on.
        while pipes.get_map() and not last.is_over:
            if deadline.is_over:
                raise late
            for key, _ in pipes.select(min(deadline.left_s, last.left_s)):
                data = os.read(key.fd, 65_536)
                written[key.fd] += data
                if not data:
                    pipes.unregister(key.fd)
                if len(written[key.fd]) > _MOST_BYTES:
                    raise TimerError(f"{what} writes without end: more than {_MOST_BYTES:,} bytes")
            if process.poll() is None:
                last.restart()
            if is_shown:
                shown = _show(log, shown, is_whole=not pipes.get_map())
    try:
        code = process.wait(deadline.left_s)
    except TimeoutExpired as error:
        raise late from error
    return Ended(code, output.decode(errors="replace"), log.decode(errors="replace"))


def end(process: Child) -> None:
    """End a program of ``start``, whatever it does."""
    process.terminate()
    try:
        process.wait(_LAST_S)
    except TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _show(log: bytearray, shown: int, is_whole: bool) -> int:
    """Show the lines that are new, but for the errors, which whoever called says; return where they end."""
    end = len(log) if is_whole else log.rfind(b"\n") + 1
    for line in log[shown:end].decode(errors="replace").splitlines():
        if not line.startswith(_ERROR):
            console.log(line)
    return max(end, shown)


def figures(ended: Ended, graph: Path) -> dict[str, Any]:
    """What the timer measured.

    Raises:
        UserError: it could not run the graph.
        TimerError: it broke down.
    """
    try:
        content = json.loads(ended.output)
    except ValueError:
        content = None
    if ended.code or not isinstance(content, dict):
        raise breakdown(ended, graph)
    return content


def breakdown(ended: Ended, graph: Path, what: str = "the timer") -> UserError:
    """The error of a program that did not do what it was started for."""
    if ended.code == EXIT_GRAPH:
        # It names the graph by the path that it was given, which may be one on the Pi.
        _, _, reason = ended.last_words.rpartition(f"{graph.name}: ")
        return UserError(f"{graph}: {reason}")
    return TimerError(f"{graph}: {what} ended with {ended.code}: {ended.last_words}")
