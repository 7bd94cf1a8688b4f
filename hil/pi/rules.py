"""The rules for the Raspberry Pi prize of the TensorFlow Speech Recognition Challenge, applied to a graph.

A rule is kept, broken, or not judged: what a computer here measures says nothing of a Pi.
"""

from dataclasses import dataclass
from typing import Any

from hil.pi.remote.ends import AUDIO_INPUT, OUTPUT
from hil.pi.remote.graphdef import Node
from hil.pi.remote.interpreter import knows
from hil.pi.remote.work import needed_nodes
from hil.provenance import EMULATED, ESTIMATED, HOST, MEASURED
from train.core.results.pi import RuleVerdict, Verdict
from train.graphdef.tf14 import TF14_ATTRIBUTES

GRAPH_LIMIT_BYTES = 5_000_000
LATENCY_LIMIT_MS, LATENCY_ADVICE_MS = 200.0, 175.0
SCORES = 12  # ten words, silence, unknown
_CLIP_SAMPLES = 16000
_PI_3 = "Raspberry Pi 3"
_SHOWN = 3  # foreign ops named in one line


@dataclass(frozen=True)
class Rule:
    """One rule applied: ``kept`` is None where it is not judged."""

    name: str
    kept: bool | None
    found: str

    def __str__(self) -> str:
        state = {True: "kept", False: "BROKEN", None: "not judged"}[self.kept]
        return f"{self.name:8} {state:11} {self.found}"


def label_of(model: str | None) -> str:
    """Evidence that a figure is, by the model of the computer that it was measured on."""
    return MEASURED if model and "Raspberry Pi" in model else HOST


def judge(
    nodes: list[Node], graph_bytes: int, figures: dict[str, Any], label: str, output: str = OUTPUT
) -> list[Rule]:
    """Every rule.

    Args:
        figures: those of the timer, of the emulator, or of the estimate.
        output: the tensor that they are of.
    """
    return [
        Rule(
            "size",
            graph_bytes < GRAPH_LIMIT_BYTES,
            f"{graph_bytes:,} bytes, expected less than {GRAPH_LIMIT_BYTES:,}",
        ),
        _latency(figures, label, _can_be_estimated(nodes, output)),
        _inputs({node.name: node for node in nodes}),
        _output(figures["output_shape"], output),
        _ops(nodes),
    ]


def verdict(rules: list[Rule]) -> Verdict:
    """The rules, and whether they are kept."""
    states = [rule.kept for rule in rules]
    kept = False if False in states else None if None in states else True
    return Verdict(
        kept=kept, rules={rule.name: RuleVerdict(kept=rule.kept, found=rule.found) for rule in rules}
    )


def broken(rules: list[Rule]) -> list[Rule]:
    """Those that are not kept."""
    return [rule for rule in rules if rule.kept is False]


def _can_be_estimated(nodes: list[Node], output: str) -> bool:
    return all(knows(node.op) for node in needed_nodes(nodes, _node_name(output)))


def _latency(figures: dict[str, Any], label: str, can_be_estimated: bool) -> Rule:
    other_way = "--estimate gives a range; " if can_be_estimated else ""
    expected = f"expected less than {LATENCY_LIMIT_MS:.0f} ms on a Pi 3, better {LATENCY_ADVICE_MS:.0f}"
    if label == EMULATED:  # it has no milliseconds
        return Rule("latency", None, f"emulated: {other_way}{expected}")
    mean_ms: float = figures["avg_ms"]
    if label == ESTIMATED:
        low_ms, high_ms = figures["range_ms"]
        kept = None if low_ms < LATENCY_LIMIT_MS <= high_ms else high_ms < LATENCY_LIMIT_MS
        return Rule("latency", kept, f"{low_ms:.1f} to {high_ms:.1f} ms (estimated), {expected}")
    machine = figures["machine"]
    model = machine["model"] or machine["processor"] or "a computer"
    found = f"{mean_ms:.3f} ms ({label})"
    if _PI_3 not in model:
        return Rule("latency", None, f"{found} on {model}, no Pi 3: {other_way}{expected}")
    if LATENCY_ADVICE_MS <= mean_ms < LATENCY_LIMIT_MS:
        expected += ", as another day may be hotter"
    return Rule("latency", mean_ms < LATENCY_LIMIT_MS, f"{found} by {figures['engine']}, {expected}")


def _inputs(nodes: dict[str, Node]) -> Rule:
    name = _node_name(AUDIO_INPUT)
    node = nodes.get(name)
    expected = f"expected {name}: float [{_CLIP_SAMPLES},1] and a rate, as DecodeWav gives them"
    if node is None:
        return Rule("inputs", False, f"there is no {name}; {expected}")
    if node.op != "DecodeWav":
        return Rule("inputs", False, f"{name} is {node.op}; {expected}")
    samples, channels = (node.attributes.get(name, -1) for name in ("desired_samples", "desired_channels"))
    found = f"{name}: DecodeWav of {samples} samples, {channels} channel"
    if (samples, channels) == (_CLIP_SAMPLES, 1):
        return Rule("inputs", True, found)
    return Rule("inputs", False, f"{found}; {expected}")


def _output(shape: list[int], output: str) -> Rule:
    name = _node_name(output)
    found = f"{name}: {shape}"
    if name != _node_name(OUTPUT):
        return Rule("output", False, f"{found}, expected the scores in {_node_name(OUTPUT)}")
    if shape not in ([shape[-1]], [1, shape[-1]]) if shape else True:
        return Rule("output", False, f"{found}, expected one row of scores")
    if shape[-1] != SCORES:
        return Rule("output", None, f"{found}: another task; the challenge's has {SCORES} scores")
    return Rule("output", True, found)


def _ops(nodes: list[Node]) -> Rule:
    foreign = [f"{node.name} is {node.op}" for node in nodes if node.op not in TF14_ATTRIBUTES]
    foreign += [
        f"{node.name} ({node.op}) has {attribute}"
        for node in nodes
        for attribute in sorted(node.attributes)
        # Names with an underscore are notes of TensorFlow to itself.
        if attribute not in TF14_ATTRIBUTES.get(node.op, {attribute}) and not attribute.startswith("_")
    ]
    if not foreign:
        return Rule("ops", True, f"TensorFlow 1.4 knows all {len({node.op for node in nodes})}")
    more = f", and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else ""
    return Rule("ops", False, f"TensorFlow 1.4 does not know: {', '.join(foreign[:_SHOWN])}{more}")


def _node_name(tensor: str) -> str:
    return tensor.partition(":")[0]
