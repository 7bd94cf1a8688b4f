"""tiny_conv: one small convolution and one dense layer, for microcontrollers.

Source: TensorFlow speech_commands, ``create_tiny_conv_model``; micro_speech ships it.
Layers: 8 filters of 10 frames x 8 bins, stride 2 x 2, SAME, ReLU, dropout; dense.
Parameters for 49 x 43 features: 18,252 with 4 labels, 53,460 with 12.
"""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    x = _layers.conv2d("first", 8, (10, 8), seed, strides=(2, 2))(features)
    x = _layers.relu_dropout(x, "first", dropout, seed)
    x = keras.layers.Flatten(name="flatten")(x)
    x = _layers.dense("final_fc", label_count, seed)(x)
    return _layers.classifier(features, x, "tiny_conv")
