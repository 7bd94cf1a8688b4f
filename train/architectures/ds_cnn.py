"""ds_cnn: a convolution and four depthwise-separable ones over time and frequency.

After Zhang et al., "Hello Edge: Keyword Spotting on Microcontrollers" (2017), made smaller: a stem of
5 frames x 5 bins at stride 2 x 2, then depthwise 3 x 3 and pointwise convolutions, each normalized
and followed by ReLU; mean over all places; dense.
Parameters for 49 x 43 features (normalization folded in, as in the .tflite): 7,340 with 4 labels,
7,732 with 12.
"""

import keras

from train.architectures import _layers
from train.spec import FrontEnd

_STEM_FILTERS = 20
_FILTERS = (32, 32, 40, 48)


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    x = _layers.convolution(features, "first", _STEM_FILTERS, (5, 5), seed, strides=(2, 2))
    x = _layers.relu(x, "first")
    for block, filters in enumerate(_FILTERS):
        depth, point = f"depth{block}", f"point{block}"
        x = _layers.relu(_layers.depthwise(x, depth, (3, 3), seed), depth)
        x = _layers.relu(_layers.convolution(x, point, filters, (1, 1), seed), point)
    return _layers.averaged_classifier(features, x, label_count, dropout, seed, "ds_cnn")
