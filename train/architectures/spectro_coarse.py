"""spectro_coarse: ``spectro_temporal`` at half its rate in time, for the slowest boards.

8 filters of 5 frames x 5 bins at stride 2 x 2 leave half of the frames, so that all that follows has half of
the products. Weights, and so the bytes of a file, stay as many.
Parameters for 49 x 43 features, normalization folded in: 10,942 with 4 labels, 11,206 with 12.
"""

import keras

from train.architectures import _spectro_temporal
from train.core.spec import FrontEnd


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    return _spectro_temporal.build(
        "spectro_coarse", front_end, label_count, dropout, seed, stem_strides=(2, 2)
    )
