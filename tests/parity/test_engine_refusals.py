"""What the compiled engine does not run is refused by name, before there is any C."""

import shutil

import numpy as np
import pytest
from converted_models import convert, repack

from codegen.native import NativeEngine
from train.core.errors import UserError

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda x: tf.tile(x, (1, 2, 1, 1)),
            r"^m\.tflite: op 0 is operator TILE, which writes tensor \d+ .*codegen/ops/tile\.py",
        ),
        (
            lambda x: tf.transpose(tf.tile(x, (1, 1, 1, 2)), (0, 2, 1, 3)),
            r"^m\.tflite: op \d is operator TILE, which .*codegen/ops/tile\.py",
        ),
    ],
)
def test_what_it_does_not_run_is_named(function, message):
    with pytest.raises(UserError, match=message):
        NativeEngine(convert(function, (4, 5, 6)), "m.tflite")


def test_a_float_model_is_refused():
    function = tf.function(lambda x: tf.tanh(x), input_signature=[tf.TensorSpec((1, 4))])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    with pytest.raises(
        UserError,
        match=r"^float\.tflite: it is a float model: nothing in it is quantized\. Convert it to int8",
    ):
        NativeEngine(converter.convert(), "float.tflite")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("fusedActivationFunction", 5, "fused activation SIGN_BIT"),
        ("strideH", 3, "25 outputs; .* number of outputs that follows"),
        ("strideW", 0, "option stride_w is 0; .* at least 1"),
        ("dilationHFactor", 0, "option dilation_h_factor is 0"),
    ],
)
def test_a_form_it_does_not_run_is_named(tiny_tflite, field, value, message):
    def change(tree):
        setattr(tree.subgraphs[0].operators[0].builtinOptions, field, value)

    with pytest.raises(UserError, match=message):
        NativeEngine(repack(tiny_tflite, change), "tiny")


@pytest.mark.parametrize(
    ("scale", "zero_point", "message"),
    [
        ([0.0], [0], "scale 0.0 and zero point 0; .* positive scale"),
        ([0.5], [300], "zero point 300; .* within int8"),
        ([0.5] * 8, [0] * 8, "has 8 scales; .* one scale per tensor"),
    ],
)
def test_a_quantization_it_does_not_run_is_named(tiny_tflite, scale, zero_point, message):
    def change(tree):
        quantization = tree.subgraphs[0].tensors[tree.subgraphs[0].operators[0].outputs[0]].quantization
        quantization.scale, quantization.zeroPoint = scale, zero_point

    with pytest.raises(UserError, match=rf"op 0 CONV_2D: tensor \d+ .* {message}"):
        NativeEngine(repack(tiny_tflite, change), "tiny")


def test_an_operator_without_options_is_refused(tiny_tflite):
    def change(tree):
        tree.subgraphs[0].operators[0].builtinOptions = None

    with pytest.raises(UserError, match="op 0 CONV_2D: option dilation_h_factor is missing"):
        NativeEngine(repack(tiny_tflite, change), "tiny")


def test_inputs_of_another_kind_are_refused(tiny_tflite):
    engine = NativeEngine(tiny_tflite, "tiny")
    assert engine.run(np.zeros((0, 49, 43), np.int8)).shape == (0, 4)
    for inputs in (np.zeros((1, 49, 43), np.uint8), np.zeros((1, 49, 44), np.int8)):
        with pytest.raises(ValueError, match="expected int8"):
            engine.run(inputs)
