"""TFLite-Micro in a process of its own, so that a model that crashes it ends nothing but that process."""

import contextlib
import os
import signal
import sys
import tempfile
import threading
import weakref
from collections.abc import Sequence
from subprocess import TimeoutExpired
from typing import IO, Any

from train.core.processes.children import PIPE, Child
from train.tflite import tflm_child

_LOAD_TIMEOUT_S = 120
_SECONDS_PER_INPUT = 30  # that an inference may take at most
_MOST_TIMEOUT_S = 24 * 3600
_LAST_LINES = 5  # of what the interpreter said, in a message


class Failure(Exception):
    """TFLite-Micro refused a model, crashed, or did not come to an end; the message says which."""


class LoadedModel:
    """A model in the other process. It is loaded again where that one was ended by another model."""

    def __init__(self, tflite: bytes, counts: tuple[int, int], arena_bytes: int | None) -> None:
        """Load it.

        Args:
            counts: of its inputs and outputs.
            arena_bytes: None for the smallest arena that does.
        Raises:
            Failure: it cannot be loaded or invoked.
        """
        self._tflite = tflite
        self._counts = counts
        self._key = -1
        self.details = self._load(arena_bytes)

    @property
    def arena_bytes(self) -> int:
        """Of the arena that it lies in."""
        return int(self.details["arena_bytes"])

    def run(self, arrays: Sequence[bytes], count: int) -> list[bytes]:
        """Outputs of ``count`` inputs, one array of bytes for each end.

        Raises:
            Failure: it crashed, failed or took too long.
        """
        if not _host.holds(self._key):
            self._load(self.arena_bytes)
        ends = {name: self.details[name] for name in ("inputs", "outputs")}
        timeout_s = min(_LOAD_TIMEOUT_S + _SECONDS_PER_INPUT * count, _MOST_TIMEOUT_S)
        request = {"do": "run", "key": self._key, "ends": ends, "count": count, "timeout_s": timeout_s}
        return _host.ask(request, arrays)[1]

    def reset(self) -> None:
        """Begin again with what it keeps from one inference to the next."""
        if _host.holds(self._key):
            _host.ask({"do": "reset", "key": self._key, "timeout_s": _LOAD_TIMEOUT_S}, [])

    def _load(self, arena_bytes: int | None) -> dict[str, Any]:
        key = _host.new_key()
        request = {
            "do": "load",
            "key": key,
            "inputs": self._counts[0],
            "outputs": self._counts[1],
            "arena_bytes": arena_bytes,
            "timeout_s": _LOAD_TIMEOUT_S,
        }
        details, _ = _host.ask(request, [self._tflite])
        self._key = key
        weakref.finalize(self, _host.forget, key)
        return details


class _Host:
    """The other process: started at the first question, and again after it ended."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._process: Child | None = None
        self._said: Any = None  # file that takes what its C++ prints
        self._owner = 0  # process that started it: a fork of this one must not use the same pipes
        self._next_key = self._first_key = 0
        self._forgotten: list[int] = []

    def new_key(self) -> int:
        with self._lock:
            self._next_key += 1
            return self._next_key

    def holds(self, key: int) -> bool:
        """Whether what was loaded under this key is there still."""
        return self._is_running() and key >= self._first_key

    def forget(self, key: int) -> None:
        """To be done with the next question: garbage is collected at any time."""
        self._forgotten.append(key)

    def ask(self, request: dict[str, Any], arrays: Sequence[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        """The answer to a question.

        Raises:
            Failure: the answer is no, or the process ended over it.
        """
        with self._lock:
            if not self._is_running():
                self._start(request["key"])
            stdin, stdout = self._pipes()
            forgotten, self._forgotten = self._forgotten, []
            os.ftruncate(self._said.fileno(), 0)
            os.lseek(self._said.fileno(), 0, os.SEEK_SET)  # of the other process, too: they share the place
            try:
                with contextlib.suppress(BrokenPipeError):
                    tflm_child.write(stdin, {**request, "forget": forgotten}, arrays)
                answer = tflm_child.read(stdout)
            except BaseException:  # such as Ctrl-C: the rest of the answer must not be taken for the next one
                self._end()
                raise
            if answer is None:
                raise Failure(self._obituary(request["timeout_s"]))
            if "refusal" in answer[0]:
                raise Failure("; ".join([*self._last_lines(), answer[0]["refusal"]]))
            return answer

    def _is_running(self) -> bool:
        return self._process is not None and self._owner == os.getpid() and self._process.poll() is None

    def _start(self, first_key: int) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._process = Child(
            [sys.executable, "-P", tflm_child.__file__],
            stdin=PIPE,
            stdout=PIPE,
            stderr=self._said,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._owner = os.getpid()
        self._first_key = first_key
        self._forgotten = []

    def _end(self) -> int:
        """Exit status of the process, which is ended if it runs still."""
        assert self._process
        stdin, stdout = self._pipes()
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(OSError):
            stdin.close()
        stdout.close()
        return self._process.wait()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """Where it reads questions and where it writes answers."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def _obituary(self, timeout_s: int) -> str:
        assert self._process
        with contextlib.suppress(TimeoutExpired):  # it ended, or speaks no sense
            self._process.wait(5)
        status = self._end()
        if status == -getattr(signal, "SIGALRM", 0):
            return f"does not come to an end within {timeout_s} s"
        name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        said = "".join(f"{line}; " for line in self._last_lines())
        return f"{said}its interpreter crashes ({name})"

    def _last_lines(self) -> list[str]:
        size = os.fstat(self._said.fileno()).st_size
        start = max(0, size - 4096)
        text = os.pread(self._said.fileno(), size - start, start).decode("utf-8", "replace")
        return [line.strip() for line in text.splitlines() if line.strip()][-_LAST_LINES:]


_host = _Host()
