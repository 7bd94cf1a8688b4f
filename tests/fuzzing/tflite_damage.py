"""Damaged .tflite files: fields of the flatbuffer that lie, and bytes that are wrong."""

import contextlib
import random
import struct
from collections.abc import Callable, Sequence
from typing import Any

import flatbuffers

from train.tflite.schema import IDENTIFIER, schema

_SIZES = (0, 1, 2, 3, 7, 255, 65535, 65536, 1 << 20, 46341, (1 << 31) - 1, -1, -2, -(1 << 31))
_INDICES = (-1, -2, 0, 1, 2, 5, 99, 1 << 16, (1 << 31) - 1, -(1 << 31))
_SCALES = (
    *(0.0, -0.0, -1.0, 1e-45, 1e-38, 1e-12, 1.0, 3.0, 1e12, 3.4e38),
    *(float("inf"), float("-inf"), float("nan")),
)
_ZERO_POINTS = (0, -128, 127, -129, 128, 255, 1 << 31, -(1 << 31), (1 << 63) - 1, -(1 << 63))
_WORDS = (0, 1, 4, 0xFF, 0x7F, 0x80, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFC)
_NAMES = (
    *(b"", b"\x1b]0;owned\x07", b"a\nerror: forged", b"*/ int x; /*", b'"', b"\\", b"%s%n", b"??/"),
    *(b"\xff\xfe", b"x" * 5000, "größe \u202e ".encode(), b"../../x", b"-o", b"$(id)", b"{{ 7 * 7 }}"),
)


def damaged(seed: int, bases: Sequence[bytes]) -> bytes:
    """The file of a seed, made of one of these or of two."""
    chance = random.Random(seed)
    base = chance.choice(bases)
    if chance.random() < 0.65:
        with contextlib.suppress(Exception):  # what no file can hold
            return _with_wrong_fields(base, chance)
    return chance.choices((_flipped, _with_wrong_words, _cut, _spliced), (4, 4, 1, 1))[0](base, chance, bases)


def _with_wrong_fields(base: bytes, chance: random.Random) -> bytes:
    tree = schema().ModelT.InitFromObj(schema().Model.GetRootAs(base, 0))
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        chance.choice(_CHANGES)(tree, chance)
    builder = flatbuffers.Builder(0)
    builder.Finish(tree.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _flipped(base: bytes, chance: random.Random, bases: Sequence[bytes]) -> bytes:
    data = bytearray(base)
    for _ in range(chance.choice((1, 2, 8, 40))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _with_wrong_words(base: bytes, chance: random.Random, bases: Sequence[bytes]) -> bytes:
    """Offsets, lengths and numbers are words of four bytes; most of them lie at the ends of a file."""
    data = bytearray(base)
    for _ in range(chance.choice((1, 1, 2, 5))):
        last = (len(data) - 4) // 4
        place = chance.choice(
            (chance.randrange(last), chance.randrange(min(last, 40)), last - chance.randrange(300))
        )
        place = 4 * max(0, min(place, last))
        (there,) = struct.unpack_from("<I", data, place)
        near = (there + chance.choice((-8, -4, -1, 1, 4, 8, 64))) & 0xFFFFFFFF
        struct.pack_into("<I", data, place, chance.choice((*_WORDS, near, near, near)))
    return bytes(data)


def _cut(base: bytes, chance: random.Random, bases: Sequence[bytes]) -> bytes:
    return base[: chance.randrange(len(base))] + bytes(chance.choice((0, 0, 8, 4096)))


def _spliced(base: bytes, chance: random.Random, bases: Sequence[bytes]) -> bytes:
    other = chance.choice(bases)
    place = 4 * chance.randrange(min(len(base), len(other)) // 4)
    return base[:place] + other[place:]


# Changes of the tree


def _tensor(tree: Any, chance: random.Random) -> Any:
    return chance.choice(chance.choice(tree.subgraphs).tensors)


def _operator(tree: Any, chance: random.Random) -> Any:
    return chance.choice(chance.choice(tree.subgraphs).operators)


def _shape(tree: Any, chance: random.Random) -> None:
    tensor = _tensor(tree, chance)
    shape = [int(size) for size in tensor.shape] if tensor.shape is not None else []
    match chance.randrange(5):
        case 0:
            shape = [chance.choice(_SIZES) for _ in range(chance.choice((0, 1, 2, 4, 6, 40)))]
        case 1:
            shape.insert(chance.randrange(len(shape) + 1), chance.choice((1, 1, 0, 2)))
        case 2:
            del shape[: chance.randint(0, 2)]
        case 3:  # as many values, in other places
            chance.shuffle(shape)
        case _ if shape:
            place = chance.randrange(len(shape))
            shape[place] = chance.choice((*_SIZES, shape[place] + 1, shape[place] - 1))
    tensor.shape = shape
    if chance.random() < 0.2:
        tensor.shapeSignature = [chance.choice((-1, *shape[:1])) for _ in shape]


def _buffer(tree: Any, chance: random.Random) -> None:
    tensor = _tensor(tree, chance)
    match chance.randrange(4):
        case 0:
            tensor.buffer = abs(chance.choice(_INDICES))
        case 1:
            tensor.buffer = chance.randrange(len(tree.buffers))
        case 2:
            buffer = chance.choice(tree.buffers)
            buffer.data = list(chance.randbytes(chance.choice((0, 1, 3, 4, 16, 1000))))
        case _:
            buffer = tree.buffers[tensor.buffer]
            if buffer.data is not None and len(buffer.data):
                size = len(buffer.data)
                buffer.data = list(
                    chance.choice((bytes(size), b"\xff" * size, b"\x80" * size, chance.randbytes(size)))
                )


def _quantization(tree: Any, chance: random.Random) -> None:
    quantization = _tensor(tree, chance).quantization
    if quantization is None:
        return
    scales = [] if quantization.scale is None else list(map(float, quantization.scale))
    points = [] if quantization.zeroPoint is None else list(map(int, quantization.zeroPoint))
    match chance.randrange(7):
        case 0:
            scales = [chance.choice(_SCALES) for _ in range(chance.choice((0, 1, 1, 2, len(scales))))]
        case 1 if scales:
            scales[chance.randrange(len(scales))] = chance.choice(_SCALES)
        case 2:
            points = [chance.choice(_ZERO_POINTS) for _ in range(chance.choice((0, 1, 1, 2, len(scales))))]
        case 3 if points:
            points[chance.randrange(len(points))] = chance.choice(_ZERO_POINTS)
        case 4:
            quantization.quantizedDimension = chance.choice(_INDICES)
        case 5:
            scales = [scale * 2.0 ** chance.randint(-40, 40) for scale in scales]
        case _:
            scales, points = scales * 3, points * 3
    quantization.scale, quantization.zeroPoint = scales, points


def _type(tree: Any, chance: random.Random) -> None:
    _tensor(tree, chance).type = chance.choice((*range(20), 127))


def _flags(tree: Any, chance: random.Random) -> None:
    tensor = _tensor(tree, chance)
    match chance.randrange(3):
        case 0:
            tensor.isVariable = not tensor.isVariable
        case 1:
            tensor.sparsity = schema().SparsityParametersT()
        case _:
            tensor.name = chance.choice(_NAMES)


def _uses(tree: Any, chance: random.Random) -> None:
    operator = _operator(tree, chance)
    name = chance.choice(("inputs", "outputs", "intermediates"))
    indices = getattr(operator, name)
    indices = [] if indices is None else [int(index) for index in indices]
    count = len(tree.subgraphs[0].tensors)
    match chance.randrange(4):
        case 0 if indices:
            indices[chance.randrange(len(indices))] = chance.choice((*_INDICES, chance.randrange(count)))
        case 1:
            indices.append(chance.choice((*_INDICES, chance.randrange(count))))
        case 2:
            del indices[:1]
        case _:
            chance.shuffle(indices)
    setattr(operator, name, indices)


def _code(tree: Any, chance: random.Random) -> None:
    match chance.randrange(4):
        case 0:
            _operator(tree, chance).opcodeIndex = abs(chance.choice(_INDICES))
        case 1:
            code = chance.choice(tree.operatorCodes)
            code.builtinCode = chance.choice((*range(210), 255, 9999, -1))
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        case 2:
            code = chance.choice(tree.operatorCodes)
            code.version = chance.choice(_SIZES)
        case _:
            code = chance.choice(tree.operatorCodes)
            code.builtinCode = code.deprecatedBuiltinCode = schema().BuiltinOperator.CUSTOM
            code.customCode = chance.choice(_NAMES)


def _options(tree: Any, chance: random.Random) -> None:
    operator, other = _operator(tree, chance), _operator(tree, chance)
    match chance.randrange(5):
        case 0:
            operator.builtinOptionsType = chance.choice((*range(130), 255))
        case 1:
            operator.builtinOptions, operator.builtinOptionsType = (
                other.builtinOptions,
                other.builtinOptionsType,
            )
        case 2:
            operator.builtinOptions = None
        case 3:
            operator.customOptions = list(chance.randbytes(chance.choice((0, 1, 40))))
        case _:
            fields = vars(operator.builtinOptions) if operator.builtinOptions else {}
            if fields:
                setattr(
                    operator.builtinOptions,
                    chance.choice(list(fields)),
                    chance.choice((*_SIZES, 0.5, [1, -1])),
                )


def _graphs(tree: Any, chance: random.Random) -> None:
    graph = chance.choice(tree.subgraphs)
    indices = [
        chance.choice((*_INDICES, *range(len(graph.tensors)))) for _ in range(chance.choice((0, 1, 1, 2)))
    ]
    match chance.randrange(8):
        case 0:
            graph.inputs = indices
        case 1:
            graph.outputs = indices
        case 2:
            tree.subgraphs = chance.choice(([], tree.subgraphs * 2, tree.subgraphs * 50))
        case 3:
            graph.name = chance.choice(_NAMES)
        case 4:
            chance.shuffle(graph.operators)
        case 5:
            graph.operators = graph.operators * chance.choice((0, 2, 20))
        case 6:
            tree.version = chance.choice(_SIZES[:9])
        case _:
            _signature(tree, chance, indices)


def _signature(tree: Any, chance: random.Random, indices: list[int]) -> None:
    entry, signature = schema().TensorMapT(), schema().SignatureDefT()
    entry.name, entry.tensorIndex = chance.choice(_NAMES), abs(chance.choice((0, *indices)))
    signature.signatureKey, signature.subgraphIndex = chance.choice(_NAMES), chance.choice((0, 0, 1, 77))
    signature.inputs = signature.outputs = [entry] * chance.choice((1, 3))
    tree.signatureDefs = [signature]


def _constant_numbers(tree: Any, chance: random.Random) -> None:
    """Integers that steer an operator: paddings, axes, sizes, beginnings."""
    tables = schema()
    graph = chance.choice(tree.subgraphs)
    known = [tensor for tensor in graph.tensors if tensor.type == tables.TensorType.INT32]
    known = [
        tensor
        for tensor in known
        if tensor.buffer < len(tree.buffers) and tree.buffers[tensor.buffer].data is not None
    ]
    if known:
        buffer = tree.buffers[chance.choice(known).buffer]
        numbers = [chance.choice((*_SIZES, 0, 1, 1, 2, -1)) for _ in range(len(buffer.data) // 4)]
        buffer.data = list(struct.pack(f"<{len(numbers)}i", *numbers))


_CHANGES: tuple[Callable[[Any, random.Random], None], ...] = (
    *(_shape, _shape, _buffer, _quantization, _quantization, _quantization, _type, _flags, _uses, _uses),
    *(_code, _options, _options, _graphs, _constant_numbers, _constant_numbers),
)
