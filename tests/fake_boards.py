"""Ports with boards that misbehave, and memory that must not grow meanwhile."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import fake_board

from hil.link.serial_link import SerialLink
from hil.protocol.messages import Info

LABELS = ("_silence_", "_unknown_", "yes", "no")
INFO = Info(1, 4, 16000, 49, 43, 2107, 9000, 4096, 0, -128, "host", "b1", "compiled", "a" * 64, "b" * 64)
_BAUD = 921_600


class FakeBoards:
    """One process, of which the boards are copies: they start in no time. A context manager."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, fake_board.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port("mute")  # it takes a moment to start, and no test shall wait for that

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # it ends with its input

    def port(self, behaviour: str, info: Info = INFO, labels: tuple[str, ...] = LABELS) -> str:
        """A board, in place of the one before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([behaviour, dataclasses.astuple(info), labels]) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def link(self, behaviour: str) -> SerialLink:
        """A line to a board, in place of the one before."""
        return SerialLink(self.port(behaviour), _BAUD)


def own_memory_mb() -> float:
    """Anonymous memory of this process: what it has of files is no growth."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024
