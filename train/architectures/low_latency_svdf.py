"""low_latency_svdf: a dense layer over the clip, factored into filters over bins and over time.

Source: TensorFlow speech_commands, ``create_low_latency_svdf_model``, after Nakkiran et al.,
"Compressing Deep Neural Networks Using a Rank-Constrained Topology" (2015).
Layers: 1,280 units of rank 2, ReLU, dropout; dense 256, dropout; dense 256, dropout; dense.
The dense layers have no activation. A unit is the sum of two filters (its rank), each the
product of a filter over the bins of a frame and a filter over the frames. The original
keeps the 2,560 filters in one tensor and sums pairs; here each rank is a branch of its own,
a convolution over bins and a depthwise one over frames, and the branches are added, which
needs no op that small engines lack. The bias of the sum rides on the first branch.
Parameters for 49 x 43 features: 631,556 with 4 labels, 633,612 with 12: one less than the
original counts, whose ``first_time_flag`` is a variable but no weight.
"""

import keras

from train.architectures import _layers
from train.core.spec import FrontEnd

_RANK = 2
_UNITS = 1280


def build(front_end: FrontEnd, label_count: int, dropout: float, seed: int) -> keras.Model:
    """The untrained model; see ``train.architectures.build``."""
    features = _layers.features(front_end)
    ranks = [_filter(features, front_end, rank, seed) for rank in range(_RANK)]
    x = keras.layers.Add(name="rank_sum")(ranks)
    x = _layers.relu_dropout(x, "svdf", dropout, seed)
    x = keras.layers.Flatten(name="flatten")(x)
    x = _layers.dropout(_layers.dense("first_fc", 256, seed)(x), "first_fc", dropout, seed)
    x = _layers.dropout(_layers.dense("second_fc", 256, seed)(x), "second_fc", dropout, seed)
    x = _layers.dense("final_fc", label_count, seed)(x)
    return _layers.classifier(features, x, "low_latency_svdf")


def _filter(features: keras.KerasTensor, front_end: FrontEnd, rank: int, seed: int) -> keras.KerasTensor:
    """(frames, bins, 1) features to (1, 1, units): one filter per unit."""
    frequency, time = f"frequency_rank{rank}", f"time_rank{rank}"
    per_frame = _layers.conv2d(frequency, _UNITS, (1, front_end.bins), seed, padding="valid", use_bias=False)(
        features
    )
    return keras.layers.DepthwiseConv2D(
        (front_end.frames, 1),
        use_bias=rank == 0,
        depthwise_initializer=_layers.first_weights(seed, time),
        name=time,
    )(per_frame)
