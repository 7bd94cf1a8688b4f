"""The networks with normalization and ways around, as training would have them quantized: every bit."""

import shutil

import pytest
from converted_models import assert_same, op_names
from sweeping import sweep

from train.core.spec import FrontEnd
from train.tflite.graph import read_graph

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")

OPS = {
    "ds_cnn": {"CONV_2D", "DEPTHWISE_CONV_2D", "MEAN"},
    "temporal": {"RESHAPE", "CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MEAN"},
    "spectro_residual": {"CONV_2D", "DEPTHWISE_CONV_2D", "RESHAPE", "ADD", "MEAN"},
    "spectro_temporal": {"CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "RESHAPE", "ADD", "MEAN"},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "preprocess"),
    sweep(
        [
            ("ds_cnn", "log"),
            ("temporal", "log_mel"),
            ("spectro_residual", "log_mel"),
            ("spectro_temporal", "log"),
            ("spectro_temporal", "log_mel"),
        ],
        ("ds_cnn", "log"),
        ("spectro_temporal", "log_mel"),
    ),
)
def test_networks(normalized_network, name, preprocess):
    tflite = normalized_network(name, preprocess)
    assert set(op_names(tflite)) == OPS[name] | {"FULLY_CONNECTED", "SOFTMAX"}
    graph, front_end = read_graph(tflite, name), FrontEnd(preprocess)
    entry = graph.tensors[graph.inputs[0]]
    assert entry.shape == (1, front_end.frames, front_end.bins, 1)
    assert entry.scale == pytest.approx((front_end.feature_max - front_end.feature_min) / 255)
    assert_same(tflite, 40)
