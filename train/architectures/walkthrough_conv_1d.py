"""walkthrough_conv_1d: eighteen convolutions on the waveform, of a tutorial. Not deployable: it takes 113 MB.

Source: train_keras.py of mateuszjurewicz/tensorflow_speech_recognition (eae1e5b), its layers in one dimension
as ones in two here, of one column.
Layers: normalization; nine stages of two convolutions over 3 samples, SAME, each normalized, then ReLU, with
8, 16, ... 2048 filters, and max pooling by 2; 1024 pointwise filters; the largest of each; dense layers of
1024, ReLU, and, behind dropout, of the labels.
Parameters with 12 labels: 28,366,616. FLOPs by the rule of benchmark_model: 4.86B.
"""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd

FRONT_END = FrontEnd("raw")
NOT_DEPLOYABLE = "its 113 MB of weights fit on no board, and the challenge's limit is 5 MB"
_STAGES = 9
_FIRST_FILTERS = 8
_UNITS = 1024


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    samples = _layers.features(front_end)
    x = _layers.normalized(samples, "features")
    for stage in range(_STAGES):
        for name in (f"conv{stage}a", f"conv{stage}b"):
            x = _convolution(name, x, _FIRST_FILTERS << stage, 3, seed)
            x = _layers.relu(_layers.normalized(x, name), name)
        x = keras.layers.MaxPooling2D((2, 1), padding="same", name=f"max_pool{stage}")(x)
    x = _convolution("last", x, _UNITS, 1, seed)
    x = keras.layers.GlobalMaxPooling2D(name="max")(x)
    x = _layers.relu(_layers.glorot_dense("fc", _UNITS, seed)(x), "fc")
    x = _layers.dropout(x, "fc", dropout, seed)
    return _layers.classifier(
        samples, _layers.glorot_dense("final_fc", label_count, seed)(x), "walkthrough_conv_1d"
    )


def _convolution(name: str, x: keras.KerasTensor, filters: int, width: int, seed: int) -> keras.KerasTensor:
    """A convolution over ``width`` samples, SAME, with a bias."""
    initializer = _layers.glorot(seed, name)
    return _layers.conv2d(name, filters, (width, 1), seed, initializer=initializer)(x)
