"""A serial line of pseudo terminals that is as slow as its rate says: ten bits a byte, by a real clock.

Each end sets a rate of its own, as on a UART. Where the two differ, what arrives is noise.

    python tests/clocked_line.py PROGRAM ARGUMENT...

starts a program at one end, says the name of the other, and ends with its input.
"""

import contextlib
import os
import random
import select
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Sequence
from types import TracebackType
from typing import Self

_TICK_S = 0.001
_BITS = 10  # of a byte: start, eight, stop
_SPEEDS = {
    getattr(termios, f"B{baud}"): baud
    for baud in (9600, 115_200, 230_400, 460_800, 921_600, 1_000_000, 2_000_000)
}
_AT_ONCE = 4096  # bytes that are read, at most


class _End:
    """One end: what is written to ``name`` leaves it at its rate."""

    def __init__(self, baud: int) -> None:
        self.ours, self.theirs = os.openpty()
        tty.setraw(self.theirs)
        attributes = termios.tcgetattr(self.theirs)
        attributes[4] = attributes[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(self.theirs, termios.TCSANOW, attributes)
        self.name = os.ttyname(self.theirs)
        self.waiting = b""
        self.credit = 0.0  # bytes that may leave
        os.set_blocking(self.ours, False)

    @property
    def baud(self) -> int:
        return _SPEEDS[termios.tcgetattr(self.ours)[5]]

    def leaving(self, elapsed_s: float) -> bytes:
        """What leaves within some seconds."""
        if len(self.waiting) < _AT_ONCE:
            with contextlib.suppress(BlockingIOError):
                self.waiting += os.read(self.ours, _AT_ONCE)
        self.credit += elapsed_s * self.baud / _BITS
        count = min(int(self.credit), len(self.waiting))
        self.credit = self.credit - count if count < len(self.waiting) else min(self.credit - count, 1.0)
        sent, self.waiting = self.waiting[:count], self.waiting[count:]
        return sent

    def arrive(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads: lost
            os.write(self.ours, data)


def relay(board: _End, host: _End, is_over: Sequence[int]) -> None:
    """Carry bytes both ways until there is something to read at one of ``is_over``."""
    noise = random.Random(1)
    last_s = time.monotonic()
    while not select.select(is_over, [], [], _TICK_S)[0]:
        now_s = time.monotonic()
        same_rate = board.baud == host.baud
        for one, other in ((board, host), (host, board)):
            data = one.leaving(now_s - last_s)
            other.arrive(data if same_rate else noise.randbytes(len(data)))
        last_s = now_s


class ClockedLine:
    """A program at one end of such a line; a context manager.

    Attributes:
        port: the other end.
    """

    def __init__(self, command: Sequence[object]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.port = self._process.stdout.readline().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # its input ends


def main() -> None:
    board, host = _End(115_200), _End(115_200)
    program = subprocess.Popen(sys.argv[1:], stdin=board.theirs, stdout=board.theirs)
    print(host.name, flush=True)
    try:
        relay(board, host, [sys.stdin.fileno()])
    finally:
        program.kill()


if __name__ == "__main__":
    main()
