"""The oracle for bits: a .tflite run by the TFLite-Micro interpreter (package ``tflite-micro``).

The interpreter is C++ made for files that are known to be good: it follows offsets
without looking where they lead. So a file is taken apart here first, which finds a cut
or foreign one; against a file forged to do harm it is no protection.
"""

import importlib
import math
import re
import struct
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.core.errors import UserError
from train.core.native import captured_stderr

IDENTIFIER = b"TFL3"  # bytes 4..7 of every .tflite
_SCHEMA_VERSION = 3
_ARENA_STEP_BYTES = 16  # the interpreter aligns to 16
_MOST_TEMPORARY_BYTES = 64 << 10
_LARGE_ARENA_BYTES = 64 << 20  # more than any model of this size needs
# schema.fbs: TensorType; strings, variants and packed 4-bit types have no fixed size
_ITEM_BYTES = {0: 4, 1: 2, 2: 4, 3: 1, 4: 8, 6: 1, 7: 2, 8: 8, 9: 1, 10: 8, 11: 16, 12: 8, 15: 4, 16: 2}
# What reading an offset that leads outside of the file raises, by way of struct and NumPy
_DAMAGE = (
    struct.error,
    TypeError,
    ValueError,
    IndexError,
    KeyError,
    OverflowError,
    MemoryError,
    AttributeError,
)


def schema() -> ModuleType:
    """The generated module of TensorFlow Lite's flatbuffer schema.

    Raises:
        UserError: package tflite-micro is not installed.
    """
    return _package("tensorflow.lite.micro.python.schema_py_generated")


def _package(module: str) -> ModuleType:
    """A module of tflite-micro, imported on first use: ``--help`` need not wait for it."""
    try:
        return importlib.import_module(f"tflite_micro.{module}")
    except ImportError as error:
        raise UserError(
            f"package tflite-micro is needed and cannot be imported ({error}); "
            "install it with: pip install 'earshot-kws[codegen]'"
        ) from error


def read_model(tflite: bytes, where: str) -> Any:
    """The schema's ``ModelT`` tree of a .tflite file, all of it read and every index in range.

    Args:
        tflite: the whole file.
        where: name used in messages.
    Raises:
        UserError: not a .tflite file, damaged or cut short, or its data lie outside of it.
    Source:
        TensorFlow Lite's schema.fbs, version 3.
    """
    if len(tflite) < 8 or tflite[4:8] != IDENTIFIER:
        raise UserError(
            f"{where}: not a TensorFlow Lite model ({len(tflite)} bytes, bytes 4 to 7 are "
            f"{tflite[4:8]!r}, expected {IDENTIFIER!r}); make one with: earshot quantize RUN"
        )
    tables = schema()
    try:
        model = tables.ModelT.InitFromObj(tables.Model.GetRootAs(tflite, 0))
        fault = _fault(model)
    except _DAMAGE as error:
        raise UserError(
            f"{where}: damaged or cut short: an offset leads outside of its {len(tflite)} bytes "
            f"({error}); make it again with: earshot quantize RUN"
        ) from error
    if fault:
        raise UserError(f"{where}: {fault}; make it again with: earshot quantize RUN")
    return model


def _fault(model: Any) -> str | None:
    """The first thing in the tree that the interpreter would follow blindly to a wrong place."""
    if model.version != _SCHEMA_VERSION:
        return f"schema version {model.version}, expected {_SCHEMA_VERSION}"
    if not model.subgraphs or not model.operatorCodes or not model.buffers:
        return "has no graph, no operators or no buffers"
    for buffer in model.buffers:
        if buffer.offset > 1 or buffer.size > 1:
            return "keeps its data behind the flatbuffer; only files under 2 GB are read"
    for graph in model.subgraphs:
        tensors = range(len(graph.tensors))
        for index, tensor in enumerate(graph.tensors):
            if fault := _tensor_fault(tensor, model.buffers):
                return f"tensor {index} {fault}"
        for end in (graph.inputs, graph.outputs):
            if end is None or any(index not in tensors for index in end):
                return f"input or output tensors {end} of {len(tensors)}"
        for index, op in enumerate(graph.operators or []):
            if not 0 <= op.opcodeIndex < len(model.operatorCodes):
                return f"op {index} has operator code {op.opcodeIndex} of {len(model.operatorCodes)}"
            # -1 stands for an optional input that is not there
            used = [*_list(op.inputs), *_list(op.outputs), *_list(op.intermediates)]
            if any(tensor != -1 and tensor not in tensors for tensor in used):
                return f"op {index} uses tensors {used} of {len(tensors)}"
    return None


def _tensor_fault(tensor: Any, buffers: list[Any]) -> str | None:
    if not 0 <= tensor.buffer < len(buffers):
        return f"has buffer {tensor.buffer} of {len(buffers)}"
    shape = _list(tensor.shape)
    if any(size < 1 for size in shape):
        return f"has shape {shape}"
    data, item_bytes = buffers[tensor.buffer].data, _ITEM_BYTES.get(tensor.type)
    expected_bytes = math.prod(shape) * item_bytes if item_bytes else None
    if data is not None and len(data) and expected_bytes not in (None, len(data)):
        return f"of shape {shape} has {len(data)} bytes of data, expected {expected_bytes}"
    return None


def _list(vector: Any) -> list[int]:
    """A vector of the schema, which is None where the file leaves it out."""
    return [] if vector is None else [int(item) for item in vector]


class TflmModel:
    """A .tflite with one int8 input and one int8 output, as TFLite-Micro runs it.

    Attributes:
        input_shape, output_shape: shape without the batch of one, such as (49, 43, 1).
        input_scale, input_zero_point: real = (int8 - zero_point) * scale.
        output_scale, output_zero_point: the same for the output.
        arena_bytes: smallest tensor arena, measured.
    """

    def __init__(self, tflite: bytes, where: str) -> None:
        """Load a model and measure its arena.

        Args:
            tflite: the whole file.
            where: name used in messages.
        Raises:
            UserError: not a .tflite, damaged, not int8 in and out, or in need of an
                operator that TFLite-Micro does not have.
        """
        self._tflite = tflite  # the interpreter points into these bytes for as long as it lives
        self._where = where
        tables = schema()
        graph = read_model(tflite, where).subgraphs[0]
        for end, indices in (("input", graph.inputs), ("output", graph.outputs)):
            found = [tuple(_list(graph.tensors[i].shape)) for i in indices]
            types = [graph.tensors[i].type for i in indices]
            if types != [tables.TensorType.INT8] or found[0][:1] != (1,):
                names = [enumerator("TensorType", kind).lower() for kind in types]
                raise UserError(
                    f"{where}: {end} is {', '.join(map(str, found))} {', '.join(names)}, expected one int8 "
                    "tensor with a batch of one; quantize it with: earshot quantize RUN"
                )
        self.arena_bytes = self._smallest_arena()
        self._interpreter = self._load(self.arena_bytes)
        entry = self._interpreter.get_input_details(0)
        result = self._interpreter.get_output_details(0)
        self._batch_shape = tuple(int(size) for size in entry["shape"])
        self.input_shape = self._batch_shape[1:]
        self.output_shape = tuple(int(size) for size in result["shape"])[1:]
        self.input_scale, self.input_zero_point = self._quantization("input", entry)
        self.output_scale, self.output_zero_point = self._quantization("output", result)

    def __reduce__(self) -> tuple[type["TflmModel"], tuple[bytes, str]]:
        """Made again from the file in another process: the interpreter itself cannot be copied."""
        return TflmModel, (self._tflite, self._where)

    def run(self, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """Raw output of each input.

        Args:
            inputs: (n, ...) int8, each with as many values as ``input_shape``.
        Returns:
            (n, *output_shape) int8.
        Raises:
            ValueError: inputs of another type or size.
        """
        if inputs.dtype != np.int8 or inputs[0:1].size != min(len(inputs), 1) * np.prod(self.input_shape):
            raise ValueError(
                f"inputs are {inputs.dtype} {inputs.shape}, expected int8 (n, *{self.input_shape})"
            )
        outputs = np.empty((len(inputs), *self.output_shape), dtype=np.int8)
        for item, output in zip(inputs, outputs, strict=True):
            self._interpreter.set_input(np.ascontiguousarray(item).reshape(self._batch_shape), 0)
            self._interpreter.invoke()
            output[...] = self._interpreter.get_output(0)[0]
        return outputs

    def _quantization(self, end: str, details: dict[str, Any]) -> tuple[float, int]:
        parameters = details["quantization_parameters"]
        if len(parameters["scales"]) != 1:
            raise UserError(
                f"{self._where}: {end} has {len(parameters['scales'])} scales, expected one; "
                "quantize it with: earshot quantize RUN"
            )
        return float(parameters["scales"][0]), int(parameters["zero_points"][0])

    def _smallest_arena(self) -> int:
        """Bytes of the smallest arena in which the model is allocated and invoked.

        It is what a recording interpreter uses of a large arena. Trying smaller and smaller ones
        gives the same figure, but in arenas of certain sizes that are too small (1840 to 1903
        bytes for tiny_conv) the interpreter crashes instead of saying no. Measured on the host:
        where pointers have 64 bits its own records are larger, so a 32-bit board needs less.
        """
        runtime = _package("python.tflite_micro.runtime")
        with captured_stderr() as said:
            try:
                recorder = runtime.Interpreter.from_bytes(
                    self._tflite,
                    arena_size=_LARGE_ARENA_BYTES,
                    intrepreter_config=runtime.InterpreterConfig.kAllocationRecording,  # spelt so
                )
                recorder.invoke()
                recorder.print_allocations()
            except (RuntimeError, ValueError) as error:
                refusal = str(error)
            else:
                refusal = ""
        if refusal:
            raise UserError(
                f"{self._where}: TFLite-Micro refuses it: {' '.join([*said, refusal])}; "
                f"expected operators and types that TFLite-Micro has, and an arena under "
                f"{_LARGE_ARENA_BYTES >> 20} MB"
            )
        (total_bytes,) = re.findall(r"Arena allocation total (\d+) bytes", "\n".join(said))
        return self._enough(int(total_bytes))

    def _enough(self, total_bytes: int) -> int:
        """The recorded total, or as much more as the temporary memory of allocation needs.

        The record leaves that memory out; it matters only where inference needs less.
        """
        refusal = ""
        for arena_bytes in range(total_bytes, total_bytes + _MOST_TEMPORARY_BYTES, _ARENA_STEP_BYTES):
            with captured_stderr():
                try:
                    self._load(arena_bytes)
                except (RuntimeError, ValueError) as error:
                    refusal = str(error)
                else:
                    return arena_bytes
        raise UserError(
            f"{self._where}: TFLite-Micro refuses it: {refusal}; expected a model that it can load"
        )

    def _load(self, arena_bytes: int) -> Any:
        runtime = _package("python.tflite_micro.runtime")
        return runtime.Interpreter.from_bytes(self._tflite, arena_size=arena_bytes)


def enumerator(enumeration: str, value: int) -> str:
    """The schema's name of a value, such as ``CONV_2D`` for 3 of ``BuiltinOperator``; else the number."""
    for name, known in vars(getattr(schema(), enumeration)).items():
        if known == value and not name.startswith("_"):
            return str(name)
    return str(value)
