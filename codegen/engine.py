"""The compiled engine: a graph as straight-line C that calls the kernels of firmware/kernels."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from codegen.cformat import comment
from codegen.engines.header import (
    HEADER,
    c_comment,
    conversion_conditions,
    conversion_kernels,
    end_contexts,
    engine_header,
)
from codegen.fixedpoint import INT8_MAX, INT8_MIN
from codegen.incremental.program import Program, incremental
from codegen.ops import check_operators, generate
from codegen.ops._form import Code, Room, Tile, array, describe
from codegen.ops._structs import LAYOUT, LAYOUT_HEADER, initializer, layout
from codegen.passes.dilation import check_batches, join_dilated
from codegen.passes.ends import FILE_TYPES, ModelEnd, find_ends, int8_core
from codegen.passes.fold import fold_constants
from codegen.passes.tables import tabulate
from codegen.plan import Plan, Step, plan
from codegen.render import render
from train.core.errors import UserError
from train.core.manifest import Layer
from train.tflite.costs import layer_of
from train.tflite.graph import MISSING, Graph, Op, Tensor
from train.tflite.scheme import why_not_int8

SOURCE = "engine.c"
TILE_SHAPE = "kws_tile_shape"
_SPARE_BYTES = (256, 512, 1024, 2048, 4096)  # tried in this order
_SEGMENT_BYTES = (8192, 6144, 5120, 4096)  # the first that fits
_ARENA_GROWTH = 1 / 25  # at most, for fewer instructions


@dataclass(frozen=True)
class GeneratedEngine:
    """Generated sources and what is needed to build and call them.

    Attributes:
        sources: content by file name; they implement firmware/model/model.h.
        kernels: files of firmware/kernels that they call, without .c, sorted.
        inputs, outputs: its ends.
        arena_bytes: all the memory that they write to, besides the stack.
        layers: its operators.
        next_rows: by which the windows of kws_model_invoke_next() follow each other; 0 where there is no
            such function.
        next_operators: of that function, in order: each says of which operator it computes which rows.
    """

    sources: dict[str, str]
    kernels: tuple[str, ...]
    inputs: tuple[ModelEnd, ...]
    outputs: tuple[ModelEnd, ...]
    arena_bytes: int
    layers: tuple[Layer, ...]
    next_rows: int = 0
    next_operators: tuple[str, ...] = ()

    @property
    def input_bytes(self) -> int:
        """int8 values in, of all inputs."""
        return sum(end.count for end in self.inputs)

    @property
    def output_count(self) -> int:
        """int8 values out, of all outputs."""
        return sum(end.count for end in self.outputs)


@dataclass(frozen=True)
class Windows:
    """How the inputs of a stream follow each other.

    Attributes:
        rows: of an input.
        stride_rows: from one to the next.
    """

    rows: int
    stride_rows: int


def build_engine(graph: Graph, banner: str, where: str, windows: Windows | None = None) -> GeneratedEngine:
    """Generate the engine of a model.

    Args:
        banner: comment that opens each file.
        where: name of the model, used in messages.
        windows: adds kws_model_invoke_next(), which computes only what is new in such windows.
    Raises:
        UserError: an operator or a form of one that the engine does not run, or an input or output
            that is not int8 inside.
    """
    check_batches(graph, where)
    core = tabulate(join_dilated(int8_core(fold_constants(graph)), where))
    if any(op.custom for op in core.ops):  # whatever types they have, they are the reason
        check_operators(core, where)
    _check_int8(core, where)
    check_operators(core, where)
    inputs, outputs = find_ends(graph, core)
    program = incremental(core, windows.rows, windows.stride_rows) if windows else None
    next_codes, next_arena = _next(program, where) if program else ([], Plan({}, {}, 0))
    ends = _ends(program, next_arena, core) if program else {}
    codes, arena = _with_room(
        len(core.ops),
        lambda number, room: generate(core, core.ops[number], where, room=room),
        lambda codes: _plan(core, codes, where, ends),
    )
    all_codes = [*codes, *next_codes]
    defined: set[str] = set()  # constants, which both share
    ops = _op_contexts(core, codes, defined)
    following = _next_context(program, next_codes, next_arena, defined) if program else None
    arena_bytes = max(arena.arena_bytes, next_arena.arena_bytes)
    next_rows = program.stride_rows if program else 0
    contexts = end_contexts(inputs, outputs)
    sources = {
        HEADER: engine_header(banner, contexts, arena_bytes, next_rows),
        SOURCE: render(
            SOURCE,
            banner=banner,
            summary=f"{len(core.ops)} operators: {', '.join(core.op_names)}.",
            headers=sorted(
                {
                    *conversion_kernels(inputs, outputs),
                    *_all(all_codes, "headers"),
                    *_keep(program),
                    LAYOUT_HEADER,
                }
            ),
            conditions=[
                *sorted({*conversion_conditions(outputs), *_all(all_codes, "conditions")}),
                f"{LAYOUT} == 0x{layout():08X}u",
            ],
            tensors=[
                {"index": index, "offset": offset, "comment": c_comment(core.tensors[index])}
                for index, offset in sorted(arena.offsets.items())
            ],
            scratch=[
                {"index": core.ops[position].index, "offset": offset}
                for position, offset in sorted(arena.scratch.items())
            ],
            states=[_first_state(core.tensors[index]) for index in _states(core)],
            initial=[
                array(f"initial_{tensor.index}", tensor.initial)
                for tensor in (core.tensors[index] for index in _states(core))
                if tensor.initial is not None and not _is_uniform(tensor)
            ],
            tiles=[
                {"name": tile.name, "shape": initializer(TILE_SHAPE, tile.shape)}
                for tile in _tiles(all_codes)
            ],
            ops=ops,
            has_calls=any(code.calls for code in codes),
            following=following,
            **contexts,
        ),
    }
    kernels = {*conversion_kernels(inputs, outputs), *_all(all_codes, "kernels"), *_keep(program)}
    layers = tuple(_layer(core, op, code) for op, code in zip(core.ops, codes, strict=True))
    names = program.names if program else ()
    return GeneratedEngine(
        sources, tuple(sorted(kernels)), inputs, outputs, arena_bytes, layers, next_rows, names
    )


def _layer(graph: Graph, op: Op, code: Code) -> Layer:
    return replace(
        layer_of(graph, op),
        kernel=code.kernel_in_words,
        kernels=code.kernels,
        tiles=tuple(tile.name for tile in code.tiles),
        constant_bytes=code.constant_bytes,
    )


def _next(program: Program, where: str) -> tuple[list[Code], Plan]:
    """The operators of kws_model_invoke_next(), and where its memory lies."""

    ops = program.graph.ops

    def code(number: int, room: Room) -> Code:
        return generate(program.graph, ops[number], where, program.parts[number], room)

    return _with_room(len(ops), code, lambda made: _next_plan(program, made))


def _keep(program: Program | None) -> list[str]:
    """The kernel for rows that are kept."""
    return ["keep_s8"] if program and program.kept else []


def _ends(program: Program, arena: Plan, core: Graph) -> dict[int, int]:
    """Where the inputs and outputs of the whole inference must lie, too."""
    pairs = zip((*core.inputs, *core.outputs), (*program.graph.inputs, *program.graph.outputs), strict=True)
    return {index: arena.offsets[program.places[place].buffer] for index, place in pairs}


def _next_plan(program: Program, codes: list[Code]) -> Plan:
    def buffers(indices: Sequence[int]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(program.places[i].buffer for i in indices if i in program.places))

    steps = [
        Step(
            buffers(op.inputs),
            buffers(op.outputs),
            None if code.shares is None else program.places[code.shares].buffer,
            scratch_bytes=code.scratch_bytes,
            reads_beyond_bytes=code.reads_beyond_bytes,
        )
        for op, code in zip(program.graph.ops, codes, strict=True)
    ]
    return plan(
        steps,
        program.sizes_bytes,
        buffers(program.graph.inputs),
        buffers(program.graph.outputs),
        [kept.buffer for kept in program.kept],
    )


def _next_context(program: Program, codes: list[Code], arena: Plan, defined: set[str]) -> dict[str, object]:
    """What the template wants for kws_model_invoke_next(); ``defined`` as of ``_op_contexts``."""
    graph = program.graph
    return {
        "tensors": [
            {
                "index": index,
                "offset": arena.offsets[place.buffer] + place.offset_bytes,
                "comment": c_comment(graph.tensors[index]),
            }
            for index, place in program.places.items()
        ],
        "scratch": [
            {"index": f"{graph.ops[position].index}{program.parts[position]}", "offset": offset}
            for position, offset in arena.scratch.items()
        ],
        "kept": [
            {
                "copies": [
                    arena.offsets[kept.buffer] + copy * kept.size_bytes for copy in range(kept.copies)
                ],
                "size": kept.size_bytes,
                "moves": kept.moves,
            }
            for kept in program.kept
        ],
        "ops": _op_contexts(graph, codes, defined),
    }


def _with_room(
    count: int, code_of: Callable[[int, Room], Code], plan_of: Callable[[list[Code]], Plan]
) -> tuple[list[Code], Plan]:
    """All operators, with as much scratch memory to spare as leaves the arena about as small as it can be.

    Then each 1x1 convolution with rows as long as leave it as it is, and others in the form for DSP.

    Args:
        count: of operators.
        code_of: one of them, by number.
    """
    room = Room()
    codes = [code_of(number, room) for number in range(count)]
    arena = plan_of(codes)
    limit_bytes = arena.arena_bytes * (1 + _ARENA_GROWTH)
    for spare_bytes in _SPARE_BYTES:
        larger = Room(spare_bytes)
        found = [code_of(number, larger) for number in range(count)]
        plan = plan_of(found)
        if plan.arena_bytes > limit_bytes:
            break
        room, codes, arena = larger, found, plan
    for number, code in enumerate(codes):
        segments = _SEGMENT_BYTES if code.has_segments else ()
        forms = [replace(room, has_dsp_form=True)] if code.has_dsp_form else []
        for larger in [*(replace(room, segment_bytes=size) for size in segments), *forms]:
            found = [*codes]
            found[number] = code_of(number, larger)
            plan = plan_of(found)
            if plan.arena_bytes <= arena.arena_bytes:
                codes, arena = found, plan
                break
    return codes, arena


def _check_int8(core: Graph, where: str) -> None:
    """Refuse a model that is not int8 inside, or at an end, with what it is.

    Raises:
        UserError: saying what it is, and what would help.
    """
    if reason := why_not_int8(core):
        raise UserError(f"{where}: {reason}")
    for kind, indices in (("input", core.inputs), ("output", core.outputs)):
        if not indices:
            raise UserError(f"{where}: has no {kind}")
        for tensor in (core.tensors[index] for index in indices):
            if tensor.data is not None:
                raise UserError(f"{where}: {kind} {describe(tensor)} is a constant, whatever the input is")
            if tensor.dtype != np.int8:
                raise UserError(
                    f"{where}: {kind} {describe(tensor)} is {tensor.dtype} and not only converted to or from "
                    f"int8; the compiled engine expects {', '.join(FILE_TYPES)} at the ends, and int8 inside"
                )


def _all(codes: Sequence[Code], attribute: str) -> set[str]:
    return {item for code in codes for item in getattr(code, attribute)}


def _plan(graph: Graph, codes: list[Code], where: str, pinned: Mapping[int, int]) -> Plan:
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
    return plan(steps, sizes_bytes, graph.inputs, graph.outputs, states, pinned)


def _states(graph: Graph) -> list[int]:
    """Tensors that operators keep from one inference to the next, in order of first use."""
    read = dict.fromkeys(index for op in graph.ops for index in op.inputs if index != MISSING)
    return [index for index in read if graph.tensors[index].is_variable]


def _first_state(tensor: Tensor) -> str:
    """The statement that fills a state: with what it holds at first, or with its zero point.

    Source:
        tflite-micro, micro/micro_interpreter_graph.cc: the first zero point, whatever follows; 0 without one.
    """
    place = f"arena + TENSOR_{tensor.index}"
    if tensor.initial is not None and not _is_uniform(tensor):
        return f"memcpy({place}, initial_{tensor.index}, {_size_bytes(tensor)});"
    first = (*tensor.zero_points, 0)[0] if tensor.initial is None else int(tensor.initial.flat[0])
    value = first if INT8_MIN <= first <= INT8_MAX else first & 0xFF
    return f"memset({place}, {value}, {_size_bytes(tensor)});"


def _is_uniform(tensor: Tensor) -> bool:
    """Whether one byte, repeated, is all that a state holds at first."""
    initial = tensor.initial
    return initial is not None and initial.dtype == np.int8 and bool((initial == initial.flat[0]).all())


def _op_contexts(graph: Graph, codes: list[Code], defined: set[str]) -> list[dict[str, object]]:
    """Operators as the template wants them; a constant that several use is defined once.

    Args:
        defined: names of constants that are; those of these operators are added.
    """
    contexts: list[dict[str, object]] = []
    for op, code in zip(graph.ops, codes, strict=True):
        constants = [constant for constant in code.constants if constant.name not in defined]
        defined |= {constant.name for constant in constants}
        outputs = ", ".join(c_comment(graph.tensors[index]) for index in op.outputs)
        contexts.append(
            {
                "comment": f"{op.index}: {op.name} to {outputs}",
                "kernel": comment(code.kernel_in_words) if code.calls else "nothing to compute",
                "constants": constants,
                "params": [
                    (name, struct, initializer(struct, fields)) for name, struct, fields in code.params
                ],
                "calls": code.calls,
            }
        )
    return contexts


def _tiles(codes: list[Code]) -> list[Tile]:
    """Each function once, however many operators have its shape."""
    return list({tile.name: tile for code in codes for tile in code.tiles}.values())


def _size_bytes(tensor: Tensor) -> int:
    return math.prod(tensor.shape) * tensor.dtype.itemsize
