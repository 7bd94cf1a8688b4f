"""A payload and its fields: the rules of docs/PROTOCOL.md that every message follows."""

import dataclasses
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from train.core.errors import UserError


class MessageError(UserError):
    """A frame arrived whole, but what it says cannot be: the other end speaks another protocol."""


@dataclass(frozen=True)
class Message:
    """A payload: numbers as LAYOUT says, one format of ``struct`` for each field, little endian.

    Fields beyond LAYOUT follow: a str in UTF-8 behind its length in one byte, a tuple of str the same one
    after the other to the end, bytes as they are to the end.
    """

    TYPE: ClassVar[int]
    LAYOUT: ClassVar[str] = ""

    def pack(self) -> bytes:
        """The payload.

        Raises:
            ValueError: a number or a text does not fit its field.
        """
        values = [getattr(self, field.name) for field in dataclasses.fields(self)]
        count = len(self.LAYOUT)
        try:
            numbers = struct.pack("<" + self.LAYOUT, *values[:count])
        except struct.error as error:
            raise ValueError(f"{self}: {error}") from error
        return numbers + b"".join(map(_pack, values[count:]))

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        """The message of a payload.

        Raises:
            MessageError: it is shorter or longer than this message can be, has a status that is not known,
                or holds no UTF-8 where it should.
        """
        numbers = struct.Struct("<" + cls.LAYOUT)
        if len(payload) < numbers.size:
            raise MessageError(f"{cls.__name__} of {len(payload)} bytes, expected at least {numbers.size}")
        fields = dataclasses.fields(cls)
        values: list[object] = []
        rest = payload[numbers.size :]
        try:
            for field, number in zip(fields, numbers.unpack_from(payload), strict=False):
                kind = field.type
                is_enum = isinstance(kind, type) and issubclass(kind, IntEnum)
                values.append(kind(number) if is_enum and callable(kind) else number)
            for field in fields[len(cls.LAYOUT) :]:
                value, rest = _unpack(field.type, rest)
                values.append(value)
        except ValueError as error:
            raise MessageError(f"{cls.__name__}: {error}") from error
        if rest:
            raise MessageError(f"{cls.__name__} is followed by {len(rest)} bytes, expected none")
        return cls(*values)


def _pack(value: bytes | str | tuple[str, ...]) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, tuple):
        return b"".join(map(_pack, value))
    text = value.encode("utf-8")
    if len(text) > 255:
        raise ValueError(f"{value!r} has {len(text)} bytes, expected at most 255")
    return bytes([len(text)]) + text


def _unpack(kind: object, payload: bytes) -> tuple[object, bytes]:
    """The value at the start, and what follows it."""
    if kind is bytes:
        return payload, b""
    if kind is str:
        return _unpack_text(payload)
    texts = []
    while payload:
        text, payload = _unpack_text(payload)
        texts.append(text)
    return tuple(texts), b""


def _unpack_text(payload: bytes) -> tuple[str, bytes]:
    end = 1 + payload[0] if payload else 1
    if end > len(payload):
        raise ValueError(f"a text needs {end} bytes, but {len(payload)} are left")
    return payload[1:end].decode("utf-8"), payload[end:]
