"""simple_conv: two convolutions on 98 x 40 MFCC, an entry to the 2017 challenge; no board has its front end.

Source: SimpleConv of tyler-romero/audio-recognition-kaggle (98aaf93), after Sainath and Parada (2015).
Layers: 64 filters of 20 frames x 8 coefficients, VALID, ReLU; max pooling 1 x 3; 64 filters of 10 x 4,
VALID, ReLU; dense.
Parameters with 12 labels: 604,300. FLOPs by the rule of benchmark_model: 237.75M.
"""

import keras

from train.architectures import _mfcc_conv
from train.core.spec import FrontEnd

FRONT_END = _mfcc_conv.FRONT_END
_FILTERS = 64


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    return _mfcc_conv.build("simple_conv", _FILTERS, front_end, label_count, dropout, seed)
