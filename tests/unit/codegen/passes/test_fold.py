"""What is computed when the code is generated."""

from types import MappingProxyType

import numpy as np
import pytest

from codegen.passes.fold import fold_constants
from train.tflite.graph import MISSING, Graph, Op, Tensor

INT8 = ((0.5,), (3,))


def tensor(index, shape, dtype="int32", data=None, quantization=((), ())) -> Tensor:
    data = None if data is None else np.array(data, dtype).reshape(shape)
    return Tensor(index, f"t{index}", shape, np.dtype(dtype), *quantization, 0, data)


def op(index, name, inputs, outputs, **options) -> Op:
    return Op(index, name, False, 1, tuple(inputs), tuple(outputs), MappingProxyType(options))


def folded(name, inputs, output, **options):
    """What one operator of constants gives, or None where it stays."""
    tensors = [tensor(index, *given) for index, given in enumerate(inputs)]
    tensors.append(tensor(len(inputs), *output))
    result = len(inputs)
    graph = Graph(tuple(tensors), (op(0, name, range(result), [result], **options),), (), (result,))
    after = fold_constants(graph)
    assert len(after.ops) == (after.tensors[result].data is None)
    return after.tensors[result].data


SLICE = {"begin_mask": 0, "end_mask": 0, "shrink_axis_mask": 1, "ellipsis_mask": 0, "new_axis_mask": 0}
ONE = ((1,), "int32", 1)


@pytest.mark.parametrize(
    ("name", "inputs", "shape", "expected", "options"),
    [
        ("STRIDED_SLICE", [((4,), "int32", [1, 12, 10, 4]), ((1,), "int32", -1), ONE, ONE], (), 4, SLICE),
        ("STRIDED_SLICE", [((4,), "int32", [1, 12, 10, 4]), ONE, ((1,), "int32", 3), ONE], (2,), [12, 10],
         SLICE | {"shrink_axis_mask": 0}),
        ("SLICE", [((4,), "int32", [1, 2, 3, 4]), ONE, ((1,), "int32", -1)], (3,), [2, 3, 4], {}),
        ("PACK", [((), "int32", 1), ((), "int32", 320)], (2,), [1, 320], {"axis": 0}),
        ("GATHER", [((3,), "int32", [7, 8, 9]), ((2,), "int32", [2, 0])], (2,), [9, 7], {"axis": 0}),
        ("CONCATENATION", [((1,), "int32", 5), ((2,), "int32", [6, 7])], (3,), [5, 6, 7], {"axis": 0}),
        ("RESHAPE", [((2, 2), "int32", [1, 2, 3, 4])], (4,), [1, 2, 3, 4], {}),
        ("TRANSPOSE", [((1, 2), "int32", [3, 4]), ((2,), "int32", [1, 0])], (2, 1), [[3], [4]], {}),
        ("FILL", [((2,), "int32", [2, 1]), ((), "int32", 6)], (2, 1), [[6], [6]], {}),
        ("ADD", [((2,), "int32", [1, 2]), ((), "int32", 3)], (2,), [4, 5],
         {"fused_activation_function": "NONE"}),
        ("SUB", [((), "int32", 1), ((), "int32", 3)], (), -2, {}),
        ("MUL", [((2,), "int32", [5, 2]), ((2,), "int32", [3, 4])], (2,), [15, 8], {}),
        ("FLOOR_DIV", [((), "int32", -7), ((), "int32", 2)], (), -4, {}),
        ("DIV", [((), "int32", -7), ((), "int32", 2)], (), -3, {}),
        ("MAXIMUM", [((), "int32", -7), ((), "int32", 2)], (), 2, {}),
        ("REDUCE_PROD", [((3,), "int32", [2, 3, 4]), ((1,), "int32", 0)], (), 24, {"keep_dims": False}),
    ],
)  # fmt: skip
def test_integers(name, inputs, shape, expected, options):
    found = folded(name, inputs, (shape, "int32"), **options)
    assert found is not None
    assert (found.dtype, found.shape, found.tolist()) == (np.int32, shape, expected)


def test_conversions():
    assert folded("CAST", [((2,), "int64", [3, -4])], ((2,), "int32")).tolist() == [3, -4]
    assert folded("DEQUANTIZE", [((2,), "float16", [0.5, 2])], ((2,), "float32")).tolist() == [0.5, 2]
    values = [0.24, 0.25, -0.25, 99, -99]
    quantized = folded("QUANTIZE", [((5,), "float32", values)], ((5,), "int8", None, INT8))
    assert quantized.tolist() == [3, 4, 2, 127, -128], "halves away from zero, and within int8"


@pytest.mark.parametrize(
    ("name", "inputs", "output", "options"),
    [
        ("PACK", [((), "int32", 1), ((), "int32")], ((2,), "int32"), {"axis": 0}),
        ("PACK", [((), "int32", 1), ((), "int32", 2)], ((3,), "int32"), {"axis": 0}),
        ("GATHER", [((3,), "int32", [7, 8, 9]), ((1,), "int32", 3)], ((1,), "int32"), {"axis": 0}),
        ("FLOOR_DIV", [((), "int32", 1), ((), "int32", 0)], ((2,), "int32"), {}),
        ("ADD", [((2,), "int8", [1, 2], INT8)] * 2, ((2,), "int8", None, INT8), {}),
        ("ADD", [((), "int32", 1)] * 2, ((), "int32"), {"fused_activation_function": "RELU"}),
        ("FILL", [((1,), "int32", 2**30), ((), "int32", 0)], ((2**30,), "int32"), {}),
        ("RESHAPE", [((1,), "int8", 1, INT8)], ((1,), "int8", None, ((0.25,), (3,))), {}),
    ],
    ids=["open", "other shape", "out of range", "by zero", "activations", "fused", "huge", "rescaled"],
)
def test_what_is_not_known_stays(name, inputs, output, options):
    assert folded(name, inputs, output, **options) is None


def test_the_shape_of_what_is_computed_is_known_and_what_nobody_reads_goes():
    """An open batch: SHAPE, STRIDED_SLICE, PACK, RESHAPE."""
    tensors = (
        tensor(0, (1, 4, 5), "int8", None, INT8),
        tensor(1, (3,)),
        *(tensor(2 + place, (1,), "int32", place) for place in range(2)),
        tensor(4, ()),
        tensor(5, (), "int32", 20),
        tensor(6, (2,)),
        tensor(7, (1, 20), "int8", None, INT8),
        tensor(8, (1, 20), "int8", None, INT8),
    )
    ops = (
        op(0, "SHAPE", [0], [1]),
        op(1, "STRIDED_SLICE", [1, 2, 3, 3], [4], **SLICE),
        op(2, "PACK", [4, 5], [6], axis=0),
        op(3, "RESHAPE", [0, 6], [7]),
        op(4, "RELU", [7], [8]),
        op(5, "RESHAPE", [0, MISSING], [8]),
    )
    after = fold_constants(Graph(tensors, ops[:5], (0,), (7,)))
    assert [it.name for it in after.ops] == ["RESHAPE"]
    assert after.tensors[6].data.tolist() == [1, 20]
    assert not after.tensors[6].data.flags.writeable
