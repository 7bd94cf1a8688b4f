"""Operators that move values, compare them, or keep them in lists; ``operators.py`` has those that compute.

A TensorArray, and its successor the TensorList, are arrays of one object, a list of arrays.
"""

import numpy as np

from .graphdef import DTYPES, GraphError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Array = np.ndarray[Any, Any]
    Attributes = dict[str, Any]


def _sizes(shape):
    # type: (Array) -> list[int]
    return [int(size) for size in np.atleast_1d(shape)]


# Moving


def _split(attributes, axis, x):
    # type: (Attributes, Array, Array) -> tuple[Array, ...]
    return tuple(np.ascontiguousarray(part) for part in np.split(x, attributes["num_split"], int(axis)))


def _split_v(attributes, x, sizes, axis):
    # type: (Attributes, Array, Array, Array) -> tuple[Array, ...]
    """One size may be -1: what is left."""
    given = _sizes(sizes)
    left = x.shape[int(axis)] - sum(size for size in given if size >= 0)
    ends = np.cumsum([left if size < 0 else size for size in given])[:-1]
    return tuple(np.ascontiguousarray(part) for part in np.split(x, ends, int(axis)))


def _unpack(attributes, x):
    # type: (Attributes, Array) -> tuple[Array, ...]
    axis = attributes.get("axis", 0)
    return tuple(np.ascontiguousarray(np.take(x, index, axis)) for index in range(attributes["num"]))


def _pack(attributes, *inputs):
    # type: (Attributes, Array) -> Array
    return np.stack(inputs, attributes.get("axis", 0))


def _concat_old(attributes, axis, *inputs):
    # type: (Attributes, Array, Array) -> Array
    return np.concatenate(inputs, int(axis))


def _gather(attributes, x, indices, axis=0):
    # type: (Attributes, Array, Array, Any) -> Array
    if attributes.get("batch_dims"):
        raise GraphError("batch_dims is %d, expected 0" % attributes["batch_dims"])
    if np.size(indices) and (np.min(indices) < 0 or np.max(indices) >= x.shape[int(axis)]):
        raise GraphError("an index is out of range")
    return np.take(x, indices, int(axis))


def _strided_slice(attributes, x, begins, ends, strides):
    # type: (Attributes, Array, Array, Array, Array) -> Array
    """Each mask has a bit for each place: no begin, no end, all that is left out, a new axis, one index."""
    masks = [
        attributes.get(name + "_mask", 0) for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    ]
    taken = []  # type: list[Any]
    for place, (begin, end, stride) in enumerate(zip(_sizes(begins), _sizes(ends), _sizes(strides))):
        no_begin, no_end, is_rest, is_new, is_one = (mask >> place & 1 for mask in masks)
        if is_rest:
            taken.append(Ellipsis)
        elif is_new:
            taken.append(np.newaxis)
        elif is_one:
            taken.append(begin)
        else:
            taken.append(slice(None if no_begin else begin, None if no_end else end, stride))
    return np.array(x[tuple(taken)])


def _pad_v2(attributes, x, paddings, value):
    # type: (Attributes, Array, Array, Array) -> Array
    around = [(int(before), int(after)) for before, after in paddings]
    return np.pad(x, around, "constant", constant_values=value.item())


def _mirror_pad(attributes, x, paddings):
    # type: (Attributes, Array, Array) -> Array
    mode = {b"REFLECT": "reflect", b"SYMMETRIC": "symmetric"}[attributes["mode"]]
    around = [(int(before), int(after)) for before, after in paddings]
    return np.pad(x, around, mode)  # type: ignore[call-overload,no-any-return]


def _reverse(attributes, x, axes):
    # type: (Attributes, Array, Array) -> Array
    for axis in _sizes(axes) if np.size(axes) else []:
        x = np.flip(x, axis)
    return np.ascontiguousarray(x)


def _shape(attributes, x):
    # type: (Attributes, Array) -> Array
    return np.array(np.shape(x), DTYPES[attributes.get("out_type", 3)])


def _fill(attributes, shape, value):
    # type: (Attributes, Array, Array) -> Array
    return np.full(_sizes(shape) if np.size(shape) else (), value, value.dtype)


def _range(attributes, start, limit, delta):
    # type: (Attributes, Array, Array, Array) -> Array
    numbers = np.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)  # type: Array
    return numbers


def _arg(function):
    # type: (Callable[..., Any]) -> Callable[..., Array]
    def find(attributes, x, axis):
        # type: (Attributes, Array, Array) -> Array
        return np.asarray(function(x, int(axis))).astype(DTYPES[attributes.get("output_type", 9)])

    return find


def _batch_product(attributes, a, b):
    # type: (Attributes, Array, Array) -> Array
    left = np.swapaxes(a, -1, -2) if attributes.get("adj_x") else a
    right = np.swapaxes(b, -1, -2) if attributes.get("adj_y") else b
    return np.asarray(np.matmul(left, right))


def _select(attributes, condition, x, y):
    # type: (Attributes, Array, Array, Array) -> Array
    """The first version chooses rows where the condition is a vector."""
    condition = np.asarray(condition)
    while 1 == condition.ndim < np.ndim(x):
        condition = condition.reshape(condition.shape + (1,) * (np.ndim(x) - 1))
    return np.where(condition, x, y)


# Batch normalization


def _batch_norm(attributes, x, scale, offset, mean, variance):
    # type: (Attributes, Array, Array, Array, Array, Array) -> tuple[Array, ...]
    """With the statistics that are given, or in training with those of the batch."""
    if attributes.get("data_format", b"NHWC") != b"NHWC":
        raise GraphError("data_format is %r, expected NHWC" % attributes["data_format"])
    if attributes.get("is_training", True):
        axes = tuple(range(x.ndim - 1))
        mean, variance = x.mean(axes), x.var(axes)
    factor = scale / np.sqrt(variance + np.float32(attributes.get("epsilon", 0.0001)))
    return x * factor + (offset - mean * factor), mean, variance, mean, variance, variance


# Lists


def _boxed(values):
    # type: (list[Any]) -> Array
    box = np.empty((), object)
    box[()] = values
    return box


_FLOW = np.float32(0)  # what orders the operators of a TensorArray


def _array_write(attributes, handle, index, value, flow):
    # type: (Attributes, Array, Array, Array, Array) -> Array
    items = handle[()]  # type: Any
    items.extend([None] * (int(index) + 1 - len(items)))
    items[int(index)] = value
    return np.array(_FLOW)


def _array_scatter(attributes, handle, indices, values, flow):
    # type: (Attributes, Array, Array, Array, Array) -> Array
    for index, value in zip(indices, values):
        _array_write(attributes, handle, index, value, flow)
    return np.array(_FLOW)


def _array_gather(attributes, handle, indices, flow):
    # type: (Attributes, Array, Array, Array) -> Array
    return np.stack([handle[()][int(index)] for index in indices])


def _list_set(attributes, handle, index, value):
    # type: (Attributes, Array, Array, Array) -> Array
    items = list(handle[()])
    items[int(index)] = value
    return _boxed(items)


def _list_get(attributes, handle, index, shape):
    # type: (Attributes, Array, Array, Array) -> Array
    """What was never set is zero, in the shape that is asked for."""
    value = handle[()][int(index)]
    return np.zeros(_sizes(shape), DTYPES[attributes["element_dtype"]]) if value is None else value


ARRAY_OPERATORS = {
    "AddN": lambda attributes, *inputs: np.asarray(sum(inputs[1:], inputs[0])),
    "ArgMax": _arg(np.argmax),
    "ArgMin": _arg(np.argmin),
    "BatchMatMul": _batch_product,
    "BatchMatMulV2": _batch_product,
    "BroadcastTo": lambda attributes, x, shape: np.array(np.broadcast_to(x, _sizes(shape))),
    "Concat": _concat_old,
    "Equal": lambda attributes, x, y: np.equal(x, y),
    "Fill": _fill,
    "FusedBatchNorm": _batch_norm,
    "FusedBatchNormV2": _batch_norm,
    "FusedBatchNormV3": _batch_norm,
    "Gather": _gather,
    "GatherV2": _gather,
    "Greater": lambda attributes, x, y: np.greater(x, y),
    "GreaterEqual": lambda attributes, x, y: np.greater_equal(x, y),
    "Less": lambda attributes, x, y: np.less(x, y),
    "LessEqual": lambda attributes, x, y: np.less_equal(x, y),
    "LogicalAnd": lambda attributes, x, y: np.logical_and(x, y),
    "LogicalNot": lambda attributes, x: np.logical_not(x),
    "LogicalOr": lambda attributes, x, y: np.logical_or(x, y),
    "MirrorPad": _mirror_pad,
    "NotEqual": lambda attributes, x, y: np.not_equal(x, y),
    "OnesLike": lambda attributes, x: np.ones_like(x),
    "Pack": _pack,
    "PadV2": _pad_v2,
    "Range": _range,
    "Rank": lambda attributes, x: np.array(np.ndim(x), np.int32),
    "ReverseV2": _reverse,
    "Select": _select,
    "SelectV2": lambda attributes, condition, x, y: np.where(condition, x, y),
    "Shape": _shape,
    "Size": lambda attributes, x: np.array(np.size(x), DTYPES[attributes.get("out_type", 3)]),
    "Split": _split,
    "SplitV": _split_v,
    "StridedSlice": _strided_slice,
    "TensorArrayGatherV3": _array_gather,
    "TensorArrayReadV3": lambda attributes, handle, index, flow: handle[()][int(index)],
    "TensorArrayScatterV3": _array_scatter,
    "TensorArraySizeV3": lambda attributes, handle, flow: np.array(len(handle[()]), np.int32),
    "TensorArrayV3": lambda attributes, size: (_boxed([None] * int(size)), np.array(_FLOW)),
    "TensorArrayWriteV3": _array_write,
    "TensorListFromTensor": lambda attributes, x, shape: _boxed(list(x)),
    "TensorListGetItem": _list_get,
    "TensorListLength": lambda attributes, handle: np.array(len(handle[()]), np.int32),
    "TensorListReserve": lambda attributes, shape, count: _boxed([None] * int(count)),
    "TensorListSetItem": _list_set,
    "TensorListStack": lambda attributes, handle, shape: np.stack(handle[()]),
    "Tile": lambda attributes, x, multiples: np.tile(x, _sizes(multiples)),
    "Unpack": _unpack,
    "ZerosLike": lambda attributes, x: np.zeros_like(x),
}  # type: dict[str, Callable[..., Any]]
