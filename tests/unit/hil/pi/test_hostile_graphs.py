"""Graphs that no converter writes: a line, whatever of a graph does not fit."""

from pathlib import Path

import numpy as np
import pytest
from fuzzing.graph_damage import encoded, node, small_graphs
from invoke import invoke

from hil.commands import pi
from hil.pi.remote import machine
from hil.pi.remote.graphdef import GraphError, parse_graph
from hil.pi.remote.interpreter import Interpreter
from train.core.errors import UserError

AUDIO = [node("wav_data", "Placeholder"), node("decoded_sample_data", "DecodeWav", ["wav_data"])]
LOOP = small_graphs()[2]


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def const(name: str, value: np.ndarray) -> list:
    return node(name, "Const", value=value)


def picture(op: str, shape: tuple[int, ...], **attributes: object) -> list:
    return [
        const("size", ints(1, 100, 160, 1)),
        node("picture", "Reshape", ["decoded_sample_data", "size"]),
        const("filters", np.ones(shape, np.float32)),
        node("labels_softmax", op, ["picture", "filters"], padding=b"VALID", **attributes),
    ]


CASES = {
    "strides that lead out of the picture": (
        picture("Conv2D", (200, 4, 1, 2), strides=[1, -1, -1, 1]),
        "strides",
    ),
    "strides of none": (picture("DepthwiseConv2dNative", (2, 2, 1, 1), strides=[1, 0, 1, 1]), "strides"),
    "strides that are missing": (picture("Conv2D", (2, 2, 1, 2)), "strides"),
    "more than there is memory": (
        [
            const("much", ints(1 << 20, 1 << 20)),
            const("x", np.float32(1)),
            node("labels_softmax", "Fill", ["much", "x"]),
        ],
        "MemoryError",
    ),
    "an Exit of no loop": (
        [node("labels_softmax", "Exit", ["decoded_sample_data"])],
        "its loop is not built",
    ),
    "a control input without inputs": (
        [node("nothing", "Identity"), node("labels_softmax", "Const", ["^nothing"], value=ints(1))],
        "do not fit together",
    ),
    "an operator without inputs": ([node("labels_softmax", "Softmax")], "node labels_softmax"),
    "an output that there is not": (
        [node("more", "Softmax", ["decoded_sample_data"]), node("labels_softmax", "Relu", ["more:3"])],
        "node labels_softmax",
    ),
    "a name that commands a terminal": (
        [node("labels_softmax\x1b[2J", "Softmax")],
        "TensorFlow does not take",
    ),
    "a name of two lines": ([node("a\nerror: forged", "Softmax")], "TensorFlow does not take"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_does_not_fit_is_told_in_a_line(name: str, tmp_path: Path) -> None:
    nodes, message = CASES[name]
    path = tmp_path / "model.pb"
    path.write_bytes(encoded([*AUDIO, *nodes]))
    with pytest.raises(UserError, match=message) as caught:
        invoke(pi, [path, "--estimate"])
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hil.pi.remote.interpreter._LONGEST_RUN_S", 0)
    engine = Interpreter(LOOP, ["decoded_sample_data:0"], ["labels_softmax:0"])
    with pytest.raises(GraphError, match="does not end within 0 s"):
        engine.run([np.zeros((16000, 1), np.float32)])


def test_what_a_loop_leaves_is_counted_though_its_reader_takes_it() -> None:
    engine = Interpreter(LOOP, ["decoded_sample_data:0"], ["labels_softmax:0"])
    assert len(parse_graph(LOOP)) == len(engine.nodes)
    found = engine.shapes([np.zeros((16000, 1), np.float32)], [("logits", 0), ("labels_softmax", 0)])
    assert found == {("logits", 0): (1, 12), ("labels_softmax", 0): (1, 12)}


def test_the_limit_of_memory_ends_with_the_run() -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    before = resource.getrlimit(resource.RLIMIT_AS)
    with machine.limited_memory(), pytest.raises(MemoryError):
        np.ones(1 << 31, np.int8)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
