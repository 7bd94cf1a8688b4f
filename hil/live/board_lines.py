"""What a board that listens says on its serial line: "Heard yes (235) @1290ms"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hil.link.link import Link

_HEARD = re.compile(r"Heard (.+) \((\d+)\) @(\d+)ms")
_WAIT_S = 0.5
_LONGEST_LINE = 1000  # bytes: a board that says more without an end says no lines


@dataclass(frozen=True)
class BoardHeard:
    """A detection of a board. ``time_ms``: on its own clock; ``score``: mean of 0 to 255."""

    word: str
    score: int
    time_ms: int


def heard_in(line: str) -> BoardHeard | None:
    """The detection that a line tells; None: it tells something else."""
    found = _HEARD.fullmatch(line.rstrip("\r"))
    return BoardHeard(found[1], int(found[2]), int(found[3])) if found else None


def heard_line(word: str, score: int, time_ms: int) -> str:
    """What ``heard_in`` reads."""
    return f"Heard {word} ({score}) @{time_ms}ms"


def board_lines(link: Link) -> Iterator[str]:
    """Yield what a board says, line by line, for as long as it is connected.

    Raises:
        LinkError: the line is gone.
    """
    rest = b""
    while True:
        *lines, rest = (rest + link.receive(_WAIT_S)).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        for line in lines:
            yield line.decode("utf-8", errors="replace").rstrip("\r")
