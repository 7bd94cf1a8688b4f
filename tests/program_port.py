"""A program at a serial port of its own: its standard input and output are the other end."""

import os
import subprocess
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def program_port(command: Sequence[object]) -> Iterator[str]:
    """The name of the port, for as long as the block lasts."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    process = subprocess.Popen(list(map(str, command)), stdin=ours, stdout=ours)
    try:
        yield os.ttyname(theirs)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)
