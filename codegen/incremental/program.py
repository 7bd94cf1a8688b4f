"""The operators that one window needs, each on some rows, and where those rows lie."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from codegen.incremental.rows import RowGraph, RowOp, find_rows, time_axis
from codegen.incremental.schedule import Rows, schedule
from train.tflite.graph import MISSING, Graph, Op, Tensor


@dataclass(frozen=True)
class Place:
    """Where a tensor begins: so many bytes behind the begin of a buffer."""

    buffer: int
    offset_bytes: int


@dataclass(frozen=True)
class Kept:
    """Rows that stay from window to window.

    Attributes:
        size_bytes: of the rows of one window.
        moves: bytes to and from which they go within the window, and how many; in this order.
        copies: windows of which they are kept, one behind the other, the newest first.
    """

    buffer: int
    size_bytes: int
    moves: tuple[tuple[int, int, int], ...]
    copies: int


@dataclass(frozen=True)
class Program:
    """What is computed for a window that follows the one before by a fixed number of rows.

    Attributes:
        stride_rows: that number, of the model's input.
        graph: with a tensor for each piece of memory that an operator reads or writes.
        parts: what tells operators of ``graph`` apart that are parts of one of the model.
        places: of the tensors of ``graph`` in buffers, which are named by tensors of the model.
        sizes_bytes: of each buffer.
        kept: what moves before the operators run.
    """

    stride_rows: int
    graph: Graph
    parts: tuple[str, ...]
    places: Mapping[int, Place]
    sizes_bytes: Mapping[int, int]
    kept: tuple[Kept, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of which operator each one computes which rows."""
        parts = zip(self.graph.ops, self.parts, strict=True)
        return tuple(f"{op.index} {op.name}{part.replace('_', ' ')}" for op, part in parts)


def incremental(graph: Graph, input_rows: int, stride_rows: int) -> Program | None:
    """The program for windows of ``input_rows`` rows, or None where no operator works on rows.

    Args:
        graph: int8 inside, without what is constant.
        stride_rows: from one window to the next; at least 1.
    """
    if len(graph.inputs) != 1 or any(tensor.is_variable for tensor in graph.tensors):
        return None
    rows = find_rows(graph, input_rows)
    plans = schedule(rows, stride_rows)
    if not any(plan.moved for plan in plans.values()):
        return None
    return _Writer(rows, plans).program(stride_rows)


class _Writer:
    """Collects the operators and the tensors that they take."""

    def __init__(self, rows: RowGraph, plans: Mapping[int, Rows]) -> None:
        self._rows = rows
        self._plans = plans
        self._tensors = list(rows.graph.tensors)
        self._places: dict[int, Place] = {}
        self._views: dict[tuple[int, range], int] = {}

    def program(self, stride_rows: int) -> Program:
        graph, ops, parts = self._rows.graph, [], []
        row_ops = {op.op.index: op for op in self._rows.ops.values()}
        others = {op.index for op in self._rows.others}
        for op in graph.ops:
            if op.index in row_ops:
                pieces = self._pieces(row_ops[op.index])
                ops += [piece for piece, _ in pieces]
                parts += [part for _, part in pieces]
            elif op.index in others:
                ops.append(replace(op, inputs=self._all(op.inputs), outputs=self._all(op.outputs)))
                parts.append("_next")
        inputs, outputs = self._all(graph.inputs), self._all(graph.outputs)
        kept = [self._kept(home, plan) for home, plan in self._plans.items() if plan.moved]
        sizes = {place.buffer: self._size_bytes(place.buffer) for place in self._places.values()}
        return Program(
            stride_rows,
            replace(graph, tensors=tuple(self._tensors), ops=tuple(ops), inputs=inputs, outputs=outputs),
            tuple(parts),
            self._places,
            sizes,
            tuple(kept),
        )

    def _kept(self, home: int, plan: Rows) -> Kept:
        row_bytes = self._rows.row_bytes(home)
        moves = tuple(
            (to * row_bytes, source * row_bytes, rows * row_bytes) for to, source, rows in plan.moves
        )
        return Kept(home, len(plan.needed) * row_bytes, moves, plan.period)

    def _pieces(self, row_op: RowOp) -> list[tuple[Op, str]]:
        """The operator, once for each range of rows that it computes."""
        return [
            (self._piece(row_op, computed), f"_rows_{computed.start}_{computed.stop}")
            for computed in self._plans[row_op.output].computed
        ]

    def _piece(self, row_op: RowOp, computed: range) -> Op:
        inputs, options = list(row_op.op.inputs), dict(row_op.op.options)
        for reads in row_op.reads:
            sources = reads.span(computed, self._rows.counts[reads.tensor])
            index = inputs[reads.argument]
            inputs[reads.argument] = self._view(index, sources)
            if "padding" in options:  # neither SAME nor VALID is said of some rows
                options[f"padding_{self._direction(index)}"] = sources.start - reads.rows(computed[0])[0]
        outputs = (self._view(row_op.op.outputs[0], computed),)
        return replace(row_op.op, inputs=tuple(inputs), outputs=outputs, options=options)

    def _direction(self, index: int) -> str:
        """The direction of an image, h or w, in which its rows follow each other."""
        return "hw"[time_axis(self._tensors[index], self._rows.counts[self._rows.home[index]]) - 1]

    def _view(self, index: int, rows: range) -> int:
        """A tensor that is some rows of another."""
        if (index, rows) not in self._views:
            tensor, home = self._tensors[index], self._rows.home[index]
            axis = time_axis(tensor, self._rows.counts[home])
            shape = (*tensor.shape[:axis], len(rows), *tensor.shape[axis + 1 :])
            before = self._plans[home].place(rows.start) if home in self._plans else rows.start
            place = Place(home, before * self._rows.row_bytes(home))
            self._views[index, rows] = self._add(replace(tensor, shape=shape), place)
        return self._views[index, rows]

    def _all(self, indices: tuple[int, ...]) -> tuple[int, ...]:
        """Whole tensors; constants stay what they are."""
        return tuple(
            index if index == MISSING or self._tensors[index].data is not None else self._whole(index)
            for index in indices
        )

    def _whole(self, index: int) -> int:
        everything = range(0)  # no rows: the tensor as it is
        if (index, everything) not in self._views:
            place = Place(self._rows.home.get(index, index), 0)
            self._views[index, everything] = self._add(self._tensors[index], place)
        return self._views[index, everything]

    def _add(self, tensor: Tensor, place: Place) -> int:
        index = len(self._tensors)
        self._tensors.append(replace(tensor, index=index))
        self._places[index] = place
        return index

    def _size_bytes(self, buffer: int) -> int:
        if buffer not in self._plans:
            return math.prod(self._tensors[buffer].shape)
        plan = self._plans[buffer]
        copies = plan.period if plan.moved else 1
        return len(plan.needed) * self._rows.row_bytes(buffer) * copies
