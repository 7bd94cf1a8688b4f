"""deeper_conv: four small convolutions on 98 x 40 MFCC, of 2017; no board has its front end.

Source: DeeperConv of tyler-romero/audio-recognition-kaggle (98aaf93), as it was meant: the code there gives
every layer the input of the network and loses what the one before it made.
Layers: twice 128 filters of 3 x 3, VALID, ReLU; max pooling 3 x 3; twice 256 of 3 x 3; max pooling 3 x 3;
dense.
Parameters with 12 labels: 1,089,420. FLOPs by the rule of benchmark_model: 1.43B.
"""

import keras

from train.architectures import _layers, _mfcc_conv
from train.core.spec import FrontEnd

FRONT_END = _mfcc_conv.FRONT_END
_FILTERS = (128, 256)


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = x = _layers.features(front_end)
    for stage, filters in enumerate(_FILTERS):
        for name in (f"conv{stage}a", f"conv{stage}b"):
            x = _mfcc_conv.convolution(name, x, filters, (3, 3), seed)
        x = keras.layers.MaxPooling2D((3, 3), name=f"max_pool{stage}")(x)
    return _mfcc_conv.classifier(features, x, label_count, dropout, seed, "deeper_conv")
