"""The compiled engine: a graph as straight-line C that calls the kernels of firmware/kernels."""

import math
from dataclasses import dataclass

import numpy as np

from codegen import cformat
from codegen.ends import int8_core
from codegen.ops import generate
from codegen.ops._form import Code, Tile, describe
from codegen.plan import Plan, Step, plan
from codegen.render import render
from train.core.errors import UserError
from train.tflite.graph import MISSING, Graph, Tensor

HEADER, SOURCE = "engine.h", "engine.c"


@dataclass(frozen=True)
class GeneratedEngine:
    """Generated sources and what is needed to build and call them.

    Attributes:
        sources: content by file name; they implement firmware/model/model.h.
        kernels: files of firmware/kernels that they call, without .c, sorted.
        input_bytes, output_count: int8 values in and out.
        arena_bytes: all the memory that they write to, besides the stack.
    """

    sources: dict[str, str]
    kernels: tuple[str, ...]
    input_bytes: int
    output_count: int
    arena_bytes: int


def build_engine(graph: Graph, banner: str, where: str) -> GeneratedEngine:
    """Generate the engine of a model.

    Args:
        banner: comment that opens each file.
        where: name of the model, used in messages.
    Raises:
        UserError: an operator or a form of one that the engine does not run, or not one
            int8 input and one int8 output.
    """
    graph = int8_core(graph)
    entry = _end(graph, graph.inputs, "input", where)
    result = _end(graph, graph.outputs, "output", where)
    codes = [generate(graph, op, where) for op in graph.ops]
    arena = _plan(graph, codes, where)
    input_bytes, output_count = math.prod(entry.shape), math.prod(result.shape)
    sources = {
        HEADER: render(
            HEADER,
            banner=banner,
            input_bytes=input_bytes,
            output_count=output_count,
            arena_bytes=arena.arena_bytes,
            input_meaning=_meaning(entry),
            output_meaning=_meaning(result),
            output_scale=cformat.float_literal(result.scales[0] if _is_quantized(result) else 1.0),
            output_zero_point=result.zero_point if _is_quantized(result) else 0,
        ),
        SOURCE: render(
            SOURCE,
            banner=banner,
            summary=f"{len(graph.ops)} operators: {', '.join(graph.op_names)}.",
            headers=sorted({header for code in codes for header in code.headers}),
            conditions=sorted({condition for code in codes for condition in code.conditions}),
            tensors=[
                {"index": index, "offset": offset, "comment": _comment(graph.tensors[index])}
                for index, offset in sorted(arena.offsets.items())
            ],
            scratch=[
                {"index": graph.ops[position].index, "offset": offset}
                for position, offset in sorted(arena.scratch.items())
            ],
            states=[_first_state(graph.tensors[index]) for index in _states(graph)],
            tiles=_tiles(codes),
            ops=_op_contexts(graph, codes),
            input=entry.index,
            output=result.index,
        ),
    }
    kernels = tuple(sorted({kernel for code in codes for kernel in code.kernels}))
    return GeneratedEngine(sources, kernels, input_bytes, output_count, arena.arena_bytes)


def _end(graph: Graph, indices: tuple[int, ...], end: str, where: str) -> Tensor:
    tensors = [graph.tensors[index] for index in indices]
    if len(tensors) != 1 or tensors[0].dtype != np.int8 or tensors[0].data is not None:
        found = ", ".join(f"{describe(tensor)} {tensor.dtype}" for tensor in tensors) or "none"
        raise UserError(
            f"{where}: {end}s are {found}; the compiled engine expects one int8 tensor that is no "
            f"constant. Convert the model with int8 {end}s"
        )
    return tensors[0]


def _is_quantized(tensor: Tensor) -> bool:
    return len(tensor.scales) == 1


def _meaning(tensor: Tensor) -> str:
    """What an int8 at one end stands for; a comment in engine.h."""
    if not _is_quantized(tensor):
        return f"{_comment(tensor)}, not quantized"
    return f"{_comment(tensor)}; real = (int8 - {tensor.zero_point}) * {tensor.scale:.9g}"


def _plan(graph: Graph, codes: list[Code], where: str) -> Plan:
    states = _states(graph)
    written = {*graph.inputs, *states}
    steps = []
    for op, code in zip(graph.ops, codes, strict=True):
        reads = tuple(index for index in op.inputs if index != MISSING and graph.tensors[index].data is None)
        for index in set(reads) - written:
            raise UserError(
                f"{where}: op {op.index} {op.name} reads {describe(graph.tensors[index])} before anything "
                "is written to it; expected operators in order. Convert the model again"
            )
        written |= set(op.outputs)
        steps.append(
            Step(reads, op.outputs, code.shares, code.overlaps, code.scratch_bytes, code.reads_beyond_bytes)
        )
    for index in set(graph.outputs) - written:
        raise UserError(
            f"{where}: nothing writes the output {describe(graph.tensors[index])}. Convert the model again"
        )
    sizes_bytes = {index: _size_bytes(graph.tensors[index]) for index in written}
    return plan(steps, sizes_bytes, graph.inputs, graph.outputs, states)


def _states(graph: Graph) -> list[int]:
    """Tensors that operators keep from one inference to the next, in order of first use."""
    read = dict.fromkeys(index for op in graph.ops for index in op.inputs if index != MISSING)
    return [index for index in read if graph.tensors[index].is_variable]


def _first_state(tensor: Tensor) -> str:
    """The statement that fills a state with its zero point, which is 0 where an item has several bytes."""
    return f"memset(arena + TENSOR_{tensor.index}, {tensor.zero_point}, {_size_bytes(tensor)});"


def _op_contexts(graph: Graph, codes: list[Code]) -> list[dict[str, object]]:
    """Operators as the template wants them; a constant that several use is defined once."""
    defined: set[str] = set()
    contexts: list[dict[str, object]] = []
    for op, code in zip(graph.ops, codes, strict=True):
        constants = [constant for constant in code.constants if constant.name not in defined]
        defined |= {constant.name for constant in constants}
        outputs = ", ".join(_comment(graph.tensors[index]) for index in op.outputs)
        contexts.append(
            {
                "comment": f"{op.index}: {op.name} to {outputs}",
                "constants": constants,
                "params": code.params,
                "calls": code.calls,
            }
        )
    return contexts


def _tiles(codes: list[Code]) -> list[Tile]:
    """Each function once, however many operators have its shape."""
    return list({tile.name: tile for code in codes for tile in code.tiles}.values())


def _size_bytes(tensor: Tensor) -> int:
    return math.prod(tensor.shape) * tensor.dtype.itemsize


def _comment(tensor: Tensor) -> str:
    shape = " x ".join(str(size) for size in tensor.shape) or "scalar"
    return cformat.comment(f"{shape} {tensor.dtype}")
