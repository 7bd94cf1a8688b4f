"""Products that operators sum, by their shapes."""

import numpy as np
import pytest

from train.tflite.costs import multiply_accumulates
from train.tflite.graph import MISSING, Graph, Op, Tensor

Shapes = list[tuple[int, ...]]
CASES: dict[str, tuple[str, Shapes, tuple[int, ...], dict[str, object], int]] = {
    "conv": ("CONV_2D", [(1, 9, 8, 3), (5, 3, 2, 3), (5,)], (1, 9, 8, 5), {}, 9 * 8 * 5 * 3 * 2 * 3),
    "grouped conv": ("CONV_2D", [(1, 9, 8, 6), (4, 1, 1, 3)], (1, 9, 8, 4), {}, 9 * 8 * 4 * 3),
    "depthwise": ("DEPTHWISE_CONV_2D", [(1, 9, 8, 3), (1, 3, 2, 6)], (1, 4, 4, 6), {}, 4 * 4 * 6 * 3 * 2),
    "dense": ("FULLY_CONNECTED", [(1, 30), (7, 30), (7,)], (1, 7), {}, 210),
    "dense over rows": ("FULLY_CONNECTED", [(4, 30), (7, 30)], (4, 7), {}, 840),
    "transpose conv": (
        "TRANSPOSE_CONV", [(4,), (5, 3, 2, 3), (1, 4, 4, 3)], (1, 8, 8, 5), {}, 4 * 4 * 3 * 5 * 3 * 2,
    ),
    "matmul": ("BATCH_MATMUL", [(2, 3, 4), (2, 4, 5)], (2, 3, 5), {"adj_x": 0}, 2 * 3 * 4 * 5),
    "matmul turned": ("BATCH_MATMUL", [(2, 4, 3), (2, 4, 5)], (2, 3, 5), {"adj_x": 1}, 2 * 3 * 4 * 5),
    "no products": ("ADD", [(1, 9), (1, 9)], (1, 9), {}, 0),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_products(case: str) -> None:
    name, inputs, output, options, macs = CASES[case]
    tensors = tuple(
        Tensor(index, str(index), shape, np.dtype("int8"), (1.0,), (0,), 0, None)
        for index, shape in enumerate([*inputs, output])
    )
    op = Op(0, name, False, 1, (*range(len(inputs)), MISSING), (len(inputs),), options)
    assert multiply_accumulates(Graph(tensors, (op,), (0,), (len(inputs),)), op) == macs
