"""``earshot pi``: the verdict, the estimate, what is written, and what mistakes are told."""

import json
import shutil
from pathlib import Path

import pytest
from small_graphs import make_graph, run

from hil.pi import benchmark, estimate, ssh
from hil.pi.bundle import Ended, TimerError, figures
from hil.pi.remote.graphdef import Node, parse_graph
from hil.pi.rules import judge, label_of, verdict
from hil.provenance import ESTIMATED, HOST, MEASURED
from train.core.errors import UserError

AUDIO = Node(
    "decoded_sample_data", "DecodeWav", [("wav_data", 0)], {"desired_samples": 16000, "desired_channels": 1}
)
SOFTMAX = Node("labels_softmax", "Softmax", [("decoded_sample_data", 0)], {"T": 1})
PI_3 = "Raspberry Pi 3 Model B Rev 1.2"


def measured(avg_ms: float, model: str | None = PI_3, shape: tuple[int, ...] = (12,)) -> dict:
    machine = {"model": model, "processor": "some processor"}
    return {"avg_ms": avg_ms, "output_shape": list(shape), "machine": machine, "engine": "TensorFlow 1.4.0"}


def rules_of(found: dict, nodes=(AUDIO, SOFTMAX), graph_bytes=4_870_144, label=None):
    label = label or label_of(found["machine"]["model"])
    return {rule.name: rule for rule in judge(list(nodes), graph_bytes, found, label)}


def test_the_winning_entry_keeps_every_rule():
    rules = rules_of(measured(58.042))
    assert {rule.kept for rule in rules.values()} == {True}
    assert verdict(list(rules.values())).kept is True
    assert "58.042 ms (measured) by TensorFlow 1.4.0" in rules["latency"].found


@pytest.mark.parametrize(("graph_bytes", "kept"), [(4_999_999, True), (5_000_000, False)])
def test_size(graph_bytes, kept):
    assert rules_of(measured(1.0), graph_bytes=graph_bytes)["size"].kept is kept


@pytest.mark.parametrize(
    ("avg_ms", "kept", "advice"),
    [(174.9, True, False), (175.0, True, True), (199.9, True, True), (200.0, False, False)],
)
def test_latency_on_a_pi_3(avg_ms, kept, advice):
    rule = rules_of(measured(avg_ms))["latency"]
    assert rule.kept is kept
    assert ("as another day may be hotter" in rule.found) is advice


@pytest.mark.parametrize("model", [None, "Raspberry Pi 5 Model B Rev 1.0", "Raspberry Pi 4 Model B"])
def test_latency_elsewhere_is_not_judged(model):
    rules = rules_of(measured(900.0, model))
    assert rules["latency"].kept is None
    assert (model or "some processor") in rules["latency"].found
    assert verdict(list(rules.values())).kept is None


@pytest.mark.parametrize(
    ("limits_ms", "kept"), [((100.0, 199.9), True), ((150.0, 200.0), None), ((200.0, 300.0), False)]
)
def test_latency_of_an_estimate(limits_ms, kept):
    found = {"avg_ms": 150.0, "range_ms": limits_ms, "output_shape": [12]}
    assert rules_of(found, label=ESTIMATED)["latency"].kept is kept


def test_labels():
    assert label_of("Raspberry Pi 2 Model B Rev 1.1") == MEASURED
    assert label_of("BeagleBone") == label_of(None) == HOST


@pytest.mark.parametrize(
    ("shape", "kept"),
    [((12,), True), ((1, 12), True), ((1, 4), None), ((2, 12), False), ((), False), ((1, 1, 12), False)],
)
def test_output(shape, kept):
    assert rules_of(measured(1.0, shape=shape))["output"].kept is kept


def decode_wav(samples: int, channels: int) -> Node:
    return Node(
        "decoded_sample_data", "DecodeWav", [], {"desired_samples": samples, "desired_channels": channels}
    )


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (Node("audio", "DecodeWav", [], {}), "there is no decoded_sample_data"),
        (Node("decoded_sample_data", "Placeholder", [], {}), "decoded_sample_data is Placeholder"),
        (decode_wav(8000, 1), "DecodeWav of 8000 samples"),
        (decode_wav(16000, 2), "2 channel"),
    ],
)
def test_inputs(node, message):
    rule = rules_of(measured(1.0), nodes=[node, SOFTMAX])["inputs"]
    assert rule.kept is False
    assert message in rule.found


def test_foreign_ops_and_attributes():
    odd = [
        Node("swish", "LeakyRelu", [], {"T": 1}),
        Node("conv", "Conv2D", [], {"T": 1, "dilations": [1, 1, 1, 1], "_note": b""}),
    ]
    rule = rules_of(measured(1.0), nodes=[AUDIO, SOFTMAX, *odd])["ops"]
    assert rule.kept is False
    assert rule.found == "TensorFlow 1.4 does not know: swish is LeakyRelu, conv (Conv2D) has dilations"
    known = Node("mfcc", "Mfcc", [], {"dct_coefficient_count": 40})
    assert rules_of(measured(1.0), nodes=[AUDIO, SOFTMAX, known])["ops"].kept is True


LOG_SHAPES = {
    ("audio", 0): (16000, 1), ("spectrogram", 0): (1, 99, 257), ("cepstrum", 0): (1, 99, 40),
    ("features", 0): (1, 99, 40, 1), ("filter", 0): (20, 8, 1, 64),
    ("first", 0): (1, 99, 40, 64), ("bias", 0): (64,),
    ("pool", 0): (1, 50, 20, 64), ("add", 0): (1, 99, 40, 64), ("relu", 0): (1, 99, 40, 64),
    ("filter2", 0): (10, 4, 64, 64),
    ("second", 0): (1, 50, 20, 64), ("add2", 0): (1, 50, 20, 64), ("relu2", 0): (1, 50, 20, 64),
    ("flat", 0): (1, 64000), ("weights", 0): (64000, 12), ("scores", 0): (1, 12), ("add3", 0): (1, 12),
    **{(f"const{number}", 0): () for number in range(8)},
}  # fmt: skip
LOG_NODES = [
    Node("spectrogram", "AudioSpectrogram", [("audio", 0)], {}),
    Node("cepstrum", "Mfcc", [("spectrogram", 0)], {}),
    Node("features", "Reshape", [("cepstrum", 0)], {}),
    Node("first", "Conv2D", [("features", 0), ("filter", 0)], {}),
    Node("add", "Add", [("first", 0), ("bias", 0)], {}),
    Node("relu", "Relu", [("add", 0)], {}),
    Node("pool", "MaxPool", [("relu", 0)], {}),
    Node("second", "Conv2D", [("pool", 0), ("filter2", 0)], {}),
    Node("add2", "Add", [("second", 0), ("bias", 0)], {}),
    Node("relu2", "Relu", [("add2", 0)], {}),
    Node("flat", "Reshape", [("relu2", 0)], {}),
    Node("scores", "MatMul", [("flat", 0), ("weights", 0)], {}),
    Node("add3", "Add", [("scores", 0), ("bias", 0)], {}),
    *(Node(f"const{number}", "Const", [], {}) for number in range(8)),
]


def test_the_estimate_gives_the_log_back():
    """The graph that the log is of, counted and timed by its own rates, takes the times in the log."""
    terms = {term.what: term.ms for term in estimate.count_work(LOG_NODES, LOG_SHAPES.__getitem__)}
    assert terms == pytest.approx(
        {
            "Conv2D": 137.228, "AudioSpectrogram": 7.013, "Mfcc": 6.744, "MatMul": 4.269, "MaxPool": 3.933,
            "Add": 3.047, "Relu": 1.980, "Const": 0.671, "other operators": 0.081,
        }
    )  # fmt: skip


def test_twice_the_filters_are_twice_the_work():
    doubled = LOG_SHAPES | {("first", 0): (1, 99, 40, 128), ("second", 0): (1, 50, 20, 128)}
    terms = {term.what: term.ms for term in estimate.count_work(LOG_NODES, doubled.__getitem__)}
    assert terms["Conv2D"] == pytest.approx(2 * 137.228)
    assert terms["MatMul"] == pytest.approx(4.269)


def test_estimate_is_written(monkeypatch, tmp_path, capsys):
    graph = make_graph(tmp_path)
    run(monkeypatch, graph, "--estimate")
    found = json.loads((tmp_path / "pi" / "estimate.json").read_text())
    weights_ms = 16000 * 12 * 4.269 / 768000
    assert found["label"] == "estimated"
    assert found["avg_ms"] == pytest.approx(
        weights_ms + 12 * 1.98 / 317440 + 2 * 0.671 / 8 + 2 * 0.0405, abs=1e-6
    )
    assert found["range_ms"] == pytest.approx(
        [found["avg_ms"] * 88.276 / 165.168, found["avg_ms"] * 254.865 / 165.168]
    )
    assert (found["std_ms"], found["flops"], found["memory_bytes"]) == (None, 384000, 48)
    assert found["graph_bytes"] == graph.stat().st_size
    assert found["verdict"]["kept"] is True
    said = capsys.readouterr().out
    assert "MatMul: 192,000 weights x 5.559 ns = 1.067 ms" in said
    assert "(estimated)" in said


def test_local_is_written(monkeypatch, tmp_path, capsys):
    graph = make_graph(tmp_path, labels=4)
    run(monkeypatch, graph, "--local", "--engine", "numpy", "--runs", 3)
    found = json.loads((tmp_path / "pi" / "local.json").read_text())
    assert list(found)[:8] == [
        "version",
        "label",
        "avg_ms",
        "std_ms",
        "graph_bytes",
        "flops",
        "memory_bytes",
        "verdict",
    ]
    assert (found["label"], found["flops"], found["memory_bytes"]) == ("host", 128000, 16)
    assert found["avg_ms"] == pytest.approx(found["timings_us"]["avg"] / 1000)
    assert found["avg_ms"] > 0
    assert found["timings_us"]["count"] == 3
    assert found["verdict"]["rules"]["latency"]["kept"] is None
    assert found["verdict"]["rules"]["output"]["kept"] is None
    log = (tmp_path / "pi" / "local.txt").read_text()
    for line in (
        "Timings (microseconds): count=3",
        "FLOPs estimate: 128.00k",
        "Summary by node type",
        "curr=16(all",
    ):
        assert line in log
    captured = capsys.readouterr()
    told, shown = ([line.split() for line in text.splitlines()] for text in (log, captured.err))
    assert all(line in shown for line in told), "but for blanks in the place of tabs"
    assert "(host)" in captured.out


def test_a_graph_over_the_limits_is_measured_and_then_refused(monkeypatch, tmp_path):
    graph = make_graph(tmp_path, extra=1_100_000)
    with pytest.raises(
        benchmark.RuleError, match=r"model.pb: breaks the rules .*size: 5,1\d\d,\d\d\d bytes"
    ) as caught:
        run(monkeypatch, graph, "--estimate")
    assert caught.value.exit_code == 5
    assert json.loads((tmp_path / "pi" / "estimate.json").read_text())["verdict"]["kept"] is False


def test_foreign_ops_are_told(monkeypatch, tmp_path):
    graph = make_graph(tmp_path, foreign=True)
    message = "node LeakyRelu is LeakyRelu, which the NumPy interpreter does not know"
    with pytest.raises(UserError, match=f"model.pb: {message}"):
        run(monkeypatch, graph, "--estimate")
    with pytest.raises(UserError, match=f"model.pb: {message}"):
        run(monkeypatch, graph, "--local", "--engine", "numpy")
    rule = rules_of(measured(1.0), nodes=parse_graph(graph.read_bytes()))["ops"]
    assert rule.found == "TensorFlow 1.4 does not know: LeakyRelu is LeakyRelu"


MISTAKES = {
    "no such file": (["nothere.pb", "--estimate"], r"nothere\.pb: there is no such file"),
    "no run folder": ([".", "--estimate"], "no spec.json there"),
    "no graph": (
        ["text.pb", "--local"],
        r"text\.pb: not a GraphDef, damaged or cut short \(4 bytes\); it looks like text .*; freeze it again",
    ),
    "another model": (
        ["model.tflite", "--local"],
        "it looks like a TensorFlow Lite model; .*pass a frozen graph",
    ),
    "no runs": (["text.pb", "--local", "--runs", "0"], "--runs is 0, expected 1 or more"),
    "runs of nothing": (
        ["text.pb", "--estimate", "--runs", "5"],
        "--runs is of timing; leave it out with --est",
    ),
    "port without host": (["text.pb", "--local", "--port", "22"], "add --host USER@HOST"),
    "option as host": (["model.pb", "--host=-oProxyCommand=x"], "expected user@name"),
    "no such python": (["model.pb", "--local", "--python", "./nopython"], r"\./nopython: cannot be run"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes(monkeypatch, tmp_path, case):
    arguments, message = MISTAKES[case]
    make_graph(tmp_path)
    (tmp_path / "text.pb").write_text("text")
    (tmp_path / "model.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(40))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        run(monkeypatch, *arguments)
    assert not (tmp_path / "pi").exists()


def test_exactly_one_way_is_to_be_named(monkeypatch):
    with pytest.raises(UserError, match="one of --host --local --estimate --emulate is missing"):
        run(monkeypatch, "model.pb")
    with pytest.raises(UserError, match="--estimate and --local exclude each other"):
        run(monkeypatch, "model.pb", "--local", "--estimate")


def test_a_timer_that_breaks_down():
    with pytest.raises(TimerError, match=r"model\.pb: the timer ended with 1: MemoryError"):
        figures(Ended(1, "", "Traceback (most recent call last):\nMemoryError\n"), Path("model.pb"))
    with pytest.raises(UserError, match=r"model\.pb: node x is missing$"):
        figures(
            Ended(2, "", "error: /a: b/model.pb: node x is missing\nW0000 chatter\n"), Path("/a: b/model.pb")
        )
    with pytest.raises(TimerError, match="the timer ended with 0: it said nothing"):
        figures(Ended(0, "", "x: I hil/pi/remote/timer.py:9] line\n"), Path("model.pb"))


SSH_SAYS = {
    "ssh: Could not resolve hostname pi: Name or service not known": "there is no such name in the network",
    "ssh: connect to host pi port 22: Connection refused": "no ssh server answers",
    "ssh: connect to host pi port 22: Connection timed out": "does not answer; is it on",
    "ssh: connect to host pi port 22: No route to host": "does not answer; is it on",
    "Host key verification failed.": "log in once by hand and accept it: ssh -p 2222 me@pi",
    "REMOTE HOST IDENTIFICATION HAS CHANGED!\nHost key verification failed.": r"ssh-keygen -R '\[pi\]:2222'",
    "me@pi: Permission denied (publickey,password).": "ssh-copy-id -p 2222 me@pi",
    "Connection to pi closed by remote host.": r"failed or was lost \(Connection to pi closed",
    "": r"failed or was lost \(ssh ended with 255\)",
}


@pytest.mark.parametrize("said", SSH_SAYS)
def test_what_ssh_says_is_told_in_one_line(said):
    error = ssh.failure(ssh.Host("me@pi", 2222), 255, said)
    assert isinstance(error, ssh.SshError)
    assert error.exit_code == 3
    with pytest.raises(ssh.SshError, match=SSH_SAYS[said]):
        raise error
    assert "\n" not in str(error)


def test_without_ssh(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="ssh: not found; install it"):
        ssh.Host("me@pi").command("true")
