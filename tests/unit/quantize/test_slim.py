"""The slim file: the same bits in fewer bytes."""

import numpy as np
import pytest

from quantize.slim import slim
from train.core.errors import UserError
from train.tflite.reader import read_model
from train.tflite.schema import schema
from train.tflite.tf_interpreter import tensorflow_scores
from train.tflite.tflm import TflmModel


@pytest.fixture(scope="module")
def slimmed(tiny_tflite) -> bytes:
    return slim(tiny_tflite)


def constants(tflite: bytes) -> list[tuple[list[int], bytes]]:
    """Shape and bytes of every tensor that holds data, in order."""
    tree = read_model(tflite, "")
    found = []
    for tensor in tree.subgraphs[0].tensors:
        data = tree.buffers[tensor.buffer].data
        if data is not None and len(data):
            found.append(([int(size) for size in tensor.shape], bytes(data)))
    return found


def test_scores_are_the_same_bits(tiny_tflite, slimmed):
    inputs = np.random.default_rng(5).integers(-128, 128, (40, 49, 43), dtype=np.int8)
    before = TflmModel(tiny_tflite, "before").run(inputs)
    assert (TflmModel(slimmed, "after").run(inputs) == before).all()
    assert len(np.unique(before, axis=0)) > 10, "the test must not be blind to its inputs"


def test_tensorflow_loads_it_and_agrees_with_itself(tiny_tflite, slimmed):
    inputs = np.random.default_rng(6).integers(-128, 128, (10, 49, 43), dtype=np.int8)
    assert (tensorflow_scores(slimmed, inputs) == tensorflow_scores(tiny_tflite, inputs)).all()


def test_it_is_smaller_by_what_nobody_needs_and_by_nothing_else(tiny_tflite, slimmed):
    assert len(slimmed) < 20_000 < len(tiny_tflite)
    assert constants(slimmed) == constants(tiny_tflite)


def test_it_is_the_same_every_time_and_has_nothing_left_to_give(tiny_tflite, slimmed):
    assert slim(tiny_tflite) == slimmed
    assert len(slim(slimmed)) == len(slimmed)


def test_input_and_output_keep_a_name_and_inner_tensors_have_none(slimmed):
    graph = read_model(slimmed, "").subgraphs[0]
    names = [tensor.name for tensor in graph.tensors]
    assert names[graph.inputs[0]] == b"features"
    assert names[graph.outputs[0]] == b"labels_softmax"
    assert sum(name is not None for name in names) == 2


def test_constants_are_aligned_to_16_bytes(tiny_tflite, slimmed):
    """In the file as it lies on flash; the generated array is aligned to 16 as a whole."""
    model = schema().Model.GetRootAs(slimmed, 0)
    tables = [model.Buffers(index)._tab for index in range(model.BuffersLength())]
    data_field = 4  # of the table Buffer in schema.fbs: its first
    starts = [table.Vector(table.Offset(data_field)) for table in tables if table.Offset(data_field)]
    assert len(starts) == len(constants(slimmed)) >= 3
    assert [start % 16 for start in starts] == [0] * len(starts)
    found = {slimmed[start : start + len(data)] for start in starts for _, data in constants(tiny_tflite)}
    assert found >= {data for _, data in constants(tiny_tflite)}


@pytest.mark.parametrize(
    "content", [b"", b"hello, I am no model at all", b"\xff\xff\xff\x7fTFL3" + bytes(40)]
)
def test_what_is_no_model_is_refused(content):
    with pytest.raises(UserError, match=r"^some\.tflite: "):
        slim(content, "some.tflite")


def test_what_a_channel_costs_beside_its_weights(tiny_tflite, slimmed):
    """Zero points once for all, and no scale for the bias of a convolution, which is known from its input."""
    before, after = (read_model(tflite, "").subgraphs[0] for tflite in (tiny_tflite, slimmed))
    convolution, dense = after.operators[0], after.operators[2]
    assert after.tensors[convolution.inputs[2]].quantization is None
    assert after.tensors[dense.inputs[2]].quantization is not None
    for index in (convolution.inputs[1], dense.inputs[1], dense.inputs[2]):
        kept, given = (graph.tensors[index].quantization for graph in (after, before))
        assert kept.scale.tolist() == given.scale.tolist()
        assert kept.zeroPoint.tolist() == given.zeroPoint.tolist()


def test_equal_vectors_are_written_once(slimmed):
    graph = schema().Model.GetRootAs(slimmed, 0).Subgraphs(0)
    places = {}
    for index in range(graph.TensorsLength()):
        quantization = graph.Tensors(index).Quantization()
        if quantization is not None and quantization.ZeroPointLength():
            table = quantization._tab
            place = table.Vector(table.Offset(10))
            places.setdefault(quantization.ZeroPointAsNumpy().tobytes(), set()).add(place)
    assert len(places) > 1
    assert all(len(where) == 1 for where in places.values())
