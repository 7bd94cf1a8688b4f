"""spectro_light: ``spectro_coarse`` at half its rate in frequency, a little wider, for the fewest products.

8 filters of 5 frames x 5 bins at stride 2 x 4 leave half of the frames and a quarter of the bins; the
rest has 36 channels in place of 32, so that the weights stay nearly as many.
Parameters for 49 x 43 features, normalization folded in: 11,182 with 4 labels, 11,478 with 12.
"""

import keras

from train.architectures import _spectro_temporal
from train.core.spec import FrontEnd


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    return _spectro_temporal.build(
        "spectro_light", front_end, label_count, dropout, seed, stem_strides=(2, 4), channels=36
    )
