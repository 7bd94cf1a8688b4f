"""Models whose ends are not int8: the QUANTIZE and DEQUANTIZE there are left to the caller.

The engine takes and gives int8 (firmware/model/model.h). A model that takes float32 begins with
QUANTIZE and one that gives float32 ends with DEQUANTIZE; micro_speech's first int8 models rescale
uint8 with QUANTIZE at both ends. The engine begins and ends at the int8 tensor inside, whose scale
and zero point engine.h tells.
"""

from dataclasses import replace

import numpy as np

from train.tflite.graph import Graph, Op


def int8_core(graph: Graph) -> Graph:
    """The graph without conversions from other types at its input and to other types at its output.

    A graph that has none, or more than one input or output, comes back as it is.
    """
    return _without_last(_without_first(graph))


def _without_first(graph: Graph) -> Graph:
    if len(graph.inputs) != 1 or _is_int8(graph, graph.inputs[0]):
        return graph
    readers = [op for op in graph.ops if graph.inputs[0] in op.inputs]
    if (
        len(readers) != 1
        or not _converts(readers[0], "QUANTIZE")
        or not _is_int8(graph, readers[0].outputs[0])
    ):
        return graph
    return replace(graph, ops=_all_but(graph, readers[0]), inputs=readers[0].outputs)


def _without_last(graph: Graph) -> Graph:
    if len(graph.outputs) != 1 or _is_int8(graph, graph.outputs[0]):
        return graph
    writers = [op for op in graph.ops if graph.outputs[0] in op.outputs]
    if len(writers) != 1 or not _converts(writers[0], "DEQUANTIZE", "QUANTIZE"):
        return graph
    if not _is_int8(graph, writers[0].inputs[0]):
        return graph
    return replace(graph, ops=_all_but(graph, writers[0]), outputs=writers[0].inputs)


def _converts(op: Op, *names: str) -> bool:
    return op.name in names and not op.custom and len(op.inputs) == len(op.outputs) == 1


def _is_int8(graph: Graph, index: int) -> bool:
    return graph.tensors[index].dtype == np.int8


def _all_but(graph: Graph, op: Op) -> tuple[Op, ...]:
    return tuple(other for other in graph.ops if other is not op)
