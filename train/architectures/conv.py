"""conv: two large convolutions, the original's default; too large for a microcontroller.

Source: TensorFlow speech_commands, ``create_conv_model``, after cnn-trad-fpool3 of Sainath
and Parada, "Convolutional Neural Networks for Small-footprint Keyword Spotting" (2015).
Layers: 64 filters of 20 frames x 8 bins, SAME, ReLU, dropout; max pooling 2 x 2, SAME;
64 filters of 10 x 4, SAME, ReLU, dropout; dense.
Parameters for 49 x 43 features: 315,012 with 4 labels, 596,620 with 12.
"""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    x = _layers.conv2d("first", 64, (20, 8), seed)(features)
    x = _layers.relu_dropout(x, "first", dropout, seed)
    x = keras.layers.MaxPooling2D((2, 2), padding="same", name="max_pool")(x)
    x = _layers.conv2d("second", 64, (10, 4), seed)(x)
    x = _layers.relu_dropout(x, "second", dropout, seed)
    x = keras.layers.Flatten(name="flatten")(x)
    x = _layers.dense("final_fc", label_count, seed)(x)
    return _layers.classifier(features, x, "conv")
