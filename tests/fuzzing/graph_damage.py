"""Frozen graphs of TensorFlow 1.4 written field by field, and damaged so."""

import random
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SHAPE = {2: {}}  # of messages: which fields are messages again
_TENSOR = {2: _SHAPE}
_VALUE: dict[int, Any] = {1: {7: _SHAPE, 8: _TENSOR}, 7: _SHAPE, 8: _TENSOR, 10: {}}
_GRAPH = {1: {5: {2: _VALUE}}, 2: {}, 4: {}}

Field = list  # number, kind, and an int, bytes or a list of fields

_NUMBERS = (
    *(0, 1, 2, 3, 7, 19, 127, 128, 300, 65536, 1 << 20, 1 << 28, 1 << 31, (1 << 31) - 1, 1 << 40),
    *((1 << 62), (1 << 63) - 1, 1 << 63, (1 << 64) - 1, (1 << 64) - 2, (1 << 64) - 16000),
)
_WORDS = (
    *(
        b"",
        b"^",
        b":",
        b"a:b",
        b"x:-1",
        b"x:99999999999",
        b"labels_softmax",
        b"\xff\xfe",
        b"\x1b[2J",
        b"a\nb",
    ),
    *(b"x" * 3000, b"../../x", b"NHWC", b"NCHW", b"SAME", b"VALID", b"T", b"value", b"dtype", b"%s%d"),
)


def node(name: str, op: str, inputs: Sequence[str] = (), **attributes: Any) -> Field:
    """A NodeDef; attributes are bytes, bool, int, float, lists of int, NumPy arrays, or ``Type``."""
    fields = [[1, _BYTES, name.encode()], [2, _BYTES, op.encode()]]
    fields += [[3, _BYTES, one.encode()] for one in inputs]
    for key, value in attributes.items():
        fields.append([5, _BYTES, [[1, _BYTES, key.encode()], [2, _BYTES, [_attribute(value)]]]])
    return [1, _BYTES, fields]


class Type(int):
    """A number of types.proto."""


def _attribute(value: Any) -> Field:
    match value:
        case bytes():
            return [2, _BYTES, value]
        case bool():
            return [5, _VARINT, int(value)]
        case Type():
            return [6, _VARINT, int(value)]
        case int():
            return [3, _VARINT, value & (1 << 64) - 1]
        case float():
            return [4, _FIXED32, struct.pack("<f", value)]
        case list():
            return [1, _BYTES, [[3, _BYTES, b"".join(map(_encoded_number, value))]]]
        case tuple():
            return [7, _BYTES, _shape(value)]
    kind = {"float32": 1, "int32": 3, "bool": 10}[value.dtype.name]
    return [8, _BYTES, [[1, _VARINT, kind], [2, _BYTES, _shape(value.shape)], [4, _BYTES, value.tobytes()]]]


def _shape(sizes: Sequence[int]) -> list[Field]:
    return [[2, _BYTES, [[1, _VARINT, size & (1 << 64) - 1]]] for size in sizes]


def encoded(fields: list[Field]) -> bytes:
    """The bytes of a message."""
    parts = []
    for number, kind, value in fields:
        parts.append(_encoded_number(number << 3 | kind))
        if kind == _VARINT:
            parts.append(_encoded_number(value if isinstance(value, int) else len(value)))
            continue
        content = encoded(value) if isinstance(value, list) else value
        content = content if isinstance(content, bytes) else _encoded_number(content)
        if kind == _BYTES:
            parts.append(_encoded_number(len(content)))
        parts.append(content)
    return b"".join(parts)


def _encoded_number(value: int) -> bytes:
    value &= (1 << 64) - 1
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def decoded(data: bytes, messages: dict[int, Any] = _GRAPH) -> list[Field]:
    """The fields of a sound message; ``encoded`` again."""
    fields, position = [], 0

    def number() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(data):
        key = number()
        kind = key & 7
        if kind == _VARINT:
            fields.append([key >> 3, kind, number()])
            continue
        size = number() if kind == _BYTES else {_FIXED32: 4, _FIXED64: 8}[kind]
        content: Any = data[position : position + size]
        position += size
        if kind == _BYTES and key >> 3 in messages:
            content = decoded(content, messages[key >> 3])
        fields.append([key >> 3, kind, content])
    return fields


def damaged(seed: int, bases: Sequence[bytes], ops: Sequence[str]) -> bytes:
    """The graph of a seed.

    Args:
        ops: names of operators that take the place of others.
    """
    chance = random.Random(seed)
    fields = decoded(chance.choice(bases))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        _change(fields, chance, ops)
    data = bytearray(encoded(fields))
    if chance.random() < 0.12:
        for _ in range(chance.choice((1, 3, 10))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    if chance.random() < 0.04:
        data = data[: chance.randrange(len(data))]
    return bytes(data)


def _change(fields: list[Field], chance: random.Random, ops: Sequence[str]) -> None:
    nodes = [field[2] for field in fields if field[0] == 1 and isinstance(field[2], list)]
    names = [one[2] for entry in nodes for one in entry if one[0] == 1 and isinstance(one[2], bytes)]
    match chance.randrange(8):
        case 0 if names:  # another input: cycles, others' results, outputs that there are not
            _replace(
                chance.choice(nodes),
                3,
                chance.choice(names) + chance.choice((b"", b"", b":1", b":7")),
                chance,
            )
        case 1:
            _replace(chance.choice(nodes), 2, chance.choice(ops).encode(), chance)
        case 2:
            fields.append(chance.choice(fields))
        case 3:
            fields[:] = _nested(fields, chance)
        case _:
            _change_somewhere(fields, chance)


def _replace(entry: list[Field], number: int, content: bytes, chance: random.Random) -> None:
    places = [place for place, field in enumerate(entry) if field[0] == number]
    if not places or chance.random() < 0.15:
        entry.append([number, _BYTES, content])
    else:
        entry[chance.choice(places)] = [number, _BYTES, content]


def _nested(fields: list[Field], chance: random.Random) -> list[Field]:
    """Deep chains of nodes, or of messages."""
    depth = chance.choice((100, 3000))
    if chance.random() < 0.5:
        chain = [node("deep0", "Identity", ["labels_softmax"])]
        chain += [node(f"deep{n}", "Identity", [f"deep{n - 1}"]) for n in range(1, depth)]
        chain.append(node("labels_softmax", "Softmax", [f"deep{depth - 1}"]))
        return [*fields, *chain]
    inner = b"\x08\x01"
    for _ in range(depth):
        inner = b"\x0a" + _encoded_number(len(inner)) + inner
    return [
        *fields,
        [1, _BYTES, [[1, _BYTES, b"deep"], [5, _BYTES, [[1, _BYTES, b"x"], [2, _BYTES, inner]]]]],
    ]


def _change_somewhere(fields: list[Field], chance: random.Random) -> None:
    """Go down into a message, mostly to where there are numbers."""
    while fields:
        place = chance.randrange(len(fields))
        number, kind, content = fields[place]
        if isinstance(content, list) and content and chance.random() < 0.93:
            fields = content
            continue
        match chance.randrange(6):
            case 0:
                del fields[place]
            case 1:
                fields.insert(place, fields[place])
            case 2:
                fields[place] = [chance.choice((1, 2, 3, 4, 5, 6, 7, 8, 10, 13, number)), kind, content]
            case 3:
                fields[place] = [
                    number,
                    chance.choice((0, 1, 2, 3, 5)),
                    content if isinstance(content, bytes) else b"\x01" * 8,
                ]
            case _:
                fields[place] = [number, kind, _other(content, chance)]
        return


def _other(content: Any, chance: random.Random) -> Any:
    if isinstance(content, int):
        return chance.choice((*_NUMBERS, content + 1, max(0, content - 1)))
    if isinstance(content, list):
        return chance.choice(([], content * 2, content[:1], content[1:]))
    if len(content) in (4, 8) and chance.random() < 0.6:
        numbers = (0, 1, -1, 2, 5, 100, -100, 1 << 20, 1 << 28, (1 << 31) - 1, -(1 << 31))
        return struct.pack(
            f"<{len(content) // 4}i", *(chance.choice(numbers) for _ in range(len(content) // 4))
        )
    return chance.choice(
        (
            *_WORDS[:6],
            chance.choice(_WORDS),
            content[: len(content) // 2],
            content + b"\0" * 4,
            chance.randbytes(len(content)),
        )
    )


def small_graphs() -> list[bytes]:
    """Graphs of the challenge's ends that go through most operators, and a loop."""
    rng = np.random.default_rng(1)

    def floats(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.1, shape).astype(np.float32)

    def ints(*values: int) -> np.ndarray:
        return np.array(values, np.int32)

    number = Type(1)
    audio = [
        node("wav_data", "Placeholder", dtype=Type(7)),
        node("decoded_sample_data", "DecodeWav", ["wav_data"], desired_channels=1, desired_samples=16000),
    ]

    def const(name: str, value: Any) -> Field:
        kind = Type({"float32": 1, "int32": 3, "bool": 10}[np.asarray(value).dtype.name])
        return node(name, "Const", dtype=kind, value=np.asarray(value))

    end = [node("labels_softmax", "Softmax", ["logits"], T=number)]
    conv = [
        *audio,
        node(
            "spectrogram",
            "AudioSpectrogram",
            ["decoded_sample_data"],
            window_size=480,
            stride=320,
            magnitude_squared=True,
        ),
        node(
            *("mfcc", "Mfcc", ["spectrogram", "decoded_sample_data:1"]),
            **{"upper_frequency_limit": 4000.0, "lower_frequency_limit": 20.0},
            **{"filterbank_channel_count": 40, "dct_coefficient_count": 40},
        ),
        const("shape", ints(-1, 49, 40, 1)),
        node("picture", "Reshape", ["mfcc", "shape"], T=number),
        const("filters", floats(8, 4, 1, 6)),
        node(
            "conv",
            "Conv2D",
            ["picture", "filters"],
            strides=[1, 2, 2, 1],
            padding=b"SAME",
            data_format=b"NHWC",
            T=number,
        ),
        const("depth", floats(3, 3, 6, 1)),
        node(
            "dw",
            "DepthwiseConv2dNative",
            ["conv", "depth"],
            strides=[1, 1, 1, 1],
            padding=b"SAME",
            data_format=b"NHWC",
        ),
        const("bias", floats(6)),
        node("biased", "BiasAdd", ["dw", "bias"], T=number, data_format=b"NHWC"),
        node("relu", "Relu", ["biased"], T=number),
        node("max", "MaxPool", ["relu"], ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding=b"SAME"),
        node("mean", "AvgPool", ["max"], ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding=b"VALID"),
        const("flat", ints(1, -1)),
        node("row", "Reshape", ["mean", "flat"]),
        const("weights", floats(6 * 6 * 5, 12)),
        node("logits", "MatMul", ["row", "weights"], transpose_a=False, transpose_b=False),
        *end,
    ]
    moved = [
        *audio,
        const("begin", ints(0, 0)),
        const("size", ints(600, 1)),
        node("part", "Slice", ["decoded_sample_data", "begin", "size"]),
        const("around", ints(0, 0, 0, 1).reshape(2, 2)),
        node("padded", "Pad", ["part", "around"]),
        const("times", ints(1, 6)),
        node("tiled", "Tile", ["padded", "times"]),
        const("axis", ints(0)),
        node("sum", "Mean", ["tiled", "axis"], keep_dims=True),
        const("ends", ints(1, 12)),
        const("ones", ints(1, 1)),
        node(
            "taken",
            "StridedSlice",
            ["sum", "begin", "ends", "ones"],
            begin_mask=0,
            end_mask=0,
            shrink_axis_mask=0,
        ),
        const("wide", ints(1, 12)),
        const("half", np.float32(0.5)),
        node("filled", "Fill", ["wide", "half"]),
        node("added", "Add", ["taken", "filled"]),
        const("one", ints(1).reshape(())),
        node("parts", "Split", ["one", "added"], num_split=3),
        node("joined", "ConcatV2", ["parts:1", "parts", "parts:2", "one"], N=3),
        node("picked", "GatherV2", ["joined", "range", "one"]),
        const("zero", ints(0).reshape(())),
        const("twelve", ints(12).reshape(())),
        node("range", "Range", ["zero", "twelve", "one"]),
        node("turned", "Transpose", ["picked", "turn"]),
        const("turn", ints(0, 1)),
        node("logits", "Reshape", ["turned", "ends"]),
        *end,
    ]
    loop = [
        *audio,
        const("axes", ints(0, 1)),
        node("start", "Mean", ["decoded_sample_data", "axes"], keep_dims=False),
        const("row", floats(1, 12)),
        node("first", "Add", ["row", "start"]),
        const("zero", ints(0).reshape(())),
        const("ten", ints(10).reshape(())),
        const("one", ints(1).reshape(())),
        node("enter_i", "Enter", ["zero"], frame_name=b"f"),
        node("enter_x", "Enter", ["first"], frame_name=b"f"),
        node("i", "Merge", ["enter_i", "next_i"]),
        node("x", "Merge", ["enter_x", "next_x"]),
        node("less", "Less", ["i", "ten"]),
        node("cond", "LoopCond", ["less"]),
        node("switch_i", "Switch", ["i", "cond"]),
        node("switch_x", "Switch", ["x", "cond"]),
        node("i_plus", "Add", ["switch_i:1", "one"]),
        node("x_plus", "Tanh", ["switch_x:1"]),
        node("next_i", "NextIteration", ["i_plus"]),
        node("next_x", "NextIteration", ["x_plus"]),
        node("logits", "Exit", ["switch_x"]),
        *end,
    ]
    return [encoded(fields) for fields in (conv, moved, loop)]
