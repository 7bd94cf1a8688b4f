"""Programs that we start. They end with us, and with all that they have started themselves.

Each has a process group, which is ended as a whole: by us where we come to it, else by the guard, a process
that hears when we are gone. It knows of a child a moment after its start: SIGKILL in between leaves that one.
Windows has no such groups: there a child of ours that is killed may go on.
"""

import atexit
import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from train.core.processes import guard
from train.core.terminal import interrupts

PIPE, DEVNULL = subprocess.PIPE, subprocess.DEVNULL

_HAS_GROUPS = hasattr(os, "killpg")
_GUARD_ENDS_S = 5.0


class _Guard:
    """The other process: started with the first child."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0  # a fork of this process has children of its own

    def be_there(self) -> None:
        """Start it where it is not there yet: before a child, which it could not be told of in time."""
        with self._lock:
            if _HAS_GROUPS and self._owner != os.getpid():
                self._start()

    def tell(self, what: str, number: int) -> None:
        if not _HAS_GROUPS:
            return
        self.be_there()
        with self._lock:
            assert self._process is not None
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):  # somebody ended it
                os.write(self._process.stdin.fileno(), f"{what}{number}\n".encode())

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__],
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            bufsize=0,
            cwd="/",
            start_new_session=True,
        )
        self._owner = os.getpid()
        atexit.register(self._close)

    def _close(self) -> None:
        """Have it end what is left, and wait for it."""
        if self._process is None or self._owner != os.getpid():
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GUARD_ENDS_S)


_guard = _Guard()


class Child(subprocess.Popen[bytes]):
    """A program at work. As a block, it ends with the block."""

    def __init__(self, command: Sequence[str], in_terminal: bool = False, **options: Any) -> None:
        """Start it.

        Args:
            command: the program and its arguments, which no shell sees.
            in_terminal: it may ask the user; then Ctrl-C reaches it by itself, and it is ended alone.
            options: of ``subprocess.Popen``.
        Raises:
            OSError: it cannot be started.
        """
        self._is_group = _HAS_GROUPS and not in_terminal
        if self._is_group:
            options["process_group"] = 0
        _guard.be_there()
        try:
            with interrupts.postponed():  # or there would be a process that nobody knows of
                super().__init__(command, **options)
                self._number = -self.pid if self._is_group else self.pid
                _guard.tell(guard.WATCH, self._number)
        except KeyboardInterrupt:
            self.kill()
            raise

    def __exit__(self, *raised: Any) -> None:
        self.kill()
        super().__exit__(*raised)

    def send_signal(self, number: int) -> None:
        """Send a signal to it and to all that it started; nothing where it has ended."""
        if not self._is_group:
            super().send_signal(number)
        elif self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def poll(self) -> int | None:
        """See ``subprocess.Popen``."""
        return self._noted(super().poll())

    def wait(self, timeout: float | None = None) -> int:
        """See ``subprocess.Popen``."""
        code = super().wait(timeout)
        self._noted(code)
        return code

    def _noted(self, code: int | None) -> int | None:
        if code is not None and self._number:
            _guard.tell(guard.FORGET, self._number)
            self._number = 0
        return code


def run(
    command: Sequence[str | Path],
    said: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; what it writes is kept as text.

    Args:
        said: its standard input; none where this is None.
        environment: all of it; ours where this is None.
    Raises:
        OSError: it cannot be started.
        subprocess.TimeoutExpired: it took longer; it is ended then.
    """
    words = [os.fspath(word) for word in command]
    with Child(
        words,
        stdin=DEVNULL if said is None else PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=environment,
    ) as child:
        output, messages = child.communicate(said, timeout_s)
    return subprocess.CompletedProcess(
        words, child.returncode, output.decode("utf-8", "replace"), messages.decode("utf-8", "replace")
    )


def end_with_parent() -> None:
    """End this process when the one is gone that started it; for the workers of a pool, which would wait."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=follow, daemon=True).start()
