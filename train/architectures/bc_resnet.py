"""bc_resnet: broadcasted residual learning, as a teacher (``--teacher``).

After Kim et al., "Broadcasted Residual Learning for Efficient Keyword Spotting" (2021), three times as wide
as its smallest network. Each block filters over bins, takes the mean over these, filters that over time and
mixes its channels, and adds the result to every bin. What differs from the paper: every second frame;
normalization by channel in place of by sub-band; ReLU in place of swish; longer filters over time in place of
dilated ones; fewer blocks; 1 x 1 convolutions that skip every second bin where bins are halved. So it trains
on a CPU in an hour, and TensorFlow 1.4 and the engines can run it.
Parameters for 49 x 43 features, normalization folded in: 41,116 with 4 labels, 41,892 with 12.
"""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd

_STEM_FILTERS, _LAST_CHANNELS = 24, 96
# Channels, blocks, bins per step, frames of the filters over time.
_STAGES = ((24, 2, 1, 3), (32, 2, 2, 3), (48, 3, 2, 5), (64, 3, 1, 5))


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    x = _layers.convolution(features, "first", _STEM_FILTERS, (5, 5), seed, strides=(2, 2))
    x = _layers.relu(x, "first")
    for stage, (channels, blocks, step, frames) in enumerate(_STAGES):
        x = _layers.convolution(x, f"stage{stage}", channels, (1, 1), seed, strides=(1, step))
        x = _layers.relu(x, f"stage{stage}")
        for block in range(blocks):
            x = _broadcast_block(x, f"{stage}_{block}", frames, seed, keeps_input=block > 0)
    x = _layers.relu(_layers.depthwise(x, "last_depth", (3, 3), seed), "last_depth")
    x = _layers.relu(_layers.convolution(x, "last", _LAST_CHANNELS, (1, 1), seed), "last")
    return _layers.averaged_classifier(features, x, label_count, dropout, seed, "bc_resnet")


def _broadcast_block(
    x: keras.KerasTensor, name: str, frames: int, seed: int, keeps_input: bool
) -> keras.KerasTensor:
    """(frames, bins, channels) both ways; the first block of a stage does not add its input."""
    bins, channels = x.shape[2:]
    y = _layers.depthwise(x, f"bins{name}", (1, 3), seed)
    mean = keras.layers.AveragePooling2D((1, bins), name=f"mean{name}")(y)
    mean = _layers.relu(_layers.depthwise(mean, f"frames{name}", (frames, 1), seed), f"frames{name}")
    mean = _layers.convolution(mean, f"point{name}", channels, (1, 1), seed)
    if keeps_input:
        y = keras.layers.Add(name=f"residual{name}")([x, y])
    return _layers.relu(keras.layers.Add(name=f"sum{name}")([y, mean]), f"sum{name}")
