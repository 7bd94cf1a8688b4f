"""The ends of a model: what stands there in the file, and where the engine begins and ends.

The engine computes from int8 to int8. A model that takes float32 begins with QUANTIZE and one that gives
float32 ends with DEQUANTIZE; micro_speech's first int8 models rescale uint8 with QUANTIZE at both ends. Some
end with a SOFTMAX from int8 to int16, which may be converted once more. The engine begins and ends at the
int8 tensor inside, whose scale and zero point engine.h tells, and has functions that convert.
"""

import math
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

import numpy as np

from codegen.cformat import identifiers
from codegen.fixedpoint import SOFTMAX_MOST_INPUTS, SoftmaxScaling, softmax_scaling
from train.tflite.graph import Graph, Op, Tensor

FILE_TYPES = ("int8", "float32", "uint8", "int16", "int32")  # that may stand at an end
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
_SCORES_SCALE, _SCORES_ZERO_POINT = 2.0**-16, -(1 << 15)  # of a SOFTMAX to int16
SHAPES_ONLY = ("RESHAPE", "EXPAND_DIMS", "SQUEEZE")  # a conversion before one does what it does behind


@dataclass(frozen=True)
class WideSoftmax:
    """A SOFTMAX from int8 to int16 between the int8 inside and the end.

    Attributes:
        scores: the int16 tensor that it gives.
        is_converted: whether the file has another tensor at its end, made from ``scores``.
    """

    scores: Tensor
    scaling: SoftmaxScaling
    is_converted: bool

    @property
    def row_count(self) -> int:
        """Values that add up to 1."""
        return self.scores.shape[-1]


@dataclass(frozen=True)
class ModelEnd:
    """An input or output of a model.

    Attributes:
        name: a C identifier, different from those of the other inputs or outputs.
        file: the tensor that the file has there.
        core: the int8 tensor at which the engine begins or ends.
        softmax: what is between the two, besides a conversion.
    """

    name: str
    file: Tensor
    core: Tensor
    softmax: WideSoftmax | None = None

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
        [
            ModelEnd(name, graph.tensors[index], core.tensors[core_index])
            for name, index, core_index in zip(end_identifiers(names), indices, core_indices, strict=True)
        ]
        for names, indices, core_indices in kinds
    )
    kept = {op.index for op in core.ops}
    return tuple(inputs), tuple(replace(end, softmax=_softmax_before(graph, end, kept)) for end in outputs)


def _softmax_before(graph: Graph, end: ModelEnd, kept: Container[int]) -> WideSoftmax | None:
    """The SOFTMAX of an output, if it is none of the operators that are ``kept``, by index."""
    index, is_converted = end.file.index, False
    while writer := next((op for op in graph.ops if index in op.outputs), None):
        if writer.name not in SHAPES_ONLY:
            if writer.index in kept:
                return None
            if scaling := _wide_softmax(graph, writer):
                return WideSoftmax(graph.tensors[index], scaling, is_converted)
            is_converted = True
        index = writer.inputs[0]
    return None


def _wide_softmax(graph: Graph, op: Op) -> SoftmaxScaling | None:
    """How a SOFTMAX from int8 to int16 scales its inputs; None for another operator, or another form of it.

    Source:
        tflite-micro, micro/kernels/softmax_common.cc: which scales it takes.
    """
    if op.name != "SOFTMAX" or op.custom:
        return None
    entry, scores = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if entry.dtype != np.int8 or scores.dtype != np.int16 or len(entry.scales) != 1:
        return None
    if scores.zero_points != (_SCORES_ZERO_POINT,) or abs(scores.scale / _SCORES_SCALE - 1) > 1e-3:
        return None
    if not scores.shape or scores.shape[-1] > SOFTMAX_MOST_INPUTS:
        return None
    return softmax_scaling(float(op.options.get("beta", 1.0)), entry.scale)


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
    converting: list[Op] = []
    index = last
    while len(writers := [op for op in graph.ops if index in op.outputs]) == 1:
        (writer,) = writers
        is_read = any(index in op.inputs for op in graph.ops if op not in (*shaping, *converting))
        if is_read or graph.outputs.count(index) > (index == last):
            break
        if _wide_softmax(graph, writer):
            return _ended(graph, [*converting, writer], shaping, writer.inputs[0], position)
        if writer.name in _CONVERSIONS and not writer.custom and not converting:
            if _is_int8(graph, writer.inputs[0]):
                return _ended(graph, [writer], shaping, writer.inputs[0], position)
            if graph.tensors[writer.inputs[0]].dtype != np.int16:
                break
            converting.append(writer)
        elif _only_shapes(graph, writer):
            shaping.append(writer)
        else:
            break
        index = writer.inputs[0]
    return graph


def _ended(graph: Graph, converting: list[Op], shaping: list[Op], inside: int, position: int) -> Graph:
    """Without the conversions, and with int8 where only shapes change behind them."""
    tensors = list(graph.tensors)
    shaped: dict[int, Op] = {}  # by index of the operator
    last = inside
    for op in reversed(shaping):
        shaped[op.index] = replace(op, inputs=(last, *op.inputs[1:]))
        last = op.outputs[0]
        tensors[last] = _as_int8(tensors[last], tensors[inside])
    ops = tuple(shaped.get(op.index, op) for op in graph.ops if op not in converting)
    return replace(graph, tensors=tuple(tensors), ops=ops, outputs=_set(graph.outputs, position, last))


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
