"""ds_cnn: a convolution and four depthwise-separable ones over time and frequency.

After Zhang et al., "Hello Edge: Keyword Spotting on Microcontrollers" (2017), made smaller: a stem of
5 frames x 5 bins at stride 2 x 2, then depthwise 3 x 3 and pointwise convolutions, the first pair at
stride 2 x 2, each normalized and followed by ReLU; mean over all places; dense.
Parameters for 49 x 43 features, normalization folded in: 6,972 with 4 labels, 7,364 with 12.
"""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd

_STEM_FILTERS = 20
_BLOCKS = ((32, 2), (32, 1), (40, 1), (48, 1))  # filters, and stride: what every place costs comes after it


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    x = _layers.convolution(features, "first", _STEM_FILTERS, (5, 5), seed, strides=(2, 2))
    x = _layers.relu(x, "first")
    for block, (filters, stride) in enumerate(_BLOCKS):
        depth, point = f"depth{block}", f"point{block}"
        x = _layers.relu(_layers.depthwise(x, depth, (3, 3), seed, stride=stride), depth)
        x = _layers.relu(_layers.convolution(x, point, filters, (1, 1), seed), point)
    return _layers.averaged_classifier(features, x, label_count, dropout, seed, "ds_cnn")
