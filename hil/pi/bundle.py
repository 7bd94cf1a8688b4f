"""A program of ``hil/remote`` as one file that any Python runs, and the timer at work, here or there."""

import io
import json
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.pi import remote
from hil.pi.remote.timer import EXIT_GRAPH
from train.challenge import submission_rules
from train.core.errors import UserError

BUNDLE = "earshot_timer.pyz"
_PACKAGE = "earshot_timer"  # its name inside the file
_RULES = "train/challenge/submission_rules.py"  # of the other package, this runs there, too
_MADE = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP file knows: the same bytes on any day
_LONGEST_S = 600.0  # three phases of ten seconds, and the loading of TensorFlow on a Pi
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


def start(command: list[str], environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A program, its output and log in pipes; its stdin stays open until it is to end.

    Args:
        environment: all of it; None for this process's own.
    Raises:
        UserError: there is no such program.
    """
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
    except OSError as error:
        raise UserError(f"{command[0]}: cannot be run ({error.strerror}); is it installed?") from error


def watch(command: list[str], environment: dict[str, str] | None = None) -> Ended:
    """Run a program, show its log as it comes, keep what it wrote; ``environment`` as for ``start``.

    Raises:
        UserError: there is no such program.
        TimerError: it does not end.
    """
    process = start(command, environment)
    assert process.stdout is not None
    assert process.stderr is not None
    output: list[bytes] = []
    stdout = process.stdout
    reader = threading.Thread(target=lambda: output.append(stdout.read()), daemon=True)
    limit = threading.Timer(_LONGEST_S, process.kill)
    lines = []
    reader.start()
    limit.start()
    try:
        for line in process.stderr:
            lines.append(line.decode(errors="replace"))
            if not lines[-1].startswith(_ERROR):  # whoever called says it
                sys.stderr.write(lines[-1])
                sys.stderr.flush()
        code = process.wait()
        reader.join()
    finally:
        is_late = not limit.is_alive()
        limit.cancel()
        process.terminate()
        process.wait()
    if is_late:
        raise TimerError(f"the timer did not end within {_LONGEST_S:.0f} s; try fewer --runs")
    return Ended(code, b"".join(output).decode(errors="replace"), "".join(lines))


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
