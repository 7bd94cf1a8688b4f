"""Which rows are kept from one window to the next, and which are computed for each."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise

from codegen.incremental.rows import RowGraph

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
# What a call does for each channel, and for each output besides the products of its filter; both in products.
# M4F: 165 and 14 instructions, where a product takes 0.6 (the residual blocks of spectro_temporal).
_CHANNEL_COST, _OUTPUT_COST = 275, 23


@dataclass(frozen=True)
class Rows:
    """What happens to the rows of one tensor for each window.

    Attributes:
        needed: those that have a place, in order: what is read for this window, or kept for later ones.
        computed: those that are computed, as ranges, in order.
        period: windows from the one a row is kept from to this one. It is more than one where the stride
            of the windows is no multiple of that of the rows.
        moved: how many places a kept row goes to the front; 0 where none is kept.
    """

    needed: tuple[int, ...]
    computed: tuple[range, ...]
    period: int
    moved: int

    def place(self, row: int) -> int:
        """How many needed rows lie before one of them."""
        return bisect_left(self.needed, row)

    @property
    def moves(self) -> list[tuple[int, int, int]]:
        """Places to and from which kept rows move, and how many each time; to be done in this order."""
        found: list[tuple[int, int, int]] = []
        new = {row for rows in self.computed for row in rows}
        for row in self.needed:
            if row in new:
                continue
            to, source = self.place(row), self.place(row + self.moved)
            if found and (to, source) == (found[-1][0] + found[-1][2], found[-1][1] + found[-1][2]):
                found[-1] = (*found[-1][:2], found[-1][2] + 1)
            else:
                found.append((to, source, 1))
        return found


def schedule(graph: RowGraph, stride_rows: int) -> Mapping[int, Rows]:
    """The rows of each tensor that an operator on rows computes.

    A row is kept where an earlier window had it, too: computed from the same rows of the input, with padding
    in the same places. So it has the same bits.

    Args:
        stride_rows: of the model's input, by which a window follows the one before.
    """
    (model_input,) = graph.graph.inputs
    steps = {home: Fraction(stride_rows, stride) for home, stride in graph.strides.items()}

    @cache
    def is_same(home: int, row: int, windows: int) -> bool:
        """Whether it was in the window that many windows ago, further behind."""
        moved = int(windows * steps[home])
        if row + moved >= graph.counts[home]:
            return False
        if home == model_input:
            return True
        for reads in graph.ops[home].reads:
            inputs, moved_inputs = range(graph.counts[reads.tensor]), int(windows * steps[reads.tensor])
            for source in reads.rows(row):
                is_there = source in inputs
                if is_there != (source + moved_inputs in inputs):
                    return False
                if is_there and not is_same(reads.tensor, source, windows):
                    return False
        return True

    needed: dict[int, set[int]] = {home: set() for home in graph.counts}
    for index in (*graph.graph.outputs, *(index for op in graph.others for index in op.inputs)):
        if (whole := graph.home.get(index)) is not None:
            needed[whole] = set(range(graph.counts[whole]))
    plans: dict[int, Rows] = {}
    for home in reversed(list(graph.ops)):
        period, moved = steps[home].denominator, steps[home].numerator
        computed = set()
        for row in sorted(needed[home]):
            while is_same(home, row, period):  # it was needed before, at another place
                row += moved
                needed[home].add(row)
            computed.add(row)
        computed |= _gaps(computed, _widest_gap(graph, home))
        needed[home] |= computed
        ranges = tuple(_ranges(computed))
        for reads in graph.ops[home].reads:
            for rows in ranges:
                needed[reads.tensor].update(reads.span(rows, graph.counts[reads.tensor]))
        plans[home] = Rows(
            needed=tuple(sorted(needed[home])),
            computed=ranges,
            period=period,
            moved=moved if len(computed) < len(needed[home]) else 0,
        )
    return dict(reversed(list(plans.items())))


def _widest_gap(graph: RowGraph, home: int) -> int:
    """Kept rows between two ranges, up to which it costs less to compute them anew than to call twice."""
    op = graph.ops[home].op
    if op.name not in _CONVOLUTIONS:
        return 0
    weights, output = graph.graph.tensors[op.inputs[1]], graph.graph.tensors[op.outputs[0]]
    channels = output.shape[-1]
    outputs = graph.row_bytes(home) // channels
    return _CHANNEL_COST // (outputs * (_OUTPUT_COST + math.prod(weights.shape) // channels))


def _gaps(rows: set[int], most: int) -> set[int]:
    """Rows that lie between others, where there are no more than so many."""
    ordered = sorted(rows)
    return {
        row
        for before, after in pairwise(ordered)
        if after - before - 1 <= most
        for row in range(before + 1, after)
    }


def _ranges(rows: set[int]) -> list[range]:
    """Rows that follow each other, together."""
    found: list[range] = []
    for row in sorted(rows):
        if found and found[-1].stop == row:
            found[-1] = range(found[-1].start, row + 1)
        else:
            found.append(range(row, row + 1))
    return found
