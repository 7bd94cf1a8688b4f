"""What each row of a tensor is computed from: rows of other tensors, or padding.

A row is what lies at one place of the time axis. All dimensions before that axis are 1, so rows follow each
other in memory, and a RESHAPE leaves them as they are.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codegen.passes.tables import TABLE
from train.tflite.graph import MISSING, Graph, Op, Tensor

_RESHAPES = ("RESHAPE", "EXPAND_DIMS", "SQUEEZE")
_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_POOLS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")
_IN_STEP = (
    *("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "PRELU", "QUANTIZE", "RELU", "RELU6", "LEAKY_RELU"),
    *("LOGISTIC", "TANH", "HARD_SWISH", TABLE),
)


@dataclass(frozen=True)
class Reads:
    """The rows of one input from which a row of the output is computed.

    Attributes:
        tensor: whose rows they are, see ``RowGraph.home``.
        argument: which input of the operator it is.
        before: rows of padding in front of the first row.
    """

    tensor: int
    argument: int
    taps: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0

    def rows(self, row: int) -> range:
        """Those for a row of the output; some may lie outside of the input, and are padding."""
        first = row * self.stride - self.before
        return range(first, first + self.taps * self.dilation, self.dilation)

    def span(self, rows: range, count: int) -> range:
        """All rows of the input, of ``count``, from the first to the last one for some rows of the output.

        They lie next to each other, even where a stride or a dilation leaves some out.
        """
        return range(max(0, self.rows(rows[0])[0]), min(count, self.rows(rows[-1])[-1] + 1))


@dataclass(frozen=True)
class RowOp:
    """An operator that computes each row of its output from some rows of its inputs.

    Attributes:
        output: whose rows it computes, see ``RowGraph.home``.
    """

    op: Op
    output: int
    reads: tuple[Reads, ...]


@dataclass(frozen=True)
class RowGraph:
    """A graph with one input of rows.

    Attributes:
        home: by tensor with rows, the first one of those that only a RESHAPE tells apart.
        counts: rows of each home.
        strides: rows of the model's input from one row to the next, of each home.
        ops: by home, which operator computes it.
        others: operators that take or give something else, in order. What they read, they read whole.
    """

    graph: Graph
    home: Mapping[int, int]
    counts: Mapping[int, int]
    strides: Mapping[int, int]
    ops: Mapping[int, RowOp]
    others: tuple[Op, ...]

    def row_bytes(self, home: int) -> int:
        """Of one row, int8."""
        return math.prod(self.graph.tensors[home].shape) // self.counts[home]


def find_rows(graph: Graph, input_rows: int) -> RowGraph:
    """Follow the rows of the only input through the graph, as far as they are rows.

    Args:
        graph: int8 inside, without what is constant.
    """
    (first,) = graph.inputs
    home, counts, strides = {first: first}, {first: input_rows}, {first: 1}
    ops: dict[int, RowOp] = {}
    others: list[Op] = []
    for op in graph.ops:
        arguments = [
            (argument, home.get(index, MISSING))
            for argument, index in enumerate(op.inputs)
            if index != MISSING and graph.tensors[index].data is None
        ]
        homes = [index for _, index in arguments]
        if MISSING in homes or not homes:
            others.append(op)
            continue
        if op.name in _RESHAPES:
            home[op.outputs[0]] = homes[0]
            continue
        inputs = {(counts[index], strides[index]) for index in homes}
        found = _row_op(graph, op, arguments, counts[homes[0]]) if len(inputs) == 1 else None
        if found is None:
            others.append(op)
            continue
        output = op.outputs[0]
        axis = time_axis(graph.tensors[op.inputs[arguments[0][0]]], counts[homes[0]])
        home[output], ops[output] = output, found
        counts[output] = graph.tensors[output].shape[axis]
        strides[output] = strides[homes[0]] * found.reads[0].stride
    return RowGraph(graph, home, counts, strides, ops, tuple(others))


def time_axis(tensor: Tensor, count: int) -> int:
    """The axis along which a tensor has ``count`` rows, or -1 if it lies otherwise."""
    for axis, size in enumerate(tensor.shape):
        if size != 1:
            return axis if size == count else -1
    return -1


def _row_op(graph: Graph, op: Op, arguments: list[tuple[int, int]], count: int) -> RowOp | None:
    """An operator whose inputs all have ``count`` rows, if its output has rows, too."""
    if len(op.outputs) != 1:
        return None
    output = graph.tensors[op.outputs[0]]
    axes = {time_axis(graph.tensors[op.inputs[argument]], count) for argument, _ in arguments}
    if len(axes) != 1 or -1 in axes:
        return None
    (axis,) = axes
    if op.name in _CONVOLUTIONS or op.name in _POOLS:
        reads = _window(graph, op, arguments, axis)
    elif op.name in _IN_STEP and all(not _varies(tensor, output, axis) for tensor in _constants(graph, op)):
        reads = tuple(Reads(index, argument) for argument, index in arguments)
    else:
        return None
    if reads is None or time_axis(output, output.shape[axis]) != axis:
        return None
    return RowOp(op, op.outputs[0], reads)


def _window(graph: Graph, op: Op, arguments: list[tuple[int, int]], axis: int) -> tuple[Reads, ...] | None:
    """Of an operator that slides a window over its first input, (1, height, width, channels)."""
    image, output = graph.tensors[op.inputs[0]].shape, graph.tensors[op.outputs[0]].shape
    if len(image) != 4 or axis not in (1, 2) or [argument for argument, _ in arguments] != [0]:
        return None
    name = "hw"[axis - 1]
    taps = (
        graph.tensors[op.inputs[1]].shape[axis]
        if op.name in _CONVOLUTIONS
        else op.options["filter_height" if axis == 1 else "filter_width"]
    )
    stride, dilation = op.options[f"stride_{name}"], op.options.get(f"dilation_{name}_factor", 1)
    before = max(0, (output[axis] - 1) * stride + (taps - 1) * dilation + 1 - image[axis]) // 2
    return (Reads(arguments[0][1], 0, taps, stride, dilation, before),)


def _constants(graph: Graph, op: Op) -> Iterator[Tensor]:
    return (
        graph.tensors[index]
        for index in op.inputs
        if index != MISSING and graph.tensors[index].data is not None
    )


def _varies(constant: Tensor, output: Tensor, axis: int) -> bool:
    """Whether a constant that is combined with each value has others for other rows."""
    behind = len(output.shape) - axis
    return len(constant.shape) >= behind and constant.shape[-behind] != 1
