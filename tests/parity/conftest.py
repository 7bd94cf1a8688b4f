"""A model that several files here begin with."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def tiny_tflite() -> bytes:
    """A tiny_conv with random weights, four labels."""
    from converted_models import convert, tf

    rng = np.random.default_rng(1)
    filters = rng.normal(0, 0.1, (10, 8, 1, 8)).astype(np.float32)
    dense = rng.normal(0, 0.02, (4400, 4)).astype(np.float32)

    def tiny_conv(x):
        hidden = tf.nn.relu(tf.nn.conv2d(x, filters, 2, "SAME") + np.float32([0.5] * 8))
        return tf.nn.softmax(tf.matmul(tf.reshape(hidden, (1, 4400)), dense) + np.float32([0.1, 0, 0, 0]))

    return convert(tiny_conv, (49, 43, 1))
