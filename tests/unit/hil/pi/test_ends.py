"""Which tensors are fed and wanted, and what is said of names that a graph does not have."""

from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from small_graphs import run

from hil.pi.remote.ends import AUDIO_INPUT, OUTPUT, RATE_INPUT, Ends, add_end_flags, ends_of
from hil.pi.remote.graphdef import GraphError, Node, parse_graph
from hil.pi.rules import judge
from hil.provenance import HOST
from train.core.errors import UserError


def placeholder(name: str, shape: tuple[int, ...] | None, dtype: int = 1) -> Node:
    return Node(name, "Placeholder", [], {"dtype": dtype, "shape": shape})


def taking(*names: str) -> Node:
    return Node("scores", "Softmax", [(name, 0) for name in names], {})


def parsed(*arguments: str) -> Ends:
    parser = ArgumentParser()
    add_end_flags(parser)
    return ends_of(parser.parse_args(arguments))


def test_flags_and_back_again():
    assert (parsed().feeds, parsed().fetches) == ([AUDIO_INPUT, RATE_INPUT], [OUTPUT])
    assert parsed().arguments == []
    own = parsed("--input", "x", "--output=y:1")
    assert (own.feeds, own.fetches, own.arguments) == (["x:0"], ["y:1"], ["--input=x", "--output=y:1"])
    assert parsed(*own.arguments).feeds == own.feeds
    assert parsed("--input=x", "--rate-input", "r").feeds == ["x:0", "r:0"]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (None, (16000, 1)),
        ((16000,), (16000,)),
        ((-1,), (16000,)),
        ((-1, 1), (16000, 1)),
        ((-1, -1), (1, 16000)),
        ((-1, 16000), (1, 16000)),
        ((-1, 49, 40, 1), (1, 49, 40, 1)),
    ],
)
def test_open_sizes_are_one_clip(shape, expected):
    ends = Ends("x", "", "scores")
    assert ends.input_shape([placeholder("x", shape), taking("x")]) == expected


MISTAKES = {
    "no such input": (
        Ends(output="scores"),
        [placeholder("x", (-1, 16000)), taking("x")],
        r"graph of 2 nodes has no decoded_sample_data:0; its inputs are x \(float32 \[-1, 16000\]\), its "
        r"last nodes scores \(Softmax\): say which with --input \(and --rate-input, --output\)",
    ),
    "no such output": (
        Ends("x", "", "y"),
        [placeholder("x", None), taking("x")],
        r"has no y; .* say which with --output",
    ),
    "one input is missing": (
        Ends("x", "", "scores"),
        [placeholder("x", None), placeholder("rate", (), 3), taking("x", "rate")],
        r"input rate is not given; .* with --rate-input NAME .* inputs rate \(int32 \[\]\), x \(float32\)",
    ),
    "a file": (
        Ends("wav", "", "scores"),
        [placeholder("wav", (), 7), taking("wav")],
        "input wav takes type 7, expected float32: name with --input what takes samples",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_names_that_are_wrong(case):
    ends, nodes, message = MISTAKES[case]
    with pytest.raises(GraphError, match=message):
        (ends.input_shape if case == "a file" else ends.check)(nodes)


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Scores of a row of samples, by an operator that NumPy does not have; a file that looks like a flag."""
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 16000), name="samples")
        tf.raw_ops.Softmax(logits=tf.raw_ops.Selu(features=x)[:, :3], name="scores")
    path = tmp_path / "-of another.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


OWN = ["--input", "samples", "--output", "scores"]


def test_each_way_says_what_it_cannot(monkeypatch, foreign):
    monkeypatch.chdir(foreign.parent)
    unknown = r"-of another\.pb: node Selu is Selu, which the NumPy interpreter does not know"
    with pytest.raises(UserError, match=rf"{unknown}.*measure it with --local or --host, where TensorFlow"):
        run(monkeypatch, "--estimate", *OWN, "--", foreign.name)
    with pytest.raises(UserError, match=rf"{unknown}.*TensorFlow may: leave out --engine numpy"):
        run(monkeypatch, "--local", "--engine", "numpy", *OWN, "--", foreign.name)
    found = {"avg_ms": 1.0, "output_shape": [1, 3], "machine": {"model": "this"}}
    for nodes, can_be_estimated in ((parse_graph(foreign.read_bytes()), False), ([taking()], True)):
        told = {rule.name: rule.found for rule in judge(nodes, 1000, found, HOST, "scores")}
        assert ("--estimate gives a range" in told["latency"]) is can_be_estimated
        assert told["output"] == "scores: [1, 3], expected the scores in labels_softmax"


def test_a_folder_is_scored_by_a_graph_of_other_names(monkeypatch, tmp_path):
    from train.audio.wav import encode_wav

    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 16000), name="samples")
        loudness = tf.reduce_max(tf.abs(x), axis=1, keepdims=True)
        tf.concat([1 - loudness, loudness], axis=1, name="scores")
    (tmp_path / "model.pb").write_bytes(graph.as_graph_def().SerializeToString())
    (tmp_path / "labels.txt").write_text("_silence_\nyes\n")
    clips = tmp_path / "clips"
    clips.mkdir()
    for name, level in (("a", 20000), ("b", 100)):
        (clips / f"{name}.wav").write_bytes(encode_wav(np.full(16000, level, np.int16), 16000))
    out = tmp_path / "out.csv"
    run(monkeypatch, str(tmp_path / "model.pb"), "--local", "--engine", "numpy", *OWN,
        "--submission", str(clips), "--out", str(out))  # fmt: skip
    assert out.read_text() == "fname,label\na.wav,yes\nb.wav,silence\n"
