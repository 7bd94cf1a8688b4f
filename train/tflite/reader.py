"""Opens a .tflite file, and refuses one that leads outside of itself.

TFLite-Micro's interpreter is C++ made for files that are known to be good: it follows offsets
without looking where they lead. So every file is taken apart here first, which finds a cut
or foreign one; against a file forged to do harm it is no protection.
"""

import math
import struct
from typing import Any

from train.core.errors import UserError
from train.tflite.foreign import describe_foreign
from train.tflite.schema import DTYPES, IDENTIFIER, VERSION, enumerator, schema

_REMEDY = "fetch or convert it again (that of a run folder: earshot quantize RUN)"
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
        what, remedy = describe_foreign(tflite)
        raise UserError(f"{where}: not a TensorFlow Lite model but {what}; {remedy}")
    tables = schema()
    try:
        model = tables.ModelT.InitFromObj(tables.Model.GetRootAs(tflite, 0))
        fault = _fault(model)
    except _DAMAGE as error:
        raise UserError(
            f"{where}: damaged or cut short: an offset leads outside of its {len(tflite)} bytes "
            f"({error}); {_REMEDY}"
        ) from error
    if fault:
        raise UserError(f"{where}: damaged: {fault}; {_REMEDY}")
    return model


def _fault(model: Any) -> str | None:
    """The first thing in the tree that the interpreter would follow blindly to a wrong place."""
    if model.version != VERSION:
        return f"schema version {model.version}, expected {VERSION}"
    if not model.subgraphs or not model.operatorCodes or not model.buffers:
        return "has no graph, no operators or no buffers"
    for buffer in model.buffers:
        if buffer.offset > 1 or buffer.size > 1:
            return "a tensor lies behind the flatbuffer, as in files over 2 GB"
    for graph in model.subgraphs:
        tensors = range(len(graph.tensors or []))
        for index, tensor in enumerate(graph.tensors or []):
            if fault := _tensor_fault(tensor, model.buffers):
                return f"tensor {index} {fault}"
        for end in (integers(graph.inputs), integers(graph.outputs)):  # none, of a graph that is called
            if any(index not in tensors for index in end):
                return f"input or output tensors {list(end)} of {len(tensors)}"
        for index, op in enumerate(graph.operators or []):
            if not 0 <= op.opcodeIndex < len(model.operatorCodes):
                return f"op {index} has operator code {op.opcodeIndex} of {len(model.operatorCodes)}"
            # -1 stands for an optional input that is not there
            used = [*integers(op.inputs), *integers(op.outputs), *integers(op.intermediates)]
            if any(tensor != -1 and tensor not in tensors for tensor in used):
                return f"op {index} uses tensors {used} of {len(tensors)}"
        if fault := _empty_fault(graph):
            return fault
    return None


def _empty_fault(graph: Any) -> str | None:
    """Tensors at the ends, and those that operators write, hold something."""
    written = [index for op in graph.operators or [] for index in integers(op.outputs)]
    for index in (*integers(graph.inputs), *integers(graph.outputs), *written):
        if index != -1 and 0 in integers(graph.tensors[index].shape):
            return f"tensor {index} has shape {list(integers(graph.tensors[index].shape))}"
    return None


def _tensor_fault(tensor: Any, buffers: list[Any]) -> str | None:
    if not 0 <= tensor.buffer < len(buffers):
        return f"has buffer {tensor.buffer} of {len(buffers)}"
    shape = integers(tensor.shape)
    if any(size < 0 for size in shape):  # of an optional tensor that is not there it is [0]
        return f"has shape {list(shape)}"
    data, dtype = buffers[tensor.buffer].data, DTYPES.get(enumerator("TensorType", tensor.type))
    # Of 4-bit types two share a byte; of sparse tensors the zeros are left out.
    expected_bytes = math.prod(shape) * dtype.itemsize if dtype and tensor.sparsity is None else None
    if data is not None and len(data) and expected_bytes not in (None, len(data)):
        return f"of shape {list(shape)} has {len(data)} bytes of data, expected {expected_bytes}"
    return None


def integers(vector: Any) -> tuple[int, ...]:
    """A vector of the schema, which is None where the file leaves it out."""
    return () if vector is None else tuple(int(item) for item in vector)
