"""States whose zero points are not one, or none of int8, are refused by name; TFLite-Micro takes some."""

import shutil
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from kernel_models import Oracle, inputs_for
from operator_forms import GROUPS
from repacked import repack

from codegen.native import UNDEFINED_SANITIZER, NativeEngine
from train.core.errors import UserError

pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")


@pytest.mark.parametrize("points", [(), (5, 6), (300,), (-(1 << 40),), (0,)])
def test_bits_or_a_line(points: Sequence[int]) -> None:
    tflite = GROUPS["with state"]["SVDF"](np.random.default_rng(4))

    def change(tree: Any) -> None:
        for tensor in tree.subgraphs[0].tensors:
            if tensor.isVariable:
                tensor.quantization.scale = list(tensor.quantization.scale[:1]) * len(points)
                tensor.quantization.zeroPoint = list(points)

    changed = repack(tflite, change)
    try:
        oracle = Oracle(changed, "odd")
    except UserError:
        pytest.skip("TFLite-Micro does not take it")
    if len(points) != 1 or not -128 <= points[0] < 128:
        with pytest.raises(UserError, match="scale"):
            NativeEngine(changed, "odd")
        return
    engine = NativeEngine(changed, "odd", (*UNDEFINED_SANITIZER, "-O1"))
    inputs = inputs_for(oracle, 5)
    np.testing.assert_array_equal(
        engine.run(inputs).reshape(len(inputs), -1), oracle.run(inputs).reshape(len(inputs), -1)
    )
