import numpy as np
import pytest
from repacked import repack

from codegen.export.micro_speech.model import micro_speech_model
from train.core.errors import UserError
from train.tflite.graph import read_graph
from train.tflite.tflm import TflmModel


@pytest.mark.parametrize(
    ("name", "ops"),
    [
        ("tiny_conv", ["RESHAPE", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SOFTMAX"]),
        ("two_convolutions", ["RESHAPE", "CONV_2D", "CONV_2D", "FULLY_CONNECTED", "SOFTMAX"]),
        ("reshaped_first", ["RESHAPE", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SOFTMAX"]),
    ],
)
def test_ends_are_flat_and_scores_stay(name: str, ops: list[str], request: pytest.FixtureRequest) -> None:
    tflite = request.getfixturevalue(name)
    flat = micro_speech_model(tflite, name)
    graph = read_graph(flat, name)
    assert [op.name for op in graph.ops] == ops
    assert [graph.tensors[index].shape for index in (*graph.inputs, *graph.outputs)] == [(1, 1960), (1, 4)]

    before, after = TflmModel(tflite, name), TflmModel(flat, name)
    inputs = np.random.default_rng(1).integers(-128, 128, (30, 49, 40, 1), dtype=np.int8)
    scores = before.run(inputs)
    assert len(np.unique(scores)) > 8  # so that equal means something
    np.testing.assert_array_equal(after.run(inputs.reshape(30, -1)), scores)
    assert (after.input_scale, after.input_zero_point) == (before.input_scale, before.input_zero_point)


def test_tiny_conv_fits_into_the_arena_of_the_ports(tiny_conv: bytes) -> None:
    before = TflmModel(tiny_conv, "before").arena_bytes
    assert TflmModel(micro_speech_model(tiny_conv, "flat"), "flat").arena_bytes < 8192 < before


def test_is_the_same_each_time(tiny_conv: bytes) -> None:
    assert micro_speech_model(tiny_conv, "model") == micro_speech_model(tiny_conv, "model")


def test_data_are_aligned(tiny_conv: bytes) -> None:
    flat = micro_speech_model(tiny_conv, "model")
    tensors = [tensor for tensor in read_graph(flat, "model").tensors if tensor.data is not None]
    places = [flat.index(tensor.data.tobytes()) for tensor in tensors if tensor.data.nbytes >= 32]
    assert len(places) == 3  # filters, weights, eight of the biases
    assert not any(place % 16 for place in places)


def test_several_outputs_are_refused(tiny_conv: bytes) -> None:
    def change(tree) -> None:
        graph = tree.subgraphs[0]
        graph.outputs = [*graph.outputs, graph.operators[-1].inputs[0]]

    with pytest.raises(UserError, match=r"here\.tflite: has 1 graphs, 1 inputs and 2 outputs"):
        micro_speech_model(repack(tiny_conv, change), "here.tflite")
