"""Text of others made fit to be seen: what would command a terminal rather than be read is shown escaped."""

import re

# Controls, what turns the direction of a line, what some take for its end, and bytes that are no UTF-8.
_COMMANDS = "\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_TEXT, _IN_LINE, _IN_NAME = (re.compile(f"[{_COMMANDS}{more}]") for more in ("", "\n", "\t\n"))


def readable(text: str) -> str:
    """A text of any number of lines."""
    return _IN_TEXT.sub(_escaped, text)


def line(text: str) -> str:
    """A text that stays on one line, whatever is in it."""
    return _IN_LINE.sub(_escaped, text)


def printable(name: str) -> str:
    """The name of a file as a line of text can have it, whatever its bytes."""
    return _IN_NAME.sub(_escaped, name)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8, as Python has it
        return f"\\x{code - 0xDC00:02x}"
    return found[0].encode("unicode_escape").decode()
