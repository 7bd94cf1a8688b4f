"""What a library takes of flash, from its text: constants are counted, code is estimated."""

import re
from collections.abc import Mapping

FLASH_SOURCE = "estimated for a Cortex-M4"
_ARRAY = re.compile(r"^(?:static )?const (\w+) \w+\[(\d+)\] = {", re.MULTILINE)
_TYPEDEF = re.compile(r"^typedef (\w+) (\w+);", re.MULTILINE)
_WIDTH = re.compile(r"u?int(\d+)_t")
_NO_CODE = re.compile(r"//[^\n]*|= {.*?};|\s+", re.DOTALL)  # comments, initial values, blanks
# Bytes of code that a character of C becomes, by the end of the file's name, longest first. Fitted to both
# runs of the table in docs/LIBRARY.md (make bench-library), of which the estimates are within a tenth.
_BYTES_A_CHARACTER = {
    "_kernels.c": 0.55,
    "_model.c": 0.75,
    "_model.cpp": 0.1,
    "_frontend.c": 0.25,
    ".c": 0.14,
}


def constant_bytes(files: Mapping[str, str]) -> int:
    """Bytes of the tables of numbers in C sources."""
    text = "\n".join(files.values())
    alias = {name: kind for kind, name in _TYPEDEF.findall(text)}
    widths = [(_WIDTH.fullmatch(alias.get(kind, kind)), int(count)) for kind, count in _ARRAY.findall(text)]
    return sum(count * int(width[1]) // 8 for width, count in widths if width)


def code_bytes(files: Mapping[str, str], prefix: str) -> int:
    """Bytes of the rest on a Cortex-M4, by how much C it is, whatever the prefix; to hundreds."""
    total = 0.0
    for name, text in files.items():
        factor = next((it for end, it in _BYTES_A_CHARACTER.items() if name.endswith(end)), 0.0)
        code = _NO_CODE.sub("", text).replace(f"{prefix}_", "kws_").replace(f"{prefix.upper()}_", "KWS_")
        total += factor * len(code)
    return round(total / 100) * 100
