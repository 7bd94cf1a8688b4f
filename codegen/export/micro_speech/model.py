"""A model with the ends that micro_speech gives it, and with its operators where that is possible.

Every port of the example copies 49 x 40 features into an input of shape [1, 1960], registers four operators
and has 10 kB for them. All changes here keep every score to the bit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from train.core.errors import UserError
from train.tflite.graph import MISSING
from train.tflite.reader import integers, read_model
from train.tflite.schema import builtin_name, schema
from train.tflite.writer import write_model

# What the example's own model needs, and so what its programs register.
UPSTREAM_OPS = frozenset({"DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "RESHAPE", "SOFTMAX"})


def micro_speech_model(tflite: bytes, where: str) -> bytes:
    """The same network with a flat input, without RESHAPE before dense layers, with depthwise convolutions.

    A convolution of one channel is a depthwise one, too. It is replaced only if the model is left with
    operators that the example registers.

    Args:
        tflite: a model with one input and one output, as those of run folders.
        where: name used in messages.
    Returns:
        a whole .tflite; the same bytes for the same model.
    Raises:
        UserError: no model, or one with several graphs, inputs or outputs.
    """
    model = read_model(tflite, where)
    graph = model.subgraphs[0]
    ends = (len(model.subgraphs), len(integers(graph.inputs)), len(integers(graph.outputs)))
    if ends != (1, 1, 1):
        raise UserError(
            f"{where}: has {ends[0]} graphs, {ends[1]} inputs and {ends[2]} outputs; micro_speech runs "
            "models with one of each"
        )
    _flatten_input(model, graph)
    _drop_flattening(model, graph)
    others = [op for op in graph.operators if _name(model, op) not in UPSTREAM_OPS]
    if all(_is_of_one_channel(model, graph, op) for op in others):
        for op in others:
            _make_depthwise(model, graph, op)
    _drop_unused(model, graph)
    return write_model(model)


def _flatten_input(model: Any, graph: Any) -> None:
    """Give the input the shape [1, n]; a RESHAPE makes of it what the network begins with."""
    (index,) = integers(graph.inputs)
    tensor = graph.tensors[index]
    shape = integers(tensor.shape)
    flat = [1, int(np.prod(shape))]
    if list(shape) == flat:
        return
    readers = [op for op in graph.operators if index in integers(op.inputs)]
    if [_name(model, op) for op in readers] != ["RESHAPE"]:
        inside = _copy_of(tensor, b"features", shape)
        graph.tensors.append(inside)
        for op in readers:
            op.inputs = [len(graph.tensors) - 1 if read == index else read for read in integers(op.inputs)]
        graph.operators.insert(0, _reshape(model, graph, index, len(graph.tensors) - 1, shape))
    tensor.shape, tensor.shapeSignature = flat, None


def _drop_flattening(model: Any, graph: Any) -> None:
    """Drop RESHAPE before dense layers: they take their input as one row, and its copy would be as large."""
    for op in [op for op in graph.operators if _name(model, op) == "RESHAPE"]:
        source, (target,) = integers(op.inputs)[0], integers(op.outputs)
        readers = [other for other in graph.operators if target in integers(other.inputs)]
        is_row = integers(graph.tensors[target].shape)[:-1] == (1,)
        if is_row and readers and all(_name(model, other) == "FULLY_CONNECTED" for other in readers):
            for other in readers:
                other.inputs = [source, *integers(other.inputs)[1:]]
            graph.operators.remove(op)


def _reshape(model: Any, graph: Any, source: int, target: int, shape: Sequence[int]) -> Any:
    tables = schema()
    sizes = tables.TensorT()
    sizes.type, sizes.name, sizes.shape = tables.TensorType.INT32, b"features/shape", [len(shape)]
    sizes.buffer = _add_buffer(model, np.array(shape, "<i4"))
    graph.tensors.append(sizes)
    op = tables.OperatorT()
    op.opcodeIndex = _code(model, "RESHAPE", version=1)
    op.inputs, op.outputs = [source, len(graph.tensors) - 1], [target]
    op.builtinOptionsType, op.builtinOptions = tables.BuiltinOptions.ReshapeOptions, tables.ReshapeOptionsT()
    op.builtinOptions.newShape = list(shape)
    return op


def _is_of_one_channel(model: Any, graph: Any, op: Any) -> bool:
    """Whether this is a CONV_2D that reads one channel."""
    if _name(model, op) != "CONV_2D":
        return False
    read = integers(op.inputs)[0]
    return integers(graph.tensors[read].shape)[-1] == 1


def _make_depthwise(model: Any, graph: Any, op: Any) -> None:
    """Turn a CONV_2D over one channel into the DEPTHWISE_CONV_2D that computes the same sums."""
    tables = schema()
    filters = graph.tensors[integers(op.inputs)[1]]
    count, height, width, _ = integers(filters.shape)
    weights = model.buffers[filters.buffer].data.reshape(count, height * width)
    filters.buffer = _add_buffer(model, weights.T)
    filters.shape, filters.shapeSignature = [1, height, width, count], None
    filters.quantization.quantizedDimension = 3
    options = tables.DepthwiseConv2DOptionsT()
    for name, value in vars(op.builtinOptions).items():
        if hasattr(options, name):
            setattr(options, name, value)
    options.depthMultiplier = count
    op.builtinOptionsType, op.builtinOptions = tables.BuiltinOptions.DepthwiseConv2DOptions, options
    op.opcodeIndex = _code(model, "DEPTHWISE_CONV_2D", version=3)  # of int8 with a scale per channel


def _drop_unused(model: Any, graph: Any) -> None:
    """Drop operator codes, tensors and data that nothing refers to any more."""
    ends = {*integers(graph.inputs), *integers(graph.outputs)}
    used = ends.union(*((*integers(op.inputs), *integers(op.outputs)) for op in graph.operators)) - {MISSING}
    places = {old: new for new, old in enumerate(sorted(used))} | {MISSING: MISSING}
    graph.tensors = [graph.tensors[index] for index in sorted(used)]
    for holder in (graph, *graph.operators):
        holder.inputs = [places[index] for index in integers(holder.inputs)]
        holder.outputs = [places[index] for index in integers(holder.outputs)]
    model.signatureDefs = None  # they count tensors, too
    codes = sorted({op.opcodeIndex for op in graph.operators})
    model.operatorCodes = [model.operatorCodes[index] for index in codes]
    for op in graph.operators:
        op.opcodeIndex = codes.index(op.opcodeIndex)
    buffers = {tensor.buffer for tensor in graph.tensors} | {entry.buffer for entry in model.metadata or []}
    for index, buffer in enumerate(model.buffers):
        if index not in buffers:
            buffer.data = None


def _copy_of(tensor: Any, name: bytes, shape: Sequence[int]) -> Any:
    copy = schema().TensorT()
    vars(copy).update(vars(tensor))
    copy.name, copy.shape, copy.shapeSignature = name, list(shape), None
    return copy


def _add_buffer(model: Any, values: Any) -> int:
    buffer = schema().BufferT()
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def _code(model: Any, name: str, version: int) -> int:
    """Index of an operator code, which is added if it is not there."""
    for index, code in enumerate(model.operatorCodes):
        if builtin_name(code) == name:
            return index
    code = schema().OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema().BuiltinOperator, name)
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _name(model: Any, op: Any) -> str:
    return builtin_name(model.operatorCodes[op.opcodeIndex])
