"""Writes a .tflite file from the schema's tree, as ``read_model`` gives it."""

from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from train.tflite.schema import IDENTIFIER, schema

_ALIGNMENT_BYTES = 16  # of constant data; kernels load weights in whole vectors
_POINTER_BYTES = 4  # from a table to the description of its fields


def write_model(model: Any) -> bytes:
    """The file of a ``ModelT``, whose buffers are changed; the same bytes for the same tree.

    Data are aligned as C++ builders align them, and equal vectors and tables of numbers are written once.
    """
    model.buffers = [_AlignedBuffer(buffer.data) for buffer in model.buffers]
    builder = _SharingBuilder(0)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


class _SharingBuilder(flatbuffers.Builder):
    """Writes equal vectors and equal tables of numbers once; all tables that hold one point to it.

    A zero point takes eight bytes per channel and is 0 for all weights and biases: a third of the file
    of a network of many small layers. Its operators have the same few options, too.
    """

    def __init__(self, first_bytes: int) -> None:
        super().__init__(first_bytes)
        self._vectors: dict[tuple[str, bytes], int] = {}
        self._tables: dict[tuple[int, bytes], int] = {}
        self._points_on = False  # the table that is open, to something else

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:
        key = (x.dtype.str, x.tobytes())
        if key not in self._vectors:
            self._vectors[key] = int(super().CreateNumpyVector(x))
        return self._vectors[key]

    def StartObject(self, numfields: int) -> None:
        self._points_on = False
        super().StartObject(numfields)

    def PrependUOffsetTRelativeSlot(self, o: int, x: int, d: int) -> None:
        self._points_on = True
        super().PrependUOffsetTRelativeSlot(o, x, d)

    def EndObject(self) -> int:
        end = int(self.objectEnd)  # counted from the end of the file, as all offsets here
        offset = int(super().EndObject())
        if self._points_on:
            return offset
        table = bytes(self.Bytes[len(self.Bytes) - offset : len(self.Bytes) - end])
        vtable = offset + int.from_bytes(table[:_POINTER_BYTES], "little", signed=True)
        key = (vtable, table[_POINTER_BYTES:])
        if key in self._tables:
            self.head = len(self.Bytes) - end
        return self._tables.setdefault(key, offset)


class _AlignedBuffer:
    """Packs like the schema's BufferT, but puts the data on a 16-byte boundary as C++ builders do."""

    def __init__(self, data: Any) -> None:
        self._content = b"" if data is None else np.asarray(data, dtype=np.uint8).tobytes()

    def Pack(self, builder: flatbuffers.Builder) -> int:
        tables = schema()
        if self._content:
            builder.StartVector(1, len(self._content), _ALIGNMENT_BYTES)
            builder.head -= len(self._content)
            builder.Bytes[builder.head : builder.head + len(self._content)] = self._content
            vector = builder.EndVector()
        tables.BufferStart(builder)
        if self._content:
            tables.BufferAddData(builder, vector)
        return int(tables.BufferEnd(builder))
