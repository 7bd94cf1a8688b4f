"""Writes a .tflite file from the schema's tree, as ``read_model`` gives it."""

from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from train.tflite.schema import IDENTIFIER, schema

_ALIGNMENT_BYTES = 16  # of constant data; kernels load weights in whole vectors


def write_model(model: Any) -> bytes:
    """The file of a ``ModelT``, whose buffers are changed; the same bytes for the same tree.

    Data are aligned as C++ builders align them, and equal vectors of numbers are written once.
    """
    model.buffers = [_AlignedBuffer(buffer.data) for buffer in model.buffers]
    builder = _SharingBuilder(0)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


class _SharingBuilder(flatbuffers.Builder):
    """Writes equal vectors of numbers once; all tables that hold one point to it.

    A zero point takes eight bytes per channel and is 0 for all weights and biases: a third of the file
    of a network of many small layers.
    """

    def __init__(self, first_bytes: int) -> None:
        super().__init__(first_bytes)
        self._vectors: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:
        key = (x.dtype.str, x.tobytes())
        if key not in self._vectors:
            self._vectors[key] = int(super().CreateNumpyVector(x))
        return self._vectors[key]


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
