"""single_fc: one dense layer on the features, for checking that everything else works.

Source: TensorFlow speech_commands, ``create_single_fc_model``, which has no dropout either.
Parameters for 49 x 43 features: 8,432 with 4 labels, 25,296 with 12.
"""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``. ``dropout`` has nothing to act on."""
    features = _layers.features(front_end)
    x = keras.layers.Flatten(name="flatten")(features)
    # The original calls its variables just weights and bias.
    x = _layers.dense("weights", label_count, seed, sigma=0.001)(x)
    return _layers.classifier(features, x, "single_fc")
