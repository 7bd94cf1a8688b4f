"""Commands of earshot as processes that find everything imported: each is a fork of this one."""

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from train.core.native import import_tensorflow

_TIMEOUT_S = 600  # of a command; it is hung then


def prepare() -> None:
    """Import what the commands need. Nothing may be computed here: threads do not survive a fork."""
    import_tensorflow()
    import train.evaluation.evaluate
    import train.graphdef.freeze
    import train.report.run_report
    import train.training.trainer  # noqa: F401


@dataclass
class Forked:
    """A command at work, in a process group of its own; ``code`` is as of subprocess, None while it runs."""

    arguments: list[str]
    process: int
    log: Path
    code: int | None = None
    is_killed: bool = False
    begun_s: float = field(default_factory=time.monotonic)
    _worked_s: float = 0.0

    def kill(self, way: signal.Signals) -> None:
        """Send it, and all that it has started, a signal."""
        if not self.has_ended():
            self.is_killed = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process, way)

    def has_ended(self) -> bool:
        if self.code is None:
            ended, status = os.waitpid(self.process, os.WNOHANG)
            if ended:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def worked_s(self) -> float:
        """CPU time so far, which tells how far it is on a busy computer, too; at least 1/20 of all time."""
        if not self.has_ended():
            with contextlib.suppress(OSError, IndexError):
                fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
                ticks = sum(int(number) for number in fields[11:15])  # its own, and of children that ended
                self._worked_s = max(ticks / os.sysconf("SC_CLK_TCK"), (time.monotonic() - self.begun_s) / 20)
        return self._worked_s

    def wait(self) -> int:
        """The exit code; TimeoutError where it is hung."""
        until = time.monotonic() + _TIMEOUT_S
        while not self.has_ended():
            if time.monotonic() > until:
                self.kill(signal.SIGKILL)
                raise TimeoutError(f"earshot {' '.join(self.arguments)}: {self.said()}")
            time.sleep(0.01)
        assert self.code is not None
        return self.code

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def start(arguments: Sequence[object], log: Path) -> Forked:
    """``earshot ARGUMENTS``; what it says goes to ``log``."""
    words = [str(argument) for argument in arguments]
    log.write_bytes(b"")
    sys.stdout.flush()
    process = os.fork()
    if process:
        with contextlib.suppress(OSError):  # it did the same before
            os.setpgid(process, process)
        return Forked(words, process, log)
    os.setpgid(0, 0)
    _become(words, log)
    raise AssertionError


def _become(words: list[str], log: Path) -> None:
    for descriptor, path in enumerate((os.devnull, log, log)):
        opened = os.open(path, os.O_RDWR | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["earshot", *words]
    code = 1
    try:
        from train.__main__ import earshot

        earshot()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
