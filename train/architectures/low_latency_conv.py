"""low_latency_conv: one convolution over the whole clip's time, then three dense layers.

Source: TensorFlow speech_commands, ``create_low_latency_conv_model``, after cnn-one-fstride4
of Sainath and Parada, "Convolutional Neural Networks for Small-footprint Keyword Spotting"
(2015).
Layers: 186 filters of all frames x 8 bins, VALID, ReLU, dropout; dense 128, dropout; dense
128, dropout; dense. The dense layers have no activation.
Parameters for 49 x 43 features: 947,342 with 4 labels, 948,374 with 12.
"""

import keras

from train.architectures import _layers
from train.core.errors import UserError
from train.core.spec import FrontEnd

_FILTER_BINS = 8


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``.

    Raises:
        UserError: fewer bins than its filters cover.
    """
    if front_end.bins < _FILTER_BINS:
        raise UserError(
            f"low_latency_conv: the front end gives {front_end.bins} bins per frame, its filters cover "
            f"{_FILTER_BINS}; ask for more feature bins or take another architecture"
        )
    features = _layers.features(front_end)
    x = _layers.conv2d("first", 186, (front_end.frames, _FILTER_BINS), seed, padding="valid")(features)
    x = _layers.relu_dropout(x, "first", dropout, seed)
    x = keras.layers.Flatten(name="flatten")(x)
    x = _layers.dropout(_layers.dense("first_fc", 128, seed)(x), "first_fc", dropout, seed)
    x = _layers.dropout(_layers.dense("second_fc", 128, seed)(x), "second_fc", dropout, seed)
    x = _layers.dense("final_fc", label_count, seed)(x)
    return _layers.classifier(features, x, "low_latency_conv")
