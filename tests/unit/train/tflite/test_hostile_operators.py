"""Operators that no converter writes are refused when the file is read, for both engines."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kernel_models import random_dense
from repacked import repack

from train.core.errors import UserError
from train.tflite.graph import read_graph
from train.tflite.schema import schema


def inputs(indices: list[int]) -> Callable[[Any], None]:
    def change(tree: Any) -> None:
        tree.subgraphs[0].operators[0].inputs = indices

    return change


def outputs(indices: list[int]) -> Callable[[Any], None]:
    def change(tree: Any) -> None:
        tree.subgraphs[0].operators[0].outputs = indices

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (inputs([]), r"op 0 \w+ has the inputs \[\], expected tensors"),
        (inputs([-1, 1]), r"op 0 \w+ has the inputs \[-1\], expected tensors"),
        (outputs([]), r"op 0 \w+ has the outputs \[\], expected tensors"),
        (outputs([-1]), r"op 0 \w+ has the outputs \[-1\], expected tensors"),
    ],
)
def test_operators_without_ends(change: Callable[[Any], None], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_graph(repack(random_dense(2), change), "m.tflite")


def test_the_name_of_a_custom_operator_is_a_line() -> None:
    def change(tree: Any) -> None:
        code = tree.operatorCodes[0]
        code.builtinCode = code.deprecatedBuiltinCode = schema().BuiltinOperator.CUSTOM
        code.customCode = b"a\nerror: \x1b[2J"

    (op, *_) = read_graph(repack(random_dense(2), change), "m.tflite").ops
    assert op.name == "a\\nerror: \\x1b[2J"
    assert op.custom


def test_what_is_sound_is_read() -> None:
    assert np.prod(read_graph(random_dense(2), "m.tflite").tensors[0].shape) > 0
