"""Makes a .tflite: tensors, constants and operators, one graph after the other.

What adds to a graph gives the index of the tensor that it wrote.
"""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.tflite.schema import DTYPES, VERSION, schema
from train.tflite.writer import write_model


class FileBuilder:
    """A file in the making."""

    def __init__(self) -> None:
        self._model = schema().ModelT()
        self._model.version, self._model.subgraphs = VERSION, []
        self._model.buffers, self._model.operatorCodes = [schema().BufferT()], []  # the first: "no data"
        self._codes: dict[tuple[str, bool], int] = {}
        self._buffers: dict[bytes, int] = {b"": 0}

    def graph(self) -> "GraphBuilder":
        """One more graph; the first is the model."""
        self._model.subgraphs.append(schema().SubGraphT())
        return GraphBuilder(self, self._model.subgraphs[-1])

    def tflite(self) -> bytes:
        """The whole file; the same bytes for the same calls."""
        return write_model(self._model)

    def buffer(self, content: bytes) -> int:
        """Index of a buffer with this content; equal constants share one."""
        if content not in self._buffers:
            buffer = schema().BufferT()
            buffer.data = np.frombuffer(content, np.uint8)
            self._model.buffers.append(buffer)
            self._buffers[content] = len(self._model.buffers) - 1
        return self._buffers[content]

    def code(self, name: str, is_custom: bool, version: int) -> int:
        """Index of an operator's code; where it is used in several versions, the first stands for all."""
        if (name, is_custom) not in self._codes:
            code = schema().OperatorCodeT()
            code.builtinCode = getattr(schema().BuiltinOperator, "CUSTOM" if is_custom else name)
            code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
            code.customCode = name if is_custom else None
            self._codes[name, is_custom] = len(self._model.operatorCodes)
            self._model.operatorCodes.append(code)
        return self._codes[name, is_custom]


class GraphBuilder:
    """A graph in the making."""

    def __init__(self, file: FileBuilder, graph: Any) -> None:
        self._file, self._graph = file, graph
        graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []

    def tensor(self, shape: Sequence[int], kind: str, quantization: Any = None) -> int:
        """A tensor that an operator writes, or an input.

        Args:
            kind: a type of the schema, such as "INT8".
            quantization: the schema's table, which may be shared.
        """
        tensor = schema().TensorT()
        tensor.shape, tensor.type = list(shape), getattr(schema().TensorType, kind)
        tensor.quantization = quantization
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, values: NDArray[Any], kind: str, quantization: Any = None) -> int:
        """A tensor whose values are in the file."""
        tensor = self.tensor(values.shape, kind, quantization)
        content = np.ascontiguousarray(values.astype(DTYPES[kind])).tobytes()
        self._graph.tensors[tensor].buffer = self._file.buffer(content)
        return tensor

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(self._graph.tensors[tensor].shape)

    def op(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Any = None,
        version: int = 1,
    ) -> None:
        """An operator of the schema.

        Args:
            options: the schema's table, such as ``ReshapeOptionsT()``, or None.
        """
        op = self._op(name, inputs, outputs, is_custom=False, version=version)
        if options is not None:
            op.builtinOptions = options
            table = type(options).__name__.removesuffix("T")
            op.builtinOptionsType = getattr(schema().BuiltinOptions, table)

    def custom(self, name: str, inputs: Sequence[int], outputs: Sequence[int], options: Any = None) -> None:
        """An operator that the schema does not know; ``options``: bytes of a flexbuffer, or None."""
        op = self._op(name, inputs, outputs, is_custom=True, version=1)
        op.customOptions = None if options is None else np.frombuffer(options, np.uint8)

    def like(self, op: Any, name: str, inputs: Sequence[int], outputs: Sequence[int], version: int) -> None:
        """An operator with the options of another file's."""
        made = self._op(name, inputs, outputs, is_custom=False, version=version)
        made.builtinOptionsType, made.builtinOptions = op.builtinOptionsType, copy.copy(op.builtinOptions)

    def reshape(self, tensor: int, shape: Sequence[int], kind: str, quantization: Any = None) -> int:
        """The same values in another shape."""
        sizes = self.constant(np.array(shape), "INT32")
        output = self.tensor(shape, kind, quantization)
        self.op("RESHAPE", [tensor, sizes], [output], schema().ReshapeOptionsT())
        return output

    def name(self, tensor: int, name: str) -> None:
        self._graph.tensors[tensor].name = name

    def finish(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        """Say which tensors go in and come out."""
        self._graph.inputs, self._graph.outputs = list(inputs), list(outputs)

    def _op(
        self, name: str, inputs: Sequence[int], outputs: Sequence[int], is_custom: bool, version: int
    ) -> Any:
        op = schema().OperatorT()
        op.opcodeIndex = self._file.code(name, is_custom, version)
        op.inputs, op.outputs = list(inputs), list(outputs)
        self._graph.operators.append(op)
        return op
