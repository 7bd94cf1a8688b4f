"""model.keras to a full-int8 .tflite: post-training quantization with a static batch of one."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from quantize.calibration import spanning
from train.errors import UserError
from train.frontend import dequantize_features
from train.spec import FrontEnd


def load_keras(path: Path) -> keras.Model:
    """The float model of a run folder.

    Raises:
        UserError: the file is not a Keras model.
    """
    try:
        return keras.models.load_model(path, compile=False)
    except (ValueError, OSError, KeyError) as error:
        raise UserError(f"{path}: not a model.keras that can be loaded ({error}); train again") from error


def convert(model: keras.Model, calibration: NDArray[np.uint8], front_end: FrontEnd) -> bytes:
    """A .tflite with int8 input, output, weights and activations.

    Args:
        model: float model on (frames, bins, 1) features.
        calibration: (n, frames, bins) uint8 features of training clips.
    Returns:
        the converter's file, as it wrote it.
    """
    clips = spanning(calibration)

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for clip in dequantize_features(clips, front_end):
            yield [clip[np.newaxis, :, :, np.newaxis]]

    converter = tf.lite.TFLiteConverter.from_keras_model(_with_batch_of_one(model))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    # One scale for a whole dense layer (docs/adr/0005-dense-per-tensor.md).
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    with _quiet_native_log():
        return converter.convert()


def _with_batch_of_one(model: keras.Model) -> keras.Model:
    """The same layers on a static batch: with a dynamic one, Flatten asks for its size at run time."""
    entry = keras.Input(batch_shape=(1, *model.input_shape[1:]), name=model.inputs[0].name)
    return keras.Model(entry, model(entry, training=False))


class _quiet_native_log:
    """Sends what C++ writes to stderr during a conversion to a file, shown only on failure."""

    def __enter__(self) -> None:
        self._saved = os.dup(2)
        self._file = tempfile.TemporaryFile()
        os.dup2(self._file.fileno(), 2)

    def __exit__(self, kind: object, *_: object) -> None:
        os.dup2(self._saved, 2)
        os.close(self._saved)
        if kind is not None:
            self._file.seek(0)
            os.write(2, self._file.read())
        self._file.close()
