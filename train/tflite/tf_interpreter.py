"""A .tflite run by TensorFlow's own interpreter.

Fast, and not the oracle: it differs from TFLite-Micro on a few inputs in a thousand
(docs/adr/0003-oracle.md), so its differences are counted and reported.
"""

import warnings

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


def tensorflow_scores(tflite: bytes, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """Raw scores by the built-in kernels, without XNNPACK.

    Args:
        inputs: (n, frames, bins) int8.
    Returns:
        (n, labels) int8.
    """
    with warnings.catch_warnings():
        # It tells users to move to another package; which one is used here is not theirs to choose.
        warnings.simplefilter("ignore", UserWarning)
        interpreter = tf.lite.Interpreter(
            model_content=tflite,
            experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    interpreter.allocate_tensors()
    entry, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scores = np.empty((len(inputs), *result["shape"][1:]), dtype=np.int8)
    for item, score in zip(inputs, scores, strict=True):
        interpreter.set_tensor(entry["index"], item.reshape(entry["shape"]))
        interpreter.invoke()
        score[...] = interpreter.get_tensor(result["index"])[0]
    return scores
