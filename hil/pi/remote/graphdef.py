"""A frozen GraphDef read without TensorFlow: protobuf's wire format, and the messages that a graph needs.

Everything in this folder is sent to the Raspberry Pi and runs on Python 2.7 (that of TensorFlow 1.4)
and from 3.4 on, beside NumPy alone; hence types in comments.
"""

import re
import struct

import numpy as np

TYPE_CHECKING = False  # there is no module typing before Python 3.5
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Numbers of types as in types.proto.
DTYPES = {
    1: np.float32,
    2: np.float64,
    3: np.int32,
    4: np.uint8,
    5: np.int16,
    6: np.int8,
    9: np.int64,
    10: np.bool_,
    19: np.float16,
}
_STRING = 7
_MOST_VALUES = 1 << 28  # of a tensor: a gigabyte, more than a Pi has
# What would command a terminal or turn a line around; TensorFlow takes letters, digits and _.-/> alone.
_NO_NAME = re.compile(  # of bytes: as text it would need the u of Python 2.7, which ruff takes away
    b"[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]".decode("unicode_escape")
)
# What comes of a graph that does not fit together: sizes, types, numbers of inputs, attributes.
FAULTS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, TypeError, ValueError,
    struct.error,
)  # fmt: skip
_HALF_FIELD = 13  # float16 values, as the integers that have their bits


class GraphError(ValueError):
    """A graph that cannot be read or run; the message is one for users."""


class Node(object):
    """One operation: ``inputs`` are ``(name, output)`` pairs, as are ``controls``, nodes that come before."""

    def __init__(self, name, op, inputs, attributes):
        # type: (str, str, list[tuple[str, int]], dict[str, Any]) -> None
        self.name = name
        self.op = op
        self.inputs = inputs
        self.controls = []  # type: list[tuple[str, int]]
        self.attributes = attributes


def parse_graph(content):
    # type: (bytes) -> list[Node]
    """Nodes of a serialized GraphDef, in its order.

    Its functions are left out. Attributes are bytes, int, float, bool, a list of them, a shape (tuple, None
    if unknown), or a tensor (NumPy array); an attribute of any other kind is None.

    Raises:
        GraphError: no GraphDef, damaged or cut short.
    """
    nodes = []
    try:
        for number, value in _fields(bytearray(content)):
            if number == 1:
                nodes.append(_node(value))
    except (IndexError, TypeError, ValueError, struct.error) as error:
        if isinstance(error, GraphError):
            raise
        raise GraphError("not a GraphDef, damaged or cut short (%d bytes)" % len(content))
    if not nodes or not all(node.name and node.op for node in nodes):
        raise GraphError("not a GraphDef, damaged or cut short (%d bytes)" % len(content))
    return nodes


def split_reference(reference):
    # type: (str) -> tuple[str, int]
    """``name:2`` is output 2 of node name; ``name`` is output 0."""
    name, _, output = reference.partition(":")
    return name, int(output or 0)


def _fields(data):
    # type: (bytearray) -> Iterator[tuple[int, Any]]
    """Number and value of each field: an int, or for other than varints a bytearray."""
    position, end = 0, len(data)
    while position < end:
        key, position = _varint(data, position)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, position = _varint(data, position)
            yield number, value
        else:
            if kind == _BYTES:
                size, position = _varint(data, position)
            elif kind in (_FIXED32, _FIXED64):
                size = 4 if kind == _FIXED32 else 8
            else:
                raise ValueError("wire type")
            if position + size > end or not number:
                raise ValueError("length")
            yield number, data[position : position + size]
            position += size


def _varint(data, position):
    # type: (bytearray, int) -> tuple[int, int]
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("varint")


def _signed(value):
    # type: (int) -> int
    """Negative numbers come as their two's complement in 64 bits."""
    return value - (1 << 64) if value >> 63 else value


def _bytes(value):
    # type: (Any) -> bytes
    """What a field of bytes holds; a damaged file may have a number there."""
    if not isinstance(value, bytearray):
        raise ValueError("a number in place of bytes")
    return bytes(value)


def _text(value):
    # type: (Any) -> str
    text = _bytes(value).decode("utf-8")
    if _NO_NAME.search(text):
        raise GraphError("a name in it is %s, which TensorFlow does not take" % ascii_only(text[:60]))
    return str(text)


def ascii_only(text):
    # type: (str) -> str
    """A text as a line of a log can have it."""
    return "'%s'" % text.encode("unicode_escape").decode("ascii")


def told(error):
    # type: (BaseException) -> str
    """One of FAULTS as a line."""
    lines = str(error).splitlines()
    return "%s: %s" % (type(error).__name__, lines[0]) if lines else type(error).__name__


def _node(data):
    # type: (bytearray) -> Node
    node = Node("", "", [], {})
    for number, value in _fields(data):
        if number == 1:
            node.name = _text(value)
        elif number == 2:
            node.op = _text(value)
        elif number == 3:
            text = _text(value)
            (node.controls if text.startswith("^") else node.inputs).append(split_reference(text.lstrip("^")))
        elif number == 5:
            entry = dict(_fields(value))
            node.attributes[_text(entry.get(1))] = _attribute(entry.get(2, bytearray()))
    return node


def _attribute(data):
    # type: (bytearray) -> Any
    for number, value in _fields(data):
        if number == 1:
            return [item for kind, field in _fields(value) for item in _list_items(kind, field)]
        return _value(number, value)
    return None


def _list_items(number, field):
    # type: (int, Any) -> list[Any]
    """Numbers in a list are packed into one field, or come one by one."""
    if number in (3, 5, 6) and isinstance(field, bytearray):
        return [_value(number, value) for value in _varints(field)]
    if number == 4:
        return [float(value) for value in np.frombuffer(_bytes(field), "<f4")]
    return [_value(number, field)]


def _value(number, value):
    # type: (int, Any) -> Any
    if number == 2:
        return _bytes(value)
    if number in (3, 6):
        return _signed(value)
    if number == 4:
        return float(np.frombuffer(_bytes(value), "<f4")[0])
    if number == 5:
        return bool(value)
    if number == 7:
        return _shape(value)
    if number == 8:
        return _tensor(value)
    return None


def _varints(data):
    # type: (bytearray) -> list[int]
    values, position = [], 0
    while position < len(data):
        value, position = _varint(data, position)
        values.append(value)
    return values


def _shape(data):
    # type: (bytearray) -> tuple[int, ...] | None
    sizes = []
    for number, value in _fields(data):
        if number == 3 and value:
            return None
        if number == 2:
            sizes.append(_signed(dict(_fields(value)).get(1, 0)))
    return tuple(sizes)


def _tensor(data):
    # type: (bytearray) -> np.ndarray[Any, Any]
    """Values come as the bytes of the array, or one by one; the last of them stands for all that follow."""
    kind, shape, content, values = 0, (), None, []  # type: int, Any, Any, list[Any]
    for number, value in _fields(data):
        if number == 1:
            kind = value
        elif number == 2:
            shape = _shape(value)
        elif number == 4:
            content = _bytes(value)
        elif number in (5, 6):
            values.extend(np.frombuffer(_bytes(value), "<f4" if number == 5 else "<f8"))
        elif number in (7, 10, 11, _HALF_FIELD):
            values.extend(map(_signed, _varints(value) if isinstance(value, bytearray) else [value]))
        elif number == 8:
            values.append(_bytes(value))
    if kind == _STRING:
        return np.array(values, dtype=object).reshape(shape)
    if kind not in DTYPES:
        raise GraphError("a tensor of type %d, expected one of %s" % (kind, sorted(DTYPES)))
    dtype = np.dtype(DTYPES[kind])
    if content is not None:
        return np.frombuffer(content, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
    given = np.array(values, np.uint16).view(dtype) if kind == 19 else np.array(values, dtype)
    count = int(np.prod(shape, dtype=np.int64))
    if not len(given) <= count <= _MOST_VALUES:
        raise ValueError("values")
    last = given[-1] if len(given) else dtype.type(0)
    filled = np.full(count, last, dtype)
    filled[: len(given)] = given
    return filled.reshape(shape)
