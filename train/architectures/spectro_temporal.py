"""spectro_temporal: a small convolution over time and frequency, then residual ones over time alone.

Filters that slide over frequency forgive a voice its pitch and vocal tract but cost a product per bin;
filters over time alone are cheap. So: 8 filters of 5 frames x 5 bins at stride 1 x 2; depthwise 3 x 3 and
10 pointwise filters; max pooling 2 x 2; what is left of the bins becomes channels, mixed into 32; five
residual blocks of a depthwise convolution over 9 frames and a pointwise one; mean over time; dense.
Every convolution is normalized. The order is that of BC-ResNet (Kim et al., "Broadcasted Residual
Learning for Efficient Keyword Spotting", 2021), without its broadcasts.
Parameters for 49 x 43 features, normalization folded in: 10,942 with 4 labels, 11,206 with 12.
"""

import keras

from train.architectures import _spectro_temporal
from train.core.spec import FrontEnd


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    return _spectro_temporal.build("spectro_temporal", front_end, label_count, dropout, seed)
