"""The ends of a model: what stands there in the file, and where the engine begins and ends.

The engine computes from int8 to int8. A model that takes float32 begins with QUANTIZE and one that gives
float32 ends with DEQUANTIZE; micro_speech's first int8 models rescale uint8 with QUANTIZE at both ends. The
engine begins and ends at the int8 tensor inside, whose scale and zero point engine.h tells, and has functions
that convert.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from codegen.cformat import identifiers
from train.tflite.graph import Graph, Op, Tensor

FILE_TYPES = ("int8", "float32", "uint8", "int16")  # that may stand at an end
SHAPES_ONLY = ("RESHAPE", "EXPAND_DIMS", "SQUEEZE")  # a conversion before one does what it does behind


@dataclass(frozen=True)
class ModelEnd:
    """An input or output of a model.

    Attributes:
        name: a C identifier, different from those of the other inputs or outputs.
        file: the tensor that the file has there.
        core: the int8 tensor at which the engine begins or ends.
    """

    name: str
    file: Tensor
    core: Tensor

    @property
    def count(self) -> int:
        """Values of one inference."""
        return math.prod(self.core.shape)

    @property
    def converts(self) -> bool:
        """Whether the file has another type there."""
        return self.file.dtype != np.int8


def find_ends(graph: Graph, core: Graph) -> tuple[tuple[ModelEnd, ...], tuple[ModelEnd, ...]]:
    """Inputs and outputs of a model.

    Args:
        graph: as in the file.
        core: what ``int8_core`` made of it.
    """
    kinds = (
        (graph.input_names, graph.inputs, core.inputs),
        (graph.output_names, graph.outputs, core.outputs),
    )
    inputs, outputs = (
        tuple(
            ModelEnd(name, graph.tensors[index], core.tensors[core_index])
            for name, index, core_index in zip(end_identifiers(names), indices, core_indices, strict=True)
        )
        for names, indices, core_indices in kinds
    )
    return inputs, outputs


def end_identifiers(names: Iterable[str]) -> list[str]:
    """Names of ends as C identifiers, without what TensorFlow puts around them."""
    return identifiers(
        (name.removeprefix("serving_default_").removesuffix(":0") for name in names), otherwise="end"
    )


def int8_core(graph: Graph) -> Graph:
    """The graph without conversions from other types at its inputs and to other types at its outputs.

    Inputs and outputs keep their order. Those that are not converted stay as they are.
    """
    for position in range(len(graph.inputs)):
        graph = _without_first(graph, position)
    for position in range(len(graph.outputs)):
        graph = _without_last(graph, position)
    return graph


def _without_first(graph: Graph, position: int) -> Graph:
    first = graph.inputs[position]
    if not _may_convert(graph, first) or first in graph.outputs:
        return graph
    shaping: list[Op] = []
    index = first
    while len(readers := [op for op in graph.ops if index in op.inputs]) == 1:
        (reader,) = readers
        if reader.name == "QUANTIZE" and not reader.custom and _is_int8(graph, reader.outputs[0]):
            return _moved(graph, reader, shaping, first, reader.outputs[0], position)
        if not _only_shapes(graph, reader) or index != reader.inputs[0] or reader.outputs[0] in graph.outputs:
            break
        shaping.append(reader)
        index = reader.outputs[0]
    return graph


def _moved(graph: Graph, quantize: Op, shaping: list[Op], first: int, inside: int, position: int) -> Graph:
    """Without QUANTIZE, and with int8 where only shapes change before it."""
    if not shaping:
        return replace(graph, ops=_all_but(graph, quantize), inputs=_set(graph.inputs, position, inside))
    tensors = list(graph.tensors)
    for index in [first, *(op.outputs[0] for op in shaping[:-1])]:
        tensors[index] = _as_int8(tensors[index], tensors[inside])
    last = replace(shaping[-1], outputs=(inside,))
    ops = tuple(last if op is shaping[-1] else op for op in _all_but(graph, quantize))
    return replace(graph, tensors=tuple(tensors), ops=ops)


def _without_last(graph: Graph, position: int) -> Graph:
    last = graph.outputs[position]
    if not _may_convert(graph, last):
        return graph
    shaping: list[Op] = []
    index = last
    while len(writers := [op for op in graph.ops if index in op.outputs]) == 1:
        (writer,) = writers
        is_read = any(index in op.inputs for op in graph.ops if op not in shaping)
        if is_read or graph.outputs.count(index) > (index == last):
            break
        if writer.name in ("DEQUANTIZE", "QUANTIZE") and not writer.custom:
            if not _is_int8(graph, writer.inputs[0]):
                break
            return _ended(graph, writer, shaping, writer.inputs[0], position)
        if not _only_shapes(graph, writer):
            break
        shaping.append(writer)
        index = writer.inputs[0]
    return graph


def _ended(graph: Graph, conversion: Op, shaping: list[Op], inside: int, position: int) -> Graph:
    """Without the conversion, and with int8 where only shapes change behind it."""
    if not shaping:
        return replace(graph, ops=_all_but(graph, conversion), outputs=_set(graph.outputs, position, inside))
    tensors = list(graph.tensors)
    for op in shaping:
        tensors[op.outputs[0]] = _as_int8(tensors[op.outputs[0]], tensors[inside])
    first = replace(shaping[-1], inputs=(inside, *shaping[-1].inputs[1:]))
    ops = tuple(first if op is shaping[-1] else op for op in _all_but(graph, conversion))
    return replace(graph, tensors=tuple(tensors), ops=ops)


def _only_shapes(graph: Graph, op: Op) -> bool:
    if op.name not in SHAPES_ONLY or op.custom or len(op.outputs) != 1:
        return False
    return keeps_scale(graph, op)


def keeps_scale(graph: Graph, op: Op) -> bool:
    """Whether what an operator puts out has the scale and zero point of what it takes."""
    before, behind = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    return (before.scales, before.zero_points) == (behind.scales, behind.zero_points)


def _may_convert(graph: Graph, index: int) -> bool:
    tensor = graph.tensors[index]
    return tensor.dtype.name in FILE_TYPES and not _is_int8(graph, index) and tensor.data is None


def _is_int8(graph: Graph, index: int) -> bool:
    return graph.tensors[index].dtype == np.int8


def _as_int8(tensor: Tensor, like: Tensor) -> Tensor:
    return replace(tensor, dtype=like.dtype, scales=like.scales, zero_points=like.zero_points)


def _all_but(graph: Graph, op: Op) -> tuple[Op, ...]:
    return tuple(other for other in graph.ops if other is not op)


def _set(indices: tuple[int, ...], position: int, index: int) -> tuple[int, ...]:
    return (*indices[:position], index, *indices[position + 1 :])
