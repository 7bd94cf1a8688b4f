"""model.keras to a full-int8 .tflite: post-training quantization with a static batch of one."""

import contextlib
import io
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.lite.python.convert import mlir_quantize

from quantize.ranges import Range, divergence, most_trials, narrow, read_ranges, with_ranges
from train.architectures import OUTPUT_NAME, count_macs, is_logistic
from train.audio.frontend import dequantize_features, model_input
from train.core.console import progress
from train.core.native import quiet_stderr
from train.core.spec import FrontEnd
from train.tflite.tf_interpreter import tensorflow_scores

# A trial of the range search runs about this much arithmetic, but no fewer clips than that.
_SEARCH_MACS = 1_000_000_000
_FEWEST_SEARCH_CLIPS = 50


def convert(model: keras.Model, calibration: NDArray[np.uint8], front_end: FrontEnd, where: str) -> bytes:
    """A .tflite with int8 input, output, weights and activations.

    Args:
        model: float model on (frames, bins, 1) features; its last dense layer is centred.
        calibration: (n, frames, bins) uint8 features of training clips.
        where: name used in messages.
    Returns:
        the converter's file, as it wrote it.
    """
    features = dequantize_features(calibration, front_end)[..., np.newaxis]
    scores_alone = is_logistic(model)
    if not scores_alone:
        centre_logits(model)
    searched = calibration[: max(_FEWEST_SEARCH_CLIPS, _SEARCH_MACS // count_macs(model))]
    expected = model.predict(features[: len(searched)], batch_size=100, verbose=0)
    int8_input = model_input(searched, front_end)
    with _quiet():
        calibrated = _calibrate(model, features)

    def quantized_with(ranges: list[Range]) -> bytes:
        with _quiet():
            return _quantize(with_ranges(calibrated, ranges, front_end, where))

    ranges = read_ranges(calibrated, where)
    with progress(f"ranges of {len(ranges)} activations", most_trials(ranges)) as advance:

        def loss_of(trial: list[Range]) -> float:
            loss = divergence(expected, tensorflow_scores(quantized_with(trial), int8_input), scores_alone)
            advance()
            return loss

        return quantized_with(narrow(ranges, loss_of))


def centre_logits(model: keras.Model) -> None:
    """Subtract from the last dense layer what all classes share; softmax does not see it.

    The logits of a clip then sum to zero, so the largest is never negative and the
    int8 range need not cover offsets that mean nothing.
    """
    before_softmax = model.get_layer(OUTPUT_NAME).input._keras_history.operation
    if isinstance(before_softmax, keras.layers.Dense):
        weights = before_softmax.get_weights()
        before_softmax.set_weights([array - array.mean(axis=-1, keepdims=True) for array in weights])


def _calibrate(model: keras.Model, features: NDArray[np.float32]) -> bytes:
    """A float .tflite that knows the range of every activation."""

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for clip in features:
            yield [clip[np.newaxis]]

    converter = tf.lite.TFLiteConverter.from_keras_model(_with_batch_of_one(model))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_calibrate_only = True  # so that the ranges can be chosen in between
    return converter.convert()


def _quantize(calibrated: bytes) -> bytes:
    """The converter's second half: int8 by the ranges that the file carries."""
    return mlir_quantize(
        calibrated,
        input_data_type=tf.int8,
        output_data_type=tf.int8,
        # One scale for a whole dense layer (docs/adr/0005-dense-per-tensor.md).
        disable_per_channel_for_dense_layers=True,
    )


def _with_batch_of_one(model: keras.Model) -> keras.Model:
    """The same layers on a static batch: with a dynamic one, Flatten asks for its size at run time."""
    entry = keras.Input(batch_shape=(1, *model.input_shape[1:]), name=model.inputs[0].name)
    return keras.Model(entry, model(entry, training=False))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the converter's chatter, printed by Python and by C++, off the terminal."""
    with contextlib.redirect_stdout(io.StringIO()), quiet_stderr():
        yield
