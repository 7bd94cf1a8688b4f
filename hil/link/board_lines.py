"""What a board that listens says on its serial line: "Heard yes (235) @1290ms"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hil.link.link import Link, LinkError
from hil.link.patience import Deadline

_HEARD = re.compile(r"Heard (.+) \((\d+)\) @(\d+)ms")
_WAIT_S = 0.5
_LONGEST_LINE = 1000  # bytes: a board that says more without an end says no lines
_FLOOD_S, _MOST_BYTES = 10.0, 2_000_000  # twice what a line of 921,600 baud can say meanwhile
_MOST_UNREAD_BYTES = 10_000  # that are no text, in a row
_CONTROLS = str.maketrans("", "", "\t\r\x1b")  # that text may have: columns, ends of lines, colours


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
    """Yield what a board says, line by line, for as long as it is connected; it may be silent for long.

    Raises:
        LinkError: the line is gone; what comes is no text, or more than one could read.
    """
    rest, unread_bytes, flood_bytes = b"", 0, 0
    period = Deadline(_FLOOD_S)
    while True:
        data = link.receive(_WAIT_S)
        flood_bytes += len(data)
        if flood_bytes > _MOST_BYTES:
            raise LinkError(
                f"{link.name}: writes without pause, {flood_bytes:,} bytes in less than {_FLOOD_S:g} s; is "
                "the program there one that listens?"
            )
        if period.is_over:
            period.restart()
            flood_bytes = 0
        *lines, rest = (rest + data).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        for line in lines:
            unread_bytes = 0 if _is_text(line) else unread_bytes + len(line)
            if unread_bytes > _MOST_UNREAD_BYTES:
                raise LinkError(
                    f"{link.name}: {unread_bytes:,} bytes came that are no text (such as {line[:16]!r}); is "
                    "the baud rate right (--baud), and the program there one that says what it hears?"
                )
            yield line.decode("utf-8", errors="replace").rstrip("\r")


def _is_text(line: bytes) -> bool:
    try:
        return line.decode("utf-8").translate(_CONTROLS).isprintable()
    except UnicodeDecodeError:
        return False
