"""Small .tflite made by TensorFlow's converter, changed by hand, and their bits compared."""

from collections.abc import Callable

import numpy as np
import pytest
from kernel_models import Oracle, assert_equal, inputs_for
from repacked import repack

from codegen.native import UNDEFINED_SANITIZER, NativeEngine
from train.tflite.graph import read_graph

tf = pytest.importorskip("tensorflow")

RANDOM_INPUTS = 300


def convert(
    function: Callable, shape: tuple[int, ...], per_channel: bool = True, spread: float = 1.0, ends=tf.int8
) -> bytes:
    """A full-int8 .tflite of a function of one tensor (1, *shape), calibrated on normal noise."""
    signature = [tf.TensorSpec((1, *shape), tf.float32)]
    concrete = tf.function(function, input_signature=signature).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    rng = np.random.default_rng(1)
    samples = [rng.normal(0, spread, (1, *shape)).astype(np.float32) for _ in range(20)]
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([sample] for sample in samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = ends
    converter._experimental_disable_per_channel = not per_channel
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not per_channel
    return converter.convert()


def rescaled(tflite: bytes, entry: tuple[float, int], result: tuple[float, int]) -> bytes:
    """The model with these scales and zero points at its ends."""

    def change(tree):
        graph = tree.subgraphs[0]
        for end, (scale, zero_point) in ((graph.inputs, entry), (graph.outputs, result)):
            quantization = graph.tensors[end[0]].quantization
            quantization.scale, quantization.zeroPoint = [scale], [zero_point]

    return repack(tflite, change)


def op_names(tflite: bytes) -> tuple[str, ...]:
    return read_graph(tflite, "model").op_names


MATRIX = np.random.default_rng(7).normal(0, 1, (6, 6)).astype(np.float32)


def mixed(x):
    """Another tensor of the shape of x, of another scale."""
    return tf.matmul(x, 3 * MATRIX)


def hard_swish(x):
    """As the converter knows it."""
    return x * tf.nn.relu6(x + np.float32(3)) * np.float32(1 / 6)


def assert_same(tflite: bytes, count: int = RANDOM_INPUTS) -> np.ndarray:
    """Every bit of every output, under UBSan. Returns the outputs."""
    oracle = Oracle(tflite, "model")
    inputs = inputs_for(oracle, count)
    found = NativeEngine(tflite, "model", UNDEFINED_SANITIZER).run(inputs)
    assert_equal(found, oracle.run(inputs))
    return found


def convert_normalized(name: str, preprocess: str) -> bytes:
    """An architecture with 12 labels whose normalization does something, quantized on noise."""
    from quantize.convert import convert as quantized
    from train import architectures
    from train.core.spec import FrontEnd

    front_end, rng = FrontEnd(preprocess), np.random.default_rng(1)
    noise = rng.integers(0, 256, (4, front_end.frames, front_end.bins), dtype=np.uint8)
    model = architectures.build(name, front_end, 12, 0.5, seed=1)
    for layer in model.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            channels = layer.input.shape[-1]
            gamma, variance = rng.uniform(0.5, 1.5, channels), rng.uniform(0.5, 2, channels)
            layer.set_weights([gamma, *rng.normal(0, 0.5, (2, channels)), variance])
    return quantized(model, noise, front_end, name)
