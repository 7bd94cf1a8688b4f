"""The graph in a .tflite file."""

import numpy as np
import pytest
from repacked import repack

from train.core.errors import UserError
from train.tflite.graph import MISSING, check_quantized, read_graph
from train.tflite.schema import schema


@pytest.fixture(scope="module")
def graph(tiny_tflite):
    return read_graph(tiny_tflite, "tiny.tflite")


def test_operators_in_order_with_their_options(graph):
    assert graph.op_names == ("CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX")
    conv, _, dense, softmax = graph.ops
    expected = {"padding": "SAME", "stride_h": 2, "stride_w": 2, "fused_activation_function": "RELU"}
    assert {key: conv.options[key] for key in expected} == expected
    assert (conv.options["dilation_h_factor"], conv.custom) == (1, False)
    assert dense.options["fused_activation_function"] == "NONE"
    assert dense.inputs[2:] in ((), (MISSING,)) or graph.tensors[dense.inputs[2]].data is not None
    assert softmax.options["beta"] == 1.0


def test_ends_of_the_graph(graph):
    (entry,), (result,) = graph.inputs, graph.outputs
    assert (graph.tensors[entry].shape, graph.tensors[result].shape) == ((1, 49, 43, 1), (1, 4))
    assert (graph.tensors[entry].scale, graph.tensors[entry].zero_point) == (0.5, -128)
    assert graph.tensors[entry].data is None
    assert graph.ops[0].inputs[0] == entry
    assert graph.ops[-1].outputs == (result,)


def test_constants_and_scales_per_channel(graph):
    weights, bias = (graph.tensors[index] for index in graph.ops[0].inputs[1:])
    assert (weights.shape, weights.dtype, weights.quantized_dimension) == ((8, 10, 8, 1), np.int8, 0)
    assert len(weights.scales) == len(weights.zero_points) == len(bias.scales) == 8
    assert len(set(weights.scales)) > 1
    assert weights.data.shape == (8, 10, 8, 1)
    assert np.abs(weights.data.astype(int)).max(axis=(1, 2, 3)).tolist() == [127] * 8
    assert (bias.dtype, bias.data.shape) == (np.dtype("<i4"), (8,))
    # the scale of a bias is that of the input times that of the weights, in float32
    product = np.float32(graph.tensors[graph.ops[0].inputs[0]].scale) * np.float32(weights.scales)
    np.testing.assert_allclose(bias.scales, product, rtol=1e-6)
    with pytest.raises(ValueError, match="too many values"):
        _ = weights.scale


def test_nothing_can_be_changed(graph):
    with pytest.raises(AttributeError):
        graph.ops[0].name = "ADD"
    with pytest.raises(TypeError):
        graph.ops[0].options["padding"] = "VALID"
    weights = graph.tensors[graph.ops[0].inputs[1]]
    with pytest.raises(ValueError, match="read-only"):
        weights.data[0] = 1


def test_it_agrees_with_tensorflow(graph, tiny_tflite):
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_content=tiny_tflite)
    # TensorFlow appends temporary tensors of its own.
    for tensor, details in zip(graph.tensors, interpreter.get_tensor_details(), strict=False):
        quantization = details["quantization_parameters"]
        assert tensor.name == details["name"]
        assert tensor.shape == tuple(details["shape"])
        assert tensor.dtype == details["dtype"]
        assert tensor.scales == tuple(quantization["scales"].tolist())
        assert tensor.zero_points == tuple(quantization["zero_points"].tolist())
        if tensor.data is not None:
            assert (tensor.data == interpreter.get_tensor(tensor.index)).all()


def test_floats_are_named(float_tflite, graph):
    floats = read_graph(float_tflite, "float.tflite")
    with pytest.raises(
        UserError, match=r"float\.tflite: \d+ of \d+ tensors hold floats: .*float32.*quantize"
    ):
        check_quantized(floats, "float.tflite")
    check_quantized(graph, "tiny.tflite")


def test_complex_numbers_are_floats_too(tiny_tflite):
    def change(tree):
        tree.subgraphs[0].tensors[6].type = schema().TensorType.COMPLEX64

    graph = read_graph(repack(tiny_tflite, change), "complex.tflite")
    with pytest.raises(UserError, match=r"1 of \d+ tensors hold floats: .*complex64"):
        check_quantized(graph, "complex.tflite")


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x1c\0\0\0TFL3" + bytes(range(200))])
def test_foreign_files_are_refused(data):
    with pytest.raises(UserError, match=r"^foreign\.tflite: "):
        read_graph(data, "foreign.tflite")


def test_a_cut_file_is_refused(tiny_tflite):
    with pytest.raises(UserError, match=r"cut\.tflite: damaged or cut short.* 9000 bytes"):
        read_graph(tiny_tflite[:9000], "cut.tflite")


def test_two_subgraphs_are_refused(tiny_tflite):
    twice = repack(tiny_tflite, lambda tree: tree.subgraphs.append(tree.subgraphs[0]))
    with pytest.raises(UserError, match="has 2 subgraphs, expected one"):
        read_graph(twice, "twice.tflite")


def test_a_type_without_a_numpy_type_is_refused(tiny_tflite):
    def change(tree):
        tree.subgraphs[0].tensors[6].type = schema().TensorType.INT4

    with pytest.raises(UserError, match=r"tensor 6 '.*' is int4, expected one of float32, .*int8"):
        read_graph(repack(tiny_tflite, change), "int4.tflite")


def test_a_custom_operator_keeps_its_name(tiny_tflite):
    def change(tree):
        tree.operatorCodes[-1].builtinCode = schema().BuiltinOperator.CUSTOM
        tree.operatorCodes[-1].deprecatedBuiltinCode = schema().BuiltinOperator.CUSTOM
        tree.operatorCodes[-1].customCode = "MyOp"

    graph = read_graph(repack(tiny_tflite, change), "custom.tflite")
    assert (graph.ops[-1].name, graph.ops[-1].custom) == ("MyOp", True)


def test_an_old_file_keeps_its_operators_in_a_byte(tiny_tflite):
    def change(tree):
        for code in tree.operatorCodes:
            code.builtinCode = 0

    graph = read_graph(repack(tiny_tflite, change), "old.tflite")
    assert graph.op_names == ("CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX")


@pytest.mark.parametrize("name", ["ethos-u", "edgetpu-custom-op"])
def test_a_model_compiled_for_another_processor(tiny_tflite, name):
    def change(tree):
        tree.operatorCodes[0].builtinCode = schema().BuiltinOperator.CUSTOM
        tree.operatorCodes[0].deprecatedBuiltinCode = schema().BuiltinOperator.CUSTOM
        tree.operatorCodes[0].customCode = name

    with pytest.raises(UserError, match=rf"op 0 is {name}: the model was compiled for "):
        read_graph(repack(tiny_tflite, change), "npu.tflite")
