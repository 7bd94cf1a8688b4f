"""Pieces of C: literals, rows of them, identifiers, comments. All ASCII."""

import re
import unicodedata
from collections.abc import Iterable

import numpy as np


def rows(values: Iterable[object], per_row: int) -> list[str]:
    """Comma-separated values, ``per_row`` to a line, each line ending with a comma."""
    texts = [str(value) for value in values]
    return [", ".join(texts[start : start + per_row]) + "," for start in range(0, len(texts), per_row)]


def hex_bytes(data: bytes) -> list[str]:
    """Bytes as ``0x0a``."""
    return [f"0x{byte:02x}" for byte in data]


def float_literal(value: float) -> str:
    """A float literal that C reads back as the same float32: nine significant digits."""
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if re.search(r"[.e]", text) else f"{text}.0f"


def string_literal(text: str) -> str:
    """A C string literal of the UTF-8 bytes of ``text``.

    Octal escapes end after three digits, so that the next character cannot join them,
    as it can with hexadecimal ones. Question marks are escaped for the trigraphs of C11.
    """
    return '"' + "".join(_character(byte) for byte in text.encode("utf-8")) + '"'


def _character(byte: int) -> str:
    character = chr(byte)
    if character in '"\\?':
        return "\\" + character
    return character if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def comment(text: str) -> str:
    """Text that can stand in a comment of either kind: it neither ends it nor goes on after it."""
    printable = "".join(c if " " <= c <= "~" else f"\\u{ord(c):04x}" for c in text)
    printable = printable.replace("*/", "* /").replace("??/", "? ?/")
    return printable + "." if printable.endswith("\\") else printable


def identifiers(names: Iterable[str], otherwise: str = "clip") -> list[str]:
    """A part of a C identifier, and of a file name, for each name: no two alike.

    Lower-case ASCII, words joined by single underscores (two are reserved in C++), first
    a letter; umlauts lose their dots, other scripts leave only their digits. Whoever uses
    it puts something before or behind it, so that it may be a keyword.

    Args:
        otherwise: stands for a name of which nothing is left, and before one that begins with a digit.
    """
    taken: set[str] = set()
    chosen = []
    for name in names:
        ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
        base = re.sub(r"[^a-z0-9]+", "_", ascii_name.lower()).strip("_") or otherwise
        if base[0].isdigit():
            base = f"{otherwise}_{base}"
        candidate, number = base, 1
        while candidate in taken:
            number += 1
            candidate = f"{base}_{number}"
        taken.add(candidate)
        chosen.append(candidate)
    return chosen
