"""Opens a .tflite file, and refuses one that leads outside of itself.

TFLite-Micro's interpreter is C++ made for files that are known to be good: it follows offsets
without looking where they lead. So every file is taken apart here first, which finds a cut
or foreign one; against a file forged to do harm it is no protection.
"""

import math
import struct
from typing import Any

from train.core.errors import UserError
from train.tflite.schema import DTYPES, IDENTIFIER, VERSION, enumerator, schema

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


def read_model(tflite: bytes, where: str) -> Any:
    """The schema's ``ModelT`` tree of a .tflite file, all of it read and every index in range.

    Args:
        tflite: the whole file.
        where: name used in messages.
    Raises:
        UserError: not a .tflite file, damaged or cut short, or its data lie outside of it.
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
    if model.version != VERSION:
        return f"schema version {model.version}, expected {VERSION}"
    if not model.subgraphs or not model.operatorCodes or not model.buffers:
        return "has no graph, no operators or no buffers"
    for buffer in model.buffers:
        if buffer.offset > 1 or buffer.size > 1:
            return "keeps its data behind the flatbuffer; only files under 2 GB are read"
    for graph in model.subgraphs:
        tensors = range(len(graph.tensors))
        held = _used(graph)
        for index, tensor in enumerate(graph.tensors):
            if fault := _tensor_fault(tensor, model.buffers, is_used=index in held):
                return f"tensor {index} {fault}"
        for end in (graph.inputs, graph.outputs):
            if end is None or any(index not in tensors for index in end):
                return f"input or output tensors {end} of {len(tensors)}"
        for index, op in enumerate(graph.operators or []):
            if not 0 <= op.opcodeIndex < len(model.operatorCodes):
                return f"op {index} has operator code {op.opcodeIndex} of {len(model.operatorCodes)}"
            # -1 stands for an optional input that is not there
            used = [*integers(op.inputs), *integers(op.outputs), *integers(op.intermediates)]
            if any(tensor != -1 and tensor not in tensors for tensor in used):
                return f"op {index} uses tensors {used} of {len(tensors)}"
    return None


def _used(graph: Any) -> set[int]:
    """Tensors that hold anything. Others say with what scale an operator computes (LSTM), or nothing."""
    ops = graph.operators or []
    ends = (*integers(graph.inputs), *integers(graph.outputs))
    return {*ends, *(index for op in ops for index in (*integers(op.inputs), *integers(op.outputs)))}


def _tensor_fault(tensor: Any, buffers: list[Any], is_used: bool) -> str | None:
    if not 0 <= tensor.buffer < len(buffers):
        return f"has buffer {tensor.buffer} of {len(buffers)}"
    shape = integers(tensor.shape)
    if any(size < (1 if is_used else 0) for size in shape):
        return f"has shape {list(shape)}"
    data, dtype = buffers[tensor.buffer].data, DTYPES.get(enumerator("TensorType", tensor.type))
    expected_bytes = math.prod(shape) * dtype.itemsize if dtype else None
    if data is not None and len(data) and expected_bytes not in (None, len(data)):
        return f"of shape {list(shape)} has {len(data)} bytes of data, expected {expected_bytes}"
    return None


def integers(vector: Any) -> tuple[int, ...]:
    """A vector of the schema, which is None where the file leaves it out."""
    return () if vector is None else tuple(int(item) for item in vector)
