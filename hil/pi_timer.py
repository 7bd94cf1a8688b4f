"""The timer of ``hil/remote`` as one file that any Python runs, and a timer at work, here or there."""

import io
import json
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.errors import UserError

BUNDLE = "earshot_timer.pyz"
_PACKAGE = "earshot_timer"  # its name inside the file
_MAIN = f"from {_PACKAGE}.timer import main\n\nmain()\n"
_MADE = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP file knows: the same bytes on any day
_LONGEST_S = 600.0  # three phases of ten seconds, and the loading of TensorFlow on a Pi
_EXIT_GRAPH = 2  # of the timer: it said why
_LOG_LINES = "I hil/remote/timer.py:"  # what all of its log lines have


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
        errors = [line for line in lines if line.startswith("error: ")]  # TensorFlow may go on talking
        return [*(lines or ["it said nothing"]), *errors][-1]


def bundle() -> bytes:
    """The timer as a ZIP file that Python runs as a program; the same bytes for the same sources."""
    folder = Path(__file__).parent / "remote"
    sources = {f"{_PACKAGE}/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.py"))}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"__main__.py": _MAIN.encode(), **sources}.items():
            archive.writestr(zipfile.ZipInfo(name, _MADE), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def watch(command: list[str]) -> Ended:
    """Run a program, show its log as it comes, keep what it wrote; its stdin stays open meanwhile.

    Raises:
        UserError: there is no such program.
        TimerError: it does not end.
    """
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise UserError(f"{command[0]}: cannot be run ({error.strerror}); is it installed?") from error
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
    if ended.code == _EXIT_GRAPH:
        # The timer names the graph by the path that it was given, which may be one on the Pi.
        _, _, reason = ended.last_words.rpartition(f"{graph.name}: ")
        raise UserError(f"{graph}: {reason}")
    try:
        content = json.loads(ended.output)
    except ValueError:
        content = None
    if ended.code or not isinstance(content, dict):
        raise TimerError(f"{graph}: the timer ended with {ended.code}: {ended.last_words}")
    return content
