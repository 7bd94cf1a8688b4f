"""bigger_conv: simple_conv with twice the filters, an entry to the 2017 challenge that was too big for it.

Source: BiggerConv of tyler-romero/audio-recognition-kaggle (98aaf93).
Layers: 128 filters of 20 frames x 8 coefficients, VALID, ReLU; max pooling 1 x 3; 128 filters of 10 x 4,
VALID, ReLU; dense.
Parameters with 12 labels: 1,536,268, 6.1 MB frozen, where the challenge's limit is 5 MB. FLOPs by the rule
of benchmark_model: 842.51M.
"""

import keras

from train.architectures import _mfcc_conv
from train.core.spec import FrontEnd

FRONT_END = _mfcc_conv.FRONT_END
_FILTERS = 128


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    return _mfcc_conv.build("bigger_conv", _FILTERS, front_end, label_count, dropout, seed)
