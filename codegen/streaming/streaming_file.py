"""A whole-window .tflite as one that keeps its state in variables.

Each inference takes the rows of features that are new, and computes of each tensor the rows that are new.
Where an operator looks further back, the rows before are kept in a variable: read, put in front of the new
ones, and the last of both assigned again. Which rows those are, ``codegen.incremental.rows`` says.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from codegen.incremental.rows import RowGraph, RowOp, find_rows, time_axis
from train.core.errors import UserError
from train.tflite.builder import FileBuilder
from train.tflite.graph import MISSING, Graph, Op, Tensor, read_graph
from train.tflite.reader import read_model
from train.tflite.schema import schema

_INT8_VERSION = 2  # of CONCATENATION, STRIDED_SLICE and QUANTIZE, from which on they take int8
_UINT8_OFFSET = 128  # from an int8 to the uint8 of the same value
_REMEDY = "train again with --preset microwakeword"


@dataclass(frozen=True)
class StreamingFile:
    """What was made.

    Attributes:
        tflite: the whole file.
        stride_rows: rows of features that an inference takes.
        variables, state_bytes: how many tensors it keeps rows of, and what they take.
        op_names: kinds of operators, each once.
    """

    tflite: bytes
    stride_rows: int
    variables: int
    state_bytes: int
    op_names: tuple[str, ...]


def network_stride(graph: Graph) -> int:
    """Rows of features from one row of the slowest tensor to the next."""
    return max(find_rows(graph, graph.tensors[graph.inputs[0]].shape[1]).strides.values())


def streaming_file(
    tflite: bytes, where: str, stride_rows: int, label: int, input_scale: float
) -> StreamingFile:
    """The network of a run folder as a streaming one, for one of its labels.

    Args:
        tflite: input (1, frames, bins, 1) int8, output (1, labels) int8 of a LOGISTIC.
        where: name used in messages.
        stride_rows: rows of features that an inference takes, a multiple of ``network_stride``.
        label: whose score comes out.
        input_scale: value of a step of the input, as it is said to whoever quantizes features by it. The
            network takes the steps, whatever they are called.
    Returns:
        a file with input [1, stride_rows, bins] int8 and output [1, 1] uint8: the int8 score plus 128.
    Raises:
        UserError: a network that pads in time, or whose scores depend on each other.
    """
    model, graph = read_model(tflite, where), read_graph(tflite, where)
    frames = graph.tensors[graph.inputs[0]].shape[1]
    rows = find_rows(graph, frames)
    if any(stride_rows % stride for stride in rows.strides.values()):
        raise UserError(
            f"{where}: takes every {max(rows.strides.values())}. row of features, so {stride_rows} rows from "
            "one inference to the next do not do"
        )
    return _Writer(model, rows, where, stride_rows, input_scale).write(label)


class _Writer:
    """Writes the graph of the new rows, beside the one that fills the variables at first."""

    def __init__(self, model: Any, rows: RowGraph, where: str, stride_rows: int, input_scale: float) -> None:
        self._rows, self._graph, self._where = rows, rows.graph, where
        self._stride_rows, self._input_scale = stride_rows, input_scale
        (self._source,) = model.subgraphs
        self._file = FileBuilder()
        self._main, self._first = self._file.graph(), self._file.graph()
        self._new: dict[int, int] = {}  # by tensor of the network: its new rows, or all of it
        self._flat: set[int] = set()  # of those that hold rows, but not one behind the other
        self._spans: dict[tuple[int, int, int], int] = {}
        self._joined: dict[tuple[int, int], int] = {}
        self._op_names: dict[str, None] = {"CALL_ONCE": None}
        self._states = 0
        self._state_bytes = 0

    def write(self, label: int) -> StreamingFile:
        graph, main = self._graph, self._main
        (index,), (output,) = graph.inputs, graph.outputs
        options = schema().CallOnceOptionsT()
        options.initSubgraphIndex = 1
        main.op("CALL_ONCE", [], [], options)
        given = self._begin(index)
        head = self._head(output)
        row_ops = {op.op.index: op for op in self._rows.ops.values()}
        for op in graph.ops:
            if op.index in row_ops:
                self._row_op(row_ops[op.index])
            elif op.outputs[0] in self._rows.home:
                self._reshape(op)
            elif op.index in head:
                self._copy(op, label)
            else:
                self._copy(op)
        main.finish([given], [self._as_uint8(output)])
        self._first.finish([], [])
        return StreamingFile(
            self._file.tflite(), self._stride_rows, self._states, self._state_bytes, tuple(self._op_names)
        )

    def _begin(self, index: int) -> int:
        """The input without the axis of one channel, and the tensor that the network begins with."""
        tensor = self._graph.tensors[index]
        quantization = copy.copy(self._quantization(index))
        quantization.scale = np.array([self._input_scale], np.float32)
        given = self._main.tensor((1, self._stride_rows, tensor.shape[2]), "INT8", quantization)
        self._main.name(given, "features")
        # The one of another scale: what follows computes by that of the network.
        self._new[index] = self._reshaped(given, self._new_shape(index), self._quantization(index))
        return given

    def _head(self, output: int) -> Sequence[int]:
        """Indices of the dense layer and the LOGISTIC that the network ends in.

        Raises:
            UserError: it ends in something else.
        """
        made_by = {op.outputs[0]: op for op in self._graph.ops}
        last = made_by[output]
        dense = made_by.get(last.inputs[0])
        if last.name != "LOGISTIC" or dense is None or dense.name != "FULLY_CONNECTED":
            raise UserError(
                f"{self._where}: ends in {last.name}, so that the score of a word depends on those of other "
                f"labels; expected FULLY_CONNECTED and LOGISTIC; {_REMEDY}"
            )
        return dense.index, last.index

    # Rows

    def _row_op(self, row_op: RowOp) -> None:
        """An operator for the new rows of its output."""
        output = row_op.op.outputs[0]
        count = self._rows.counts[row_op.output]
        first = count - self._new_count(row_op.output)
        inputs = {}
        for reads in row_op.reads:
            there = self._rows.counts[reads.tensor]
            if reads.rows(0)[0] < 0 or reads.rows(count - 1)[-1] >= there:
                raise UserError(
                    f"{self._where}: op {row_op.op.index} {row_op.op.name} pads its rows, so that they are "
                    f"others in each window; {_REMEDY}"
                )
            span = range(reads.rows(first)[0], reads.rows(count - 1)[-1] + 1)
            inputs[reads.argument] = self._span(row_op.op.inputs[reads.argument], span)
        made = [
            inputs[place] if place in inputs else self._given(it) for place, it in enumerate(row_op.op.inputs)
        ]
        self._new[output] = self._main.tensor(self._new_shape(output), "INT8", self._quantization(output))
        self._like(row_op.op, made, [self._new[output]])

    def _reshape(self, op: Op) -> None:
        """A RESHAPE: of the new rows, or of all where they are rows no longer, as before a dense layer."""
        (output,), home = op.outputs, self._rows.home[op.outputs[0]]
        is_flat = self._axis(output) < 0
        if is_flat:
            self._flat.add(output)
        source = self._window(home) if is_flat else self._new[home]
        shape = self._graph.tensors[output].shape if is_flat else self._new_shape(output)
        self._new[output] = self._reshaped(source, shape, self._quantization(output))

    def _new_count(self, home: int) -> int:
        """New rows of an inference; not more than the window has."""
        return min(self._stride_rows // self._rows.strides[home], self._rows.counts[home])

    def _new_shape(self, index: int) -> Sequence[int]:
        home = self._rows.home[index]
        return self._shape(index, self._new_count(home))

    def _shape(self, index: int, rows: int) -> Sequence[int]:
        """Of a tensor with another number of rows."""
        shape, axis = self._graph.tensors[index].shape, self._axis(index)
        return (*shape[:axis], rows, *shape[axis + 1 :])

    def _span(self, index: int, rows: range) -> int:
        """A tensor with some rows of the window, which is the one that ends now."""
        key = (index, rows.start, rows.stop)
        if key not in self._spans:
            home = self._rows.home[index]
            first_new = self._rows.counts[home] - self._new_count(home)
            there = (
                self._with_kept(index, first_new - rows.start) if rows.start < first_new else self._new[index]
            )
            first = max(0, rows.start - first_new)
            self._spans[key] = self._sliced(index, there, range(first, first + len(rows)))
        return self._spans[key]

    def _with_kept(self, index: int, kept: int) -> int:
        """The rows that were new before, as many as are kept, and the new ones behind."""
        if (index, kept) not in self._joined:
            main, quantization = self._main, self._quantization(index)
            shape = self._shape(index, kept)
            new = self._new[index]
            variable = self._variable(shape, self._graph.tensors[index])
            before = main.tensor(shape, "INT8", quantization)
            self._op("READ_VARIABLE", [variable], [before])
            total = kept + self._new_count(self._rows.home[index])
            joined = main.tensor(self._shape(index, total), "INT8", quantization)
            options = schema().ConcatenationOptionsT()
            options.axis = self._axis(index)
            self._op("CONCATENATION", [before, new], [joined], options, _INT8_VERSION)
            last = self._sliced(index, joined, range(total - kept, total))
            self._op("ASSIGN_VARIABLE", [variable, last], [])
            self._joined[index, kept] = joined
        return self._joined[index, kept]

    def _sliced(self, index: int, tensor: int, rows: range) -> int:
        """Some rows of a tensor that is made of rows of ``index``."""
        main, axis = self._main, self._axis(index)
        shape = main.shape(tensor)
        if len(rows) == shape[axis]:
            return tensor
        begin, end = [0] * len(shape), list(shape)
        begin[axis], end[axis] = rows.start, rows.stop
        numbers = [main.constant(np.array(it), "INT32") for it in (begin, end, [1] * len(shape))]
        output = main.tensor(self._shape(index, len(rows)), "INT8", self._quantization(index))
        self._op(
            "STRIDED_SLICE", [tensor, *numbers], [output], schema().StridedSliceOptionsT(), _INT8_VERSION
        )
        return output

    def _variable(self, shape: Sequence[int], tensor: Tensor) -> int:
        """The handle of a new variable, which holds nothing but zeros at first."""
        values = np.full(shape, tensor.zero_point, np.int8)
        handles = []
        for graph in (self._main, self._first):
            options = schema().VarHandleOptionsT()
            options.container, options.sharedName = "", f"rows{self._states}"
            handles.append(graph.tensor((), "RESOURCE"))
            graph.op("VAR_HANDLE", [], [handles[-1]], options)
        zeros = self._first.constant(values, "INT8", self._quantization(tensor.index))
        self._first.op("ASSIGN_VARIABLE", [handles[1], zeros], [])
        self._op_names["VAR_HANDLE"] = None
        self._states += 1
        self._state_bytes += values.nbytes
        return handles[0]

    # What is no row

    def _copy(self, op: Op, label: int | None = None) -> None:
        """An operator as it is, on whole tensors; with a label, for that one alone."""
        inputs = [self._given(index, None if place == 0 else label) for place, index in enumerate(op.inputs)]
        for index in op.outputs:
            tensor = self._graph.tensors[index]
            shape = tensor.shape if label is None else (*tensor.shape[:-1], 1)
            self._new[index] = self._main.tensor(shape, tensor.type_name, self._quantization(index))
        self._like(op, inputs, [self._new[index] for index in op.outputs])

    def _given(self, index: int, label: int | None = None) -> int:
        """What an operator reads: a constant, all rows of the window, or what another one wrote."""
        if index == MISSING:
            return index
        tensor = self._graph.tensors[index]
        if tensor.data is not None:
            one = slice(None) if label is None else slice(label, label + 1)
            return self._main.constant(tensor.data[one], tensor.type_name, self._quantization(index, label))
        if index in self._rows.home and index not in self._flat:
            return self._window(index)
        return self._new[index]

    def _window(self, index: int) -> int:
        """All rows of the window."""
        return self._span(index, range(self._rows.counts[self._rows.home[index]]))

    def _as_uint8(self, output: int) -> int:
        score = self._new[output]
        quantization = schema().QuantizationParametersT()
        found = self._quantization(output)
        quantization.scale = found.scale
        quantization.zeroPoint = np.array([found.zeroPoint[0] + _UINT8_OFFSET], np.int64)
        made = self._main.tensor(self._main.shape(score), "UINT8", quantization)
        self._op("QUANTIZE", [score], [made], schema().QuantizeOptionsT(), _INT8_VERSION)
        self._main.name(made, "probability")
        return made

    # Files

    def _quantization(self, index: int, label: int | None = None) -> Any:
        """The table of a tensor, of one label's values where there is one for each."""
        found = self._source.tensors[index].quantization
        if found is None or found.scale is None or len(found.scale) < 2 or label is None:
            return found
        one = schema().QuantizationParametersT()
        one.scale, one.zeroPoint = found.scale[label : label + 1], found.zeroPoint[label : label + 1]
        one.quantizedDimension = found.quantizedDimension
        return one

    def _axis(self, index: int) -> int:
        return time_axis(self._graph.tensors[index], self._rows.counts[self._rows.home[index]])

    def _reshaped(self, tensor: int, shape: Sequence[int], quantization: Any) -> int:
        self._op_names["RESHAPE"] = None
        return self._main.reshape(tensor, shape, "INT8", quantization)

    def _op(
        self, name: str, inputs: Sequence[int], outputs: Sequence[int], options: Any = None, version: int = 1
    ) -> None:
        self._op_names[name] = None
        self._main.op(name, inputs, outputs, options, version)

    def _like(self, op: Op, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        self._op_names[op.name] = None
        source = self._source.operators[op.index]
        self._main.like(source, op.name, inputs, outputs, op.version)
