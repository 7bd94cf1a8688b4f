"""Random forms of operators: each function takes a random generator and gives a .tflite of one operator.

Scales are rarely what a converter would choose: far apart, so that results saturate, or alike.
"""

from collections.abc import Callable

import numpy as np

from operator_forms.arithmetic import binary, l2_normalization, reduction, rsqrt, unary
from operator_forms.choices import near
from operator_forms.layers import batch_matmul, lstm, svdf, transpose_conv
from operator_forms.moves import (
    blocks,
    broadcast_to,
    expand_and_squeeze,
    gather,
    mirror_pad,
    pack,
    pads,
    resize,
    reverse,
    slices,
    split,
    transpose,
)

Forms = dict[str, Callable[[np.random.Generator], bytes]]

GROUPS: dict[str, Forms] = {
    "one value": {
        "TANH": unary("TANH", lambda rng, entry: (1 / 128, 0)),
        "LEAKY_RELU": unary(
            "LEAKY_RELU",
            near,
            "LeakyReluOptions",
            alpha=lambda rng: float(rng.choice([0, 0.01, 0.3, 1, 2.5])),
        ),
        "ABS": unary("ABS", near, "AbsOptions"),
        "ELU": unary("ELU", near),
        "RSQRT": rsqrt,
    },
    "two values": {
        "SUB": binary("SUB", "SubOptions"),
        "SQUARED_DIFFERENCE": binary("SQUARED_DIFFERENCE"),
        "MAXIMUM": binary("MAXIMUM", same=True),
        "MINIMUM": binary("MINIMUM", same=True),
        "PRELU": binary("PRELU"),
        "ADD": binary("ADD", "AddOptions"),
        "MUL": binary("MUL", "MulOptions"),
    },
    "many values": {
        "REDUCE_MAX": reduction("REDUCE_MAX"),
        "REDUCE_MIN": reduction("REDUCE_MIN"),
        "MEAN": reduction("MEAN"),
        "SUM": reduction("SUM"),
        "L2_NORMALIZATION": l2_normalization,
        "BATCH_MATMUL": batch_matmul,
        "TRANSPOSE_CONV": transpose_conv,
    },
    "moved": {
        "TRANSPOSE": transpose,
        "EXPAND_DIMS, SQUEEZE": expand_and_squeeze,
        "SPLIT": split("SPLIT"),
        "SPLIT_V": split("SPLIT_V"),
        "UNPACK": split("UNPACK"),
        "PACK": pack,
        "SLICE": slices,
        "PAD, PADV2": pads,
        "BROADCAST_TO": broadcast_to,
        "REVERSE_V2": reverse,
        "SPACE_TO_DEPTH": blocks("SPACE_TO_DEPTH"),
        "DEPTH_TO_SPACE": blocks("DEPTH_TO_SPACE"),
    },
    "picked": {
        "MIRROR_PAD": mirror_pad,
        "GATHER": gather,
        "RESIZE_NEAREST_NEIGHBOR": resize("RESIZE_NEAREST_NEIGHBOR"),
        "RESIZE_BILINEAR": resize("RESIZE_BILINEAR"),
    },
    "with state": {"UNIDIRECTIONAL_SEQUENCE_LSTM": lstm, "SVDF": svdf},
}
