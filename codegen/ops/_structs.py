"""Structs of firmware/kernels, initialized by position, which all of C and C++ can.

Values have names here, and the kernels' own headers give the order: none can get into the place of another.
The C that was made refuses kernels whose structs are not the same.
"""

import functools
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from train.core.errors import UserError
from train.core.installation import FIRMWARE_SOURCES

LAYOUT, LAYOUT_HEADER = "KWS_LAYOUT", "layout"  # the macro that holds ``layout``, and its file without .h
_KERNELS = FIRMWARE_SOURCES / "kernels"
_COMMENT = re.compile(r"//.*")
_STRUCT = re.compile(r"typedef struct (\w+) \{(.*?)\} \1;", re.DOTALL)
_FIELD = re.compile(r"(\**)(\w+)(?:\[(\d+)\])?")


@dataclass(frozen=True)
class Field:
    """One field: its type without pointers, and how many items it has, or None where it is no array."""

    name: str
    ctype: str
    is_pointer: bool
    items: int | None


def fields_of(struct: str) -> tuple[Field, ...]:
    """The fields of a struct, in the order of the header that declares it.

    Raises:
        UserError: there is no firmware/kernels.
        KeyError: no header declares it.
    """
    return _structs()[struct]


def initializer(struct: str, values: Mapping[str, object]) -> list[tuple[str, str]]:
    """Finished values of a struct in the order of its fields, each with a comment that names it.

    Args:
        values: by name of field: a number or an expression of C, a sequence for an array, a mapping for a
            struct in the struct.
    Raises:
        ValueError: a field without value, a value without field, or of another kind.
    """
    if set(values) != {field.name for field in fields_of(struct)}:
        found, expected = sorted(values), [field.name for field in fields_of(struct)]
        raise ValueError(f"{struct}: values for {found}, expected {expected}")
    return [_value(field, values[field.name]) for field in fields_of(struct)]


def one_line(struct: str, values: Mapping[str, object]) -> str:
    """All of ``initializer`` in braces."""
    return "{" + ", ".join(text for text, _ in initializer(struct, values)) + "}"


def layout() -> int:
    """A number for all structs with their fields, in order: firmware/kernels/layout.h has it, too."""
    lines = [
        " ".join(
            [struct, *(f"{field.ctype} {field.is_pointer} {field.name} {field.items}" for field in fields)]
        )
        for struct, fields in sorted(_structs().items())
    ]
    return zlib.crc32("\n".join(lines).encode())


def _value(field: Field, value: object) -> tuple[str, str]:
    if isinstance(value, Mapping):
        names = ", ".join(inner.name for inner in fields_of(field.ctype))
        return one_line(field.ctype, value), f"{field.name}: {names}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != field.items:
            raise ValueError(f"{field.name}: {len(value)} values, expected {field.items}")
        return "{" + ", ".join(map(str, value)) + "}", field.name
    if field.items is not None:
        raise ValueError(f"{field.name}: {value!r}, expected {field.items} values")
    return str(value), field.name


@functools.cache
def _structs() -> dict[str, tuple[Field, ...]]:
    """Of all headers, by name."""
    headers = sorted(_KERNELS.glob("*.h"))
    if not headers:
        raise UserError(f"{_KERNELS}: missing; run from a checkout of Earshot, which has firmware/")
    found: dict[str, tuple[Field, ...]] = {}
    for header in headers:
        text = _COMMENT.sub("", header.read_text(encoding="utf-8"))
        found |= {name: tuple(_fields(body)) for name, body in _STRUCT.findall(text)}
    return found


def _fields(body: str) -> list[Field]:
    """Those of the declarations between the braces of a struct."""
    fields = []
    for declaration in filter(None, map(str.strip, body.split(";"))):
        words = declaration.removeprefix("const ").split(None, 1)
        ctype = words[0].rstrip("*")
        stars = words[0][len(ctype) :]
        for declarator in words[1].split(","):
            match = _FIELD.fullmatch(declarator.strip())
            if match is None:
                raise ValueError(f"{declaration!r}: expected fields, pointers and arrays of them")
            more_stars, name, items = match.groups()
            fields.append(Field(name, ctype, bool(stars + more_stars), int(items) if items else None))
    return fields
