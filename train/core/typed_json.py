"""Dataclasses as JSON and back, every type checked.

Knows dataclasses, tuples, mappings with text keys, ``X | None``, bool, int, float, str, and ``Json`` for what
is not looked into. A bool is no int, an int is also a float and takes at most 64 bits, a float is a finite
number, and text can be written as UTF-8, but for bytes of file names, and has no zero character.
"""

import dataclasses
import functools
import json
import math
import re
import types
import typing
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from train.core.errors import UserError
from train.core.files.plain import read_plain

Json = Any
KEY = "key"  # in the metadata of a field: its name in JSON, where Python cannot call it so
DEEPEST = 20  # levels of a file
MOST_BYTES = 100_000_000  # of a file
_MOST_VALUES = 3_000_000  # in it; a report on a corpus of which 100,000 files cannot be used has 300,000
_LONGEST = 60  # characters of a value that a complaint shows
_UNWRITABLE = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)|[\ud800-\udfff]")  # or that may be
_INTEGERS = range(-(1 << 63), 1 << 64)
_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
T = TypeVar("T")


class Mismatch(ValueError):
    """A file does not hold what it must; the message names the place, what is there and what should be."""


def parse(text: str | bytes, where: str) -> Json:
    """The value of a JSON text, in UTF-8.

    Raises:
        Mismatch: not JSON. NaN and Infinity, which Python's reader takes, are not; nor is an object
            with a key twice.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        if sum(map(text.count, ",[{")) > _MOST_VALUES:
            raise Mismatch(f"{where}: holds more than {_MOST_VALUES:,} values")
        content = json.loads(text, parse_constant=_refuse, object_pairs_hook=_object)
        if _UNWRITABLE.search(text):
            _check_texts(content)
        return content
    except Mismatch:
        raise
    except RecursionError:
        raise Mismatch(f"{where}: is not JSON (nested too deep)") from None
    except ValueError as error:  # UnicodeError is one, too
        raise Mismatch(f"{where}: is not JSON ({error})") from error


def read(path: Path, most_bytes: int = MOST_BYTES) -> Json:
    """The value of a file of JSON.

    Raises:
        OSError: it is not there, cannot be read, is no plain file, or is larger.
        Mismatch: as ``parse``; the message begins with the path.
    """
    return parse(read_plain(path, most_bytes), str(path))


def encode(value: Any) -> Json:
    """What json.dumps takes. A field whose default is None is left out where it is None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.metadata.get(KEY, field.name): encode(content)
            for field in dataclasses.fields(value)
            if (content := getattr(value, field.name)) is not None or field.default is not None
        }
    if isinstance(value, Mapping):
        return {name: encode(content) for name, content in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return value


def decode(kind: type[T], content: Json, where: str, *, allow_unknown: bool = True) -> T:
    """The dataclass that ``encode`` took apart.

    Args:
        where: what a complaint begins with, such as the path of the file.
        allow_unknown: whether fields that the dataclass lacks are passed over.
    Raises:
        Mismatch: a field is missing or of another type.
    """
    return typing.cast(T, _decode(kind, content, where, allow_unknown, DEEPEST))


def _decode(kind: Any, content: Json, where: str, allow_unknown: bool, levels: int) -> Any:
    if levels < 0:
        raise Mismatch(f"{where}: is nested more than {DEEPEST} levels deep")
    if dataclasses.is_dataclass(kind):
        return _decode_fields(kind, content, where, allow_unknown, levels)
    if kind is Json:
        return _checked(content, where, levels)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        (other,) = (argument for argument in arguments if argument is not types.NoneType)
        return None if content is None else _decode(other, content, where, allow_unknown, levels)
    if origin is tuple:
        if not isinstance(content, list):
            raise _mismatch(where, content, "a list")
        is_any_length = arguments[-1] is Ellipsis
        if not is_any_length and len(content) != len(arguments):
            raise Mismatch(f"{where}: has {len(content)} items, expected {len(arguments)}")
        kinds = arguments[:1] * len(content) if is_any_length else arguments
        return tuple(
            _decode(item_kind, item, f"{where}[{index}]", allow_unknown, levels - 1)
            for index, (item_kind, item) in enumerate(zip(kinds, content, strict=True))
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        _require_object(content, where)
        return {
            name: _decode(arguments[1], item, f"{where}: {name}", allow_unknown, levels - 1)
            for name, item in content.items()
        }
    return _decode_plain(kind, content, where)


def _decode_fields(kind: Any, content: Json, where: str, allow_unknown: bool, levels: int) -> Any:
    _require_object(content, where)
    there = {}
    for name, key, field_kind, is_required in _fields(kind):
        if key in content:
            there[name] = _decode(field_kind, content[key], f"{where}: {key}", allow_unknown, levels - 1)
        elif is_required:
            raise Mismatch(f"{where}: has no {key!r}")
    if not allow_unknown and (unknown := set(content) - {key for _, key, _, _ in _fields(kind)}):
        raise Mismatch(f"{where}: has {min(unknown)!r}, which is not known")
    try:
        return kind(**there)
    except UserError as error:  # of its own check
        raise Mismatch(f"{where}: {error}") from error


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, str, Any, bool], ...]:
    """Name, key, type, and whether it must be there, of each field."""
    kinds = typing.get_type_hints(kind)
    return tuple(
        (
            field.name,
            field.metadata.get(KEY, field.name),
            kinds[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    )


def _decode_plain(kind: Any, content: Json, where: str) -> Any:
    if kind not in _NAMES:
        raise TypeError(f"{kind}: this is not a type that typed_json knows")
    is_right = type(content) is kind or (kind is float and type(content) is int)
    if not is_right or (kind is float and not _is_finite(content)):
        raise _mismatch(where, content, _NAMES[kind])
    if kind is int and content not in _INTEGERS:
        raise _mismatch(where, content, "a whole number of at most 64 bits")
    return content


def _checked(content: Json, where: str, levels: int) -> Json:
    """The value itself, if it is finite and not too deep."""
    if isinstance(content, float) and not _is_finite(content):
        raise _mismatch(where, content, "a finite number")
    if type(content) is int and content not in _INTEGERS:
        raise _mismatch(where, content, "a whole number of at most 64 bits")
    for name, item in _items(content, where):
        _decode(Json, item, name, True, levels - 1)
    return content


def _items(content: Json, where: str) -> Iterator[tuple[str, Json]]:
    if isinstance(content, dict):
        yield from ((f"{where}: {name}", item) for name, item in content.items())
    elif isinstance(content, list):
        yield from ((f"{where}[{index}]", item) for index, item in enumerate(content))


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an int that no float can hold
        return False


def require(content: Json, keys: Iterable[str], where: str) -> None:
    """Make sure that a value is an object with these keys, also with those that have a default.

    Raises:
        Mismatch: it is not.
    """
    _require_object(content, where)
    for key in keys:
        if key not in content:
            raise Mismatch(f"{where}: has no {key!r}")


def _require_object(content: Json, where: str) -> None:
    if not isinstance(content, dict):
        raise _mismatch(where, content, "an object")


def _mismatch(where: str, content: Json, expected: str) -> Mismatch:
    kinds = {dict: "an object", list: "a list", type(None): "null"}
    text = kinds.get(type(content)) or json.dumps(content, ensure_ascii=False)
    found = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return Mismatch(f"{where}: is {found}, expected {expected}")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = max(Counter(name for name, _ in pairs).items(), key=lambda item: item[1])[0]
        raise ValueError(f"has {twice[:_LONGEST]!r} twice in one object")
    return found


def _check_texts(content: Json) -> None:
    """Make sure that all text can be written, and be a path; ValueError says that it cannot."""
    left = [content]
    while left:
        value = left.pop()
        if isinstance(value, str):
            value.encode("utf-8", "surrogateescape")
            if "\0" in value:
                raise ValueError("has text with a zero character")
        elif isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value
