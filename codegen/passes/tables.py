"""Float operators of one value between DEQUANTIZE and QUANTIZE: 256 answers, which a table holds.

The converter leaves what it cannot quantize, such as ELU, in float32. From int8 to int8 it is a table.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from codegen.fixedpoint import INT8_MAX, INT8_MIN
from codegen.passes.ends import SHAPES_ONLY
from codegen.passes.fold import needed, quantized
from train.tflite.graph import Graph, Op, Tensor

TABLE = "TABLE"  # an operator of no file: input 1 has the answers for -128 to 127
_MOST = 2.0**30  # steps; what lies further out is no number of 32 bits in the original
Floats = NDArray[np.float64]


def tabulate(graph: Graph) -> Graph:
    """The graph with one operator, TABLE, in the place of each such chain. Others stay as they are."""
    for op in graph.ops:
        if op.name == "QUANTIZE" and not op.custom and graph.tensors[op.outputs[0]].dtype == np.int8:
            graph = _tabulated(graph, op)
    return replace(graph, ops=needed(graph.ops, graph.outputs))


def _tabulated(graph: Graph, quantize: Op) -> Graph:
    chain = _chain(graph, quantize)
    if not chain:
        return graph
    entry, result = graph.tensors[chain[0].inputs[0]], graph.tensors[quantize.outputs[0]]
    if entry.dtype != np.int8 or len(entry.scales) != 1 or len(result.scales) != 1:
        return graph
    answers = _answers(chain[1:], entry, result)
    if answers is None:
        return graph
    name = f"{result.name}/table"
    table = Tensor(len(graph.tensors), name, answers.shape, answers.dtype, (1.0,), (0,), 0, answers)
    inputs = entry.index, table.index
    looked_up = replace(quantize, name=TABLE, inputs=inputs, options=MappingProxyType({}))
    ops = tuple(looked_up if op is quantize else op for op in graph.ops)
    return replace(graph, tensors=(*graph.tensors, table), ops=ops)


def _chain(graph: Graph, quantize: Op) -> list[Op]:
    """DEQUANTIZE and what follows until ``quantize``; nothing where something else is between them."""
    chain: list[Op] = []
    index = quantize.inputs[0]
    while writer := next((op for op in graph.ops if index in op.outputs), None):
        if writer.custom or writer.name not in ("DEQUANTIZE", *_FUNCTIONS, *SHAPES_ONLY):
            break
        chain.insert(0, writer)
        if writer.name == "DEQUANTIZE":
            return chain
        index = writer.inputs[0]
    return []


def _answers(ops: Sequence[Op], entry: Tensor, result: Tensor) -> NDArray[np.int8] | None:
    """(256,) as TFLite-Micro computes them: each operator in float32. None where one is no number.

    Source:
        tflite-micro, kernels/internal/reference/{dequantize,quantize,elu,round}.h, elementwise.cc.
    """
    steps = np.arange(INT8_MIN, INT8_MAX + 1) - entry.zero_point
    values = (np.float64(entry.scale) * steps).astype(np.float32)
    with np.errstate(all="ignore"):
        for op in ops:
            if op.name in _FUNCTIONS:
                values = _FUNCTIONS[op.name](values.astype(np.float64)).astype(np.float32)
        if not np.all(np.abs(values / np.float32(result.scale)) < _MOST):  # nor where it is not a number
            return None
    return quantized(values, result).astype(np.int8)


_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "ABS": np.abs,
    "CEIL": np.ceil,
    "COS": np.cos,
    "ELU": lambda x: np.where(x < 0, np.expm1(x), x),
    "EXP": np.exp,
    "FLOOR": np.floor,
    "NEG": np.negative,
    "ROUND": np.rint,
    "SIN": np.sin,
    "SQRT": np.sqrt,
    "SQUARE": np.square,
}
