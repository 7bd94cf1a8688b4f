"""What can be computed now: operators whose inputs are all constant, or of which only a shape is asked.

A model with an open batch asks for its shape at run time, and puts it together anew with SHAPE, STRIDED_SLICE
and PACK, for a RESHAPE. The open batch stands as one, so all that is a constant.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.tflite.graph import MISSING, Graph, Op, Tensor

_MOST_VALUES = 1 << 24  # of a result; more would be no shape, and no model for a microcontroller
Arrays = list[NDArray[Any]]


def fold_constants(graph: Graph) -> Graph:
    """The graph without operators that give the same for every input, and without those nobody reads."""
    tensors = list(graph.tensors)
    ops = []
    for op in graph.ops:
        results = _results(op, tensors)
        if results is None:
            ops.append(op)
            continue
        for index, result in zip(op.outputs, results, strict=True):
            result.setflags(write=False)
            tensors[index] = replace(tensors[index], data=result)
    return replace(graph, tensors=tuple(tensors), ops=needed(ops, graph.outputs))


def needed(ops: Sequence[Op], outputs: Sequence[int]) -> tuple[Op, ...]:
    """Those that the outputs depend on. One that writes nothing is there for its effect."""
    read = set(outputs)
    kept: list[Op] = []
    for op in reversed(ops):
        if not op.outputs or read.intersection(op.outputs):
            kept.append(op)
            read.update(op.inputs)
    return tuple(reversed(kept))


def _results(op: Op, tensors: Sequence[Tensor]) -> Arrays | None:
    """What an operator puts out, if that is known and is what the file says of it."""
    outputs = [tensors[index] for index in op.outputs]
    inputs = [None if index == MISSING else tensors[index] for index in op.inputs]
    if op.custom or not outputs or any(math.prod(tensor.shape) > _MOST_VALUES for tensor in outputs):
        return None
    if op.name in _OF_SHAPES and inputs[0] is not None:
        results = [_OF_SHAPES[op.name](inputs[0])]
    elif op.name in _OF_VALUES:
        constants = [tensor.data for tensor in inputs if tensor is not None and tensor.data is not None]
        if len(constants) != len(inputs) or not _is_plain(op, [*filter(None, inputs), *outputs]):
            return None
        try:
            with np.errstate(all="ignore"):
                results = _OF_VALUES[op.name](op, constants, outputs[0])
        except (ValueError, IndexError, KeyError, TypeError, ZeroDivisionError, np.exceptions.AxisError):
            return None  # not a form that is known here: the operator stays and is named where it is refused
    else:
        return None
    if [result.shape for result in results] != [tensor.shape for tensor in outputs]:
        return None
    return [np.array(result, tensor.dtype) for result, tensor in zip(results, outputs, strict=True)]


def _is_plain(op: Op, tensors: Sequence[Tensor]) -> bool:
    """Whether stored values may be taken as they are: they are no activations, or are only moved."""
    if op.name in _CONVERSIONS:
        return True
    if op.name in _MOVES:
        quantized = [tensor for tensor in tensors if tensor.scales]
        return len({(tensor.scales, tensor.zero_points) for tensor in quantized}) < 2
    is_activated = op.options.get("fused_activation_function", "NONE") != "NONE"
    return not is_activated and all(tensor.dtype in (np.int32, np.int64) for tensor in tensors)


def _strided_slice(op: Op, constants: Arrays, output: Tensor) -> Arrays:
    values, begins, ends, steps = constants
    options = op.options
    if options["ellipsis_mask"] or options["new_axis_mask"]:
        raise ValueError("a form that is not known here")
    places: list[slice | int] = []
    for axis, (begin, end, step) in enumerate(zip(begins, ends, steps, strict=True)):
        if options["shrink_axis_mask"] >> axis & 1:
            places.append(int(begin))
            continue
        end = begin + end if options.get("offset") else end
        places.append(
            slice(
                None if options["begin_mask"] >> axis & 1 else int(begin),
                None if options["end_mask"] >> axis & 1 else int(end),
                int(step),
            )
        )
    return [values[tuple(places)]]


def _slice(op: Op, constants: Arrays, output: Tensor) -> Arrays:
    values, begins, sizes = constants
    ends = [None if size == -1 else begin + size for begin, size in zip(begins, sizes, strict=True)]
    return [values[tuple(slice(begin, end) for begin, end in zip(begins, ends, strict=True))]]


def _gather(op: Op, constants: Arrays, output: Tensor) -> Arrays:
    if op.options.get("batch_dims"):
        raise ValueError("a form that is not known here")
    return [np.take(constants[0], constants[1], axis=op.options["axis"])]


def _unpack(op: Op, constants: Arrays, output: Tensor) -> Arrays:
    return list(np.moveaxis(constants[0], op.options["axis"], 0))


def _reduce(function: Callable[..., Any]) -> Callable[[Op, Arrays, Tensor], Arrays]:
    def reduce(op: Op, constants: Arrays, output: Tensor) -> Arrays:
        axes = tuple(int(axis) for axis in constants[1].ravel())
        return [function(constants[0], axis=axes, keepdims=bool(op.options.get("keep_dims")))]

    return reduce


def _elementwise(function: Callable[..., Any]) -> Callable[[Op, Arrays, Tensor], Arrays]:
    return lambda op, constants, output: [function(*constants)]


def _dequantize(op: Op, constants: Arrays, output: Tensor) -> Arrays:
    """Of float16 only: weights of int8 that become floats are none of this engine's."""
    if constants[0].dtype != np.float16:
        raise ValueError("a form that is not known here")
    return [constants[0].astype(np.float32)]


def _quantize(op: Op, constants: Arrays, output: Tensor) -> Arrays:
    if constants[0].dtype != np.float32 or len(output.scales) != 1:
        raise ValueError("a form that is not known here")
    return [quantized(constants[0], output)]


def quantized(values: NDArray[np.float32], output: Tensor) -> NDArray[Any]:
    """What QUANTIZE stores of float32 values, still as floats.

    Source:
        tflite-micro, kernels/internal/reference/quantize.h: float32, halves away from zero.
    """
    scaled = (values / np.float32(output.scale)).astype(np.float64)
    rounded = np.trunc(scaled + np.copysign(0.5, scaled)) + output.zero_point
    limits = np.iinfo(output.dtype)
    return np.asarray(np.clip(rounded, limits.min, limits.max))


_OF_SHAPES: dict[str, Callable[[Tensor], NDArray[Any]]] = {
    "SHAPE": lambda tensor: np.array(tensor.shape),
    "RANK": lambda tensor: np.array(len(tensor.shape)),
}
_MOVES: dict[str, Callable[[Op, Arrays, Tensor], Arrays]] = {
    "RESHAPE": lambda op, constants, output: [constants[0].reshape(output.shape)],
    "EXPAND_DIMS": lambda op, constants, output: [constants[0].reshape(output.shape)],
    "SQUEEZE": lambda op, constants, output: [constants[0].reshape(output.shape)],
    "TRANSPOSE": lambda op, constants, output: [constants[0].transpose(constants[1])],
    "STRIDED_SLICE": _strided_slice,
    "SLICE": _slice,
    "GATHER": _gather,
    "PACK": lambda op, constants, output: [np.stack(constants, op.options["axis"])],
    "UNPACK": _unpack,
    "CONCATENATION": lambda op, constants, output: [np.concatenate(constants, op.options["axis"])],
    "FILL": lambda op, constants, output: [np.full(output.shape, constants[1])],
    "BROADCAST_TO": lambda op, constants, output: [np.broadcast_to(constants[0], output.shape)],
}
_CONVERSIONS: dict[str, Callable[[Op, Arrays, Tensor], Arrays]] = {
    "CAST": _elementwise(lambda values: values),
    "DEQUANTIZE": _dequantize,
    "QUANTIZE": _quantize,
}
_ARITHMETIC: dict[str, Callable[[Op, Arrays, Tensor], Arrays]] = {
    "ADD": _elementwise(np.add),
    "SUB": _elementwise(np.subtract),
    "MUL": _elementwise(np.multiply),
    "FLOOR_DIV": _elementwise(np.floor_divide),
    "FLOOR_MOD": _elementwise(np.mod),
    "DIV": _elementwise(lambda a, b: np.trunc(a / b)),
    "MAXIMUM": _elementwise(np.maximum),
    "MINIMUM": _elementwise(np.minimum),
    "NEG": _elementwise(np.negative),
    "ABS": _elementwise(np.absolute),
    "REDUCE_PROD": _reduce(np.prod),
    "REDUCE_MAX": _reduce(np.max),
    "REDUCE_MIN": _reduce(np.min),
    "SUM": _reduce(np.sum),
}
_OF_VALUES = {**_MOVES, **_CONVERSIONS, **_ARITHMETIC}
