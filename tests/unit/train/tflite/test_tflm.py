"""The oracle: what it computes, how small an arena it finds, and what it refuses."""

import os
import subprocess
import sys

import numpy as np
import pytest
from repacked import repack

from train.core.errors import UserError
from train.tflite.reader import read_model
from train.tflite.schema import schema
from train.tflite.tflm import TflmModel, int8_model


@pytest.fixture(scope="module")
def model(tiny_tflite) -> TflmModel:
    return TflmModel(tiny_tflite, "tiny.tflite")


def random_inputs(count: int) -> np.ndarray:
    return np.random.default_rng(3).integers(-128, 128, (count, 49, 43), dtype=np.int8)


def test_it_knows_shapes_and_scales(model):
    assert (model.input_shape, model.output_shape) == ((49, 43, 1), (4,))
    assert (model.input_scale, model.input_zero_point) == (0.5, -128)
    assert (model.output_scale, model.output_zero_point) == (1 / 256, -128)


def test_scores_are_raw_bits_near_those_of_the_float_arithmetic(model, tiny_tflite):
    """An independent computation from the file's constants, in float64 on the quantized values."""
    tree = read_model(tiny_tflite, "tiny")
    (graph,) = tree.subgraphs
    conv, _, dense, _ = graph.operators

    def constant(index, dtype):
        tensor = graph.tensors[index]
        data = np.frombuffer(bytes(tree.buffers[tensor.buffer].data), dtype).reshape(tensor.shape)
        return data * np.asarray(tensor.quantization.scale).reshape(-1, *[1] * (data.ndim - 1))

    inputs = random_inputs(5)
    padded = np.pad((inputs + 128.0) * 0.5, ((0, 0), (4, 5), (3, 4)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (10, 8), axis=(1, 2))[:, ::2, ::2]
    hidden = np.einsum("nijhw,ohw->nijo", windows, constant(conv.inputs[1], np.int8)[..., 0])
    hidden = np.maximum(hidden + constant(conv.inputs[2], "<i4"), 0).reshape(5, -1)
    logits = hidden @ constant(dense.inputs[1], np.int8).T
    exponential = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = exponential / exponential.sum(axis=1, keepdims=True)
    found = (model.run(inputs) + 128.0) / 256
    assert np.abs(found - expected).max() < 0.15  # int8 activations, unlike float ones, are coarse
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_one_by_one_equals_many_at_once(model):
    inputs = random_inputs(4)
    together = model.run(inputs)
    assert together.dtype == np.int8
    assert (together == np.concatenate([model.run(item[None]) for item in inputs])).all()
    assert len(np.unique(together, axis=0)) > 1, "the test must not be blind to its inputs"


def test_no_input_gives_no_output(model):
    assert model.run(random_inputs(0)).shape == (0, 4)


@pytest.mark.parametrize(
    "inputs", [np.zeros((1, 49, 43), np.uint8), np.zeros((1, 49, 44), np.int8), np.zeros((2107,), np.int8)]
)
def test_inputs_of_another_kind_are_refused(model, inputs):
    with pytest.raises(ValueError, match="expected int8"):
        model.run(inputs)


def test_the_arena_is_the_smallest(model):
    from tflite_micro.python.tflite_micro import runtime

    assert model.arena_bytes % 16 == 0
    assert model.arena_bytes >= 8800, (
        "the 25 x 22 x 8 activations alone are 4400 bytes, in and out of RESHAPE"
    )
    runtime.Interpreter.from_bytes(model._tflite, arena_size=model.arena_bytes).invoke()
    with pytest.raises(RuntimeError):
        runtime.Interpreter.from_bytes(model._tflite, arena_size=model.arena_bytes - 16).invoke()


def test_measuring_says_nothing_on_stderr(tiny_tflite, capfd):
    TflmModel(tiny_tflite, "tiny.tflite")
    os.write(2, b"still open")
    assert capfd.readouterr().err == "still open"


@pytest.mark.parametrize("damage", [b"", b"TFL3", b"x" * 100, b"\xff\xff\xff\xffTFL3" + b"\xff" * 64])
def test_a_foreign_file_is_refused(damage):
    with pytest.raises(UserError, match=r"^bad\.tflite: (not a TensorFlow Lite model|damaged)"):
        TflmModel(damage, "bad.tflite")


def test_a_truncated_file_is_refused_wherever_it_ends(tiny_tflite):
    for length in (*range(8, len(tiny_tflite) - 64, 911), len(tiny_tflite) - 64):
        with pytest.raises(UserError, match="bad: "):
            TflmModel(tiny_tflite[:length], "bad")


def test_a_float_model_runs_and_is_no_int8_model(float_tflite):
    model = TflmModel(float_tflite, "float.tflite")
    scores = model.run(np.random.default_rng(1).uniform(0, 127, (3, 49, 43, 1)).astype(np.float32))
    assert (scores.dtype, scores.shape) == (np.float32, (3, 4))
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(UserError, match=r"float\.tflite: input is float32, expected int8"):
        int8_model(float_tflite, "float.tflite")


def test_an_operator_that_tflm_lacks_is_named(tiny_tflite):
    def change(tree):
        tree.operatorCodes[-1].builtinCode = tree.operatorCodes[-1].deprecatedBuiltinCode = (
            schema().BuiltinOperator.RANK
        )

    with pytest.raises(UserError, match=r"refuses it: .*'RANK'"):
        TflmModel(repack(tiny_tflite, change), "rank.tflite")


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("tensor 0 has buffer 999", lambda tree: setattr(tree.subgraphs[0].tensors[0], "buffer", 999)),
        ("op 0 uses tensors", lambda tree: setattr(tree.subgraphs[0].operators[0], "inputs", [0, 77, 3])),
        ("op 0 has operator code 9", lambda tree: setattr(tree.subgraphs[0].operators[0], "opcodeIndex", 9)),
        ("tensor 0 has shape", lambda tree: setattr(tree.subgraphs[0].tensors[0], "shape", [1, 0, 43, 1])),
        ("bytes of data, expected", lambda tree: setattr(tree.subgraphs[0].tensors[2], "shape", [4, 9999])),
        ("schema version 2", lambda tree: setattr(tree, "version", 2)),
        ("input or output tensors", lambda tree: setattr(tree.subgraphs[0], "outputs", [50])),
    ],
)
def test_an_index_that_leads_nowhere_is_refused_before_the_interpreter_follows_it(tiny_tflite, fault, change):
    with pytest.raises(UserError, match=fault):
        TflmModel(repack(tiny_tflite, change), "bad.tflite")


def test_repacking_alone_changes_nothing(tiny_tflite, model):
    """So the refusals above come from the change."""
    inputs = random_inputs(2)
    again = TflmModel(repack(tiny_tflite, lambda tree: None), "again.tflite")
    assert (again.run(inputs) == model.run(inputs)).all()


def test_importing_it_imports_neither_tensorflow_nor_the_interpreter():
    code = (
        "import sys, train.tflite.tflm; "
        "print([m for m in ('tensorflow', 'tflite_micro') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
