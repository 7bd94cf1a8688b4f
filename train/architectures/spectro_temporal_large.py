"""spectro_temporal_large: spectro_temporal sixteen times as large, as a teacher (``--teacher``).

24 filters, 48 pointwise ones, 128 channels, six blocks; too large for 20 kB.
Parameters for 49 x 43 features, normalization folded in: 177,044 with 4 labels, 178,076 with 12.
"""

import keras

from train.architectures import _spectro_temporal
from train.core.spec import FrontEnd


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    return _spectro_temporal.build(
        "spectro_temporal_large",
        front_end,
        label_count,
        dropout,
        seed,
        stem_filters=24,
        spectral_filters=48,
        channels=128,
        blocks=6,
    )
