"""The methods that register operators with TFLite-Micro."""

from pathlib import Path

import pytest
from repacked import repack

from codegen.op_resolver import resolver_method, resolver_methods
from train.core.errors import UserError
from train.tflite.graph import read_graph
from train.tflite.schema import ENGINE_OPS, schema


def test_each_operator_is_registered_once(tiny_tflite):
    methods = resolver_methods([read_graph(tiny_tflite, "tiny.tflite")], "tiny.tflite")
    assert methods == ["AddConv2D", "AddReshape", "AddFullyConnected", "AddSoftmax"]


def test_a_custom_operator_has_no_method(tiny_tflite):
    def change(tree):
        tree.operatorCodes[-1].builtinCode = schema().BuiltinOperator.CUSTOM
        tree.operatorCodes[-1].deprecatedBuiltinCode = schema().BuiltinOperator.CUSTOM
        tree.operatorCodes[-1].customCode = "MyOp"

    graph = read_graph(repack(tiny_tflite, change), "custom.tflite")
    with pytest.raises(UserError, match=r"custom\.tflite: op 3 is the custom operator 'MyOp'"):
        resolver_methods([graph], "custom.tflite")


@pytest.mark.parametrize(
    ("op", "method"),
    [
        ("CONV_2D", "AddConv2D"),
        ("DEPTHWISE_CONV_2D", "AddDepthwiseConv2D"),
        ("FULLY_CONNECTED", "AddFullyConnected"),
        ("MAX_POOL_2D", "AddMaxPool2D"),
        ("RELU6", "AddRelu6"),
        ("BATCH_MATMUL", "AddBatchMatMul"),
        ("PADV2", "AddPadV2"),
        ("L2_NORMALIZATION", "AddL2Normalization"),
        ("REVERSE_V2", "AddReverseV2"),
        ("SPLIT_V", "AddSplitV"),
        ("TRANSPOSE_CONV", "AddTransposeConv"),
        ("SVDF", "AddSvdf"),
        ("SPACE_TO_BATCH_ND", "AddSpaceToBatchNd"),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", "AddUnidirectionalSequenceLSTM"),
    ],
)
def test_resolver_methods_are_spelled_as_upstream_spells_them(op, method):
    assert resolver_method(op) == method


def test_every_operator_of_the_engine_is_documented():
    page = (Path(__file__).parents[3] / "docs" / "OPERATORS.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| ")]
    named = {name.strip() for row in rows[1:] for name in row.split(",")}
    assert named == set(ENGINE_OPS)
