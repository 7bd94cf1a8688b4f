"""The audit: it passes a full-int8 model, and each thing that is not int8 is refused by name."""

import numpy as np
import pytest
from operator_forms import GROUPS
from repacked import repack
from tflite_builder import Network

from quantize.audit import audit
from quantize.slim import slim
from train.core.errors import UserError
from train.core.spec import FrontEnd
from train.tflite.schema import ENGINE_OPS, schema

FRONT_END = FrontEnd()


def tensor_of(tree, op: int, position: int):
    """Tensor that an operator takes at a position, or puts out at -1."""
    graph = tree.subgraphs[0]
    found = graph.operators[op]
    return graph.tensors[found.outputs[0] if position < 0 else found.inputs[position]]


def test_a_quantized_model_passes_and_is_taken_stock_of(tiny_tflite):
    result = audit(slim(tiny_tflite), FRONT_END)
    assert [op.name for op in result.ops] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]
    assert (result.input.scales, result.input.zero_points) == ((0.5,), (-128,))
    assert result.output.shape == (1, 4)
    assert (result.output.scales, result.output.zero_points) == ((1 / 256,), (-128,))
    assert result.file_bytes == len(slim(tiny_tflite))
    # SEMANTICS: 8 filters of 10 x 8 over 25 x 22 places; 4400 x 4
    assert [op.macs for op in result.ops] == [25 * 22 * 8 * 80, 0, 4400 * 4, 0]
    assert result.ops[0].weight_bytes == 8 * 80 + 8 * 4
    assert result.ops[2].weight_bytes == 4 * 4400, "its biases are zero and left out"
    assert result.constant_bytes == sum(op.weight_bytes for op in result.ops)


def test_a_float_model_is_refused(float_tflite):
    with pytest.raises(UserError, match=r"float\.tflite: tensor 0 .* is FLOAT32, expected INT8"):
        audit(float_tflite, FRONT_END, "float.tflite")


@pytest.mark.parametrize(("op", "position"), [(0, -1), (2, 1), (3, -1)])
def test_one_float_tensor_is_found_wherever_it_is(tiny_tflite, op, position):
    def change(tree):
        tensor = tensor_of(tree, op, position)
        tensor.type = schema().TensorType.FLOAT32
        tensor.buffer = 0  # float data would have another length, which is refused earlier

    with pytest.raises(UserError, match="is FLOAT32, expected INT8"):
        audit(repack(tiny_tflite, change), FRONT_END)


@pytest.mark.parametrize("kind", ["INT16", "UINT8", "FLOAT16", "INT64"])
def test_so_is_any_other_type(tiny_tflite, kind):
    def change(tree):
        tensor = tensor_of(tree, 0, -1)
        tensor.type = getattr(schema().TensorType, kind)

    with pytest.raises(UserError, match=f"is {kind}, expected INT8"):
        audit(repack(tiny_tflite, change), FRONT_END)


def test_int32_is_for_constants_only(tiny_tflite):
    def change(tree):
        tensor_of(tree, 2, -1).type = schema().TensorType.INT32

    with pytest.raises(UserError, match="is INT32 and computed at run time"):
        audit(repack(tiny_tflite, change), FRONT_END)


@pytest.mark.parametrize(
    "name", ["COS", "BIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN", "CUSTOM"]
)
def test_an_operator_outside_the_list_is_named(tiny_tflite, name):
    def change(tree):
        code = tree.operatorCodes[tree.subgraphs[0].operators[2].opcodeIndex]
        code.builtinCode = getattr(schema().BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)

    assert name not in ENGINE_OPS
    with pytest.raises(UserError, match=rf"op 2 is {name}, which the engines do not run; supported: ABS, "):
        audit(repack(tiny_tflite, change), FRONT_END)


def test_a_custom_operator_is_refused_whatever_it_is_called(tiny_tflite):
    def change(tree):
        code = tree.operatorCodes[tree.subgraphs[0].operators[2].opcodeIndex]
        code.builtinCode = code.deprecatedBuiltinCode = schema().BuiltinOperator.CUSTOM
        code.customCode = "SOFTMAX"

    with pytest.raises(UserError, match=r"op 2 is SOFTMAX, which the engines do not run"):
        audit(repack(tiny_tflite, change), FRONT_END)


@pytest.mark.parametrize(("scale", "zero_point"), [(0.4999, -128), (0.5, -127), (1.0, 0)])
def test_the_input_is_exactly_the_front_ends(tiny_tflite, scale, zero_point):
    def change(tree):
        graph = tree.subgraphs[0]
        quantization = graph.tensors[graph.inputs[0]].quantization
        quantization.scale, quantization.zeroPoint = [scale], [zero_point]

    with pytest.raises(UserError, match=r"input scale and zero point are .* expected exactly"):
        audit(repack(tiny_tflite, change), FRONT_END)


def test_more_than_one_graph_is_refused(tiny_tflite):
    with pytest.raises(UserError, match="has 2 subgraphs, expected one"):
        audit(repack(tiny_tflite, lambda tree: tree.subgraphs.append(tree.subgraphs[0])), FRONT_END)


def test_repacking_alone_is_not_refused(tiny_tflite):
    """So the refusals above come from the change."""
    audit(repack(tiny_tflite, lambda tree: None), FRONT_END)


def svdf(dtype: str = "int16") -> bytes:
    """6 filters of rank 3 that look at 5 values and remember 7."""
    network = Network((5,), FRONT_END.input_zero_point, FRONT_END.feature_scale)
    feature = network.constant_input(np.ones((6, 5), np.int8))
    time = network.constant_input(np.ones((6, 7), dtype))
    state = network.state((1, 42), 1.0, dtype=dtype)
    inputs = [network.input, feature, time, network.numbers([1, 2]), state]
    return network.tflite(network.op("SVDF", inputs, (1, 2), (0.1, 0), "SVDFOptions", rank=3))


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_state_passes_and_so_do_its_weights(dtype):
    (op,) = audit(svdf(dtype), FRONT_END).ops
    assert (op.macs, op.output_shape) == (6 * 5 + 6 * 7, (1, 2))
    assert op.weight_bytes == 6 * 5 + 6 * 7 * np.dtype(dtype).itemsize + 2 * 4


def test_products_of_an_lstm():
    def change(tree):
        quantization = tree.subgraphs[0].tensors[tree.subgraphs[0].inputs[0]].quantization
        quantization.scale, quantization.zeroPoint = [FRONT_END.feature_scale], [FRONT_END.input_zero_point]

    tflite = GROUPS["with state"]["UNIDIRECTIONAL_SEQUENCE_LSTM"](np.random.default_rng(0))
    ops = audit(repack(tflite, change), FRONT_END).ops
    (lstm,) = (op for op in ops if op.macs)
    first, second, units = lstm.output_shape
    # weights are four gates of units x (inputs + units), and a bias of 4 bytes each
    values = (lstm.weight_bytes - 4 * 4 * units) // (4 * units)
    assert lstm.macs == 4 * first * second * units * values


def test_a_tensor_that_nobody_uses_may_be_anything(tiny_tflite):
    """As the ones that tell the scales inside of an LSTM, which have no shape."""

    def change(tree):
        tensor = type(tree.subgraphs[0].tensors[0])()
        tensor.shape, tensor.type, tensor.buffer = [0], schema().TensorType.INT16, 0
        tree.subgraphs[0].tensors.append(tensor)

    assert len(audit(repack(tiny_tflite, change), FRONT_END).ops) == 4


def test_a_tensor_in_use_has_a_shape(tiny_tflite):
    with pytest.raises(UserError, match=r"tensor \d+ has shape \[0\]"):
        audit(repack(tiny_tflite, lambda tree: setattr(tensor_of(tree, 0, -1), "shape", [0])), FRONT_END)
