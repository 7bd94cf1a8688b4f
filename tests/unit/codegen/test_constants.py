"""Numbers that both the kernels and the code generator need, each in its own language, are the same."""

import re

import pytest
from places import ROOT

from codegen.ops import _convolution_geometry as geometry
from codegen.ops import _gathered, hard_swish, logistic, resize_bilinear

BOTH = [
    ("tile_shape.h", "KWS_MAX_POSITIONS", geometry.MOST_POSITIONS),
    ("tile_shape.h", "KWS_GROUP", geometry.LEAST_COLUMN_POSITIONS),
    ("tile_shape.h", "KWS_MOST_HELD", geometry.MOST_COLUMN_VECTORS),
    ("tile_shape.h", "KWS_DEPTHWISE_ROWS", geometry.DEPTHWISE_ROWS),
    ("tile_mve.h", "KWS_VECTOR_LANES", geometry.COLUMN_LANES),
    ("tile_dsp.h", "KWS_SMALL_FILTER", geometry._MOST_UNROLLED),
    ("tile_dsp.h", "KWS_LOAD_WORDS_REACH", geometry._LOAD_REACH_BYTES),
    ("expand_dsp.h", "KWS_INTERLEAVED", _gathered.POSITIONS),
    ("hard_swish_s8.h", "KWS_HARD_SWISH_STEPS", hard_swish._INPUT_STEPS),
    ("logistic_s8.h", "KWS_LOGISTIC_INTEGER_BITS", logistic._INPUT_INTEGER_BITS),
    ("resize_bilinear_s8.h", "KWS_RESIZE_ONE", resize_bilinear._ONE),
]


@pytest.mark.parametrize(("header", "name", "value"), BOTH, ids=[name for _, name, _ in BOTH])
def test_the_kernels_have_the_same_number(header: str, name: str, value: int) -> None:
    text = (ROOT / "firmware" / "kernels" / header).read_text()
    assert re.findall(rf"^#define {name} (\d+)\b", text, re.MULTILINE) == [str(value)]
