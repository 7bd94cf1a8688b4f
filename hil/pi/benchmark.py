"""A frozen graph timed here, on a Raspberry Pi or by estimate, and judged by the challenge's rules."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from hil.pi.bundle import BUNDLE, Ended, bundle, figures, watch
from hil.pi.emulate import check, describe
from hil.pi.estimate import estimate
from hil.pi.remote.ends import AUDIO_INPUT, FEATURES_INPUT, OUTPUT, Ends
from hil.pi.remote.graphdef import GraphError, Node, parse_graph, split_reference
from hil.pi.rules import Rule, broken, judge, label_of, verdict
from hil.pi.ssh import Host, failure, is_ssh_failure, remote_folder, run_command
from hil.provenance import EMULATED, ESTIMATED
from train.core import runfolder
from train.core.console import say
from train.core.errors import Interrupted, UserError
from train.core.files.plain import read_plain
from train.core.results.pi import FILES
from train.core.typed_json import encode
from train.tflite.foreign import describe_foreign

_MS_PER_US = 1e-3


class RuleError(UserError):
    """The graph breaks a rule."""

    exit_code = 5


def find_graph(path: Path) -> Path:
    """The graph of a run folder, or the path itself.

    Raises:
        UserError: there is none, or it is not the one that belongs to the run folder.
    """
    if path.is_dir():
        runfolder.read_spec(path, needs=[runfolder.GRAPHDEF])
        return path / runfolder.GRAPHDEF
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; expected a run folder or a frozen graph, model.pb")
    return path


def read_graph(path: Path) -> tuple[bytes, list[Node]]:
    """The bytes of a graph and its nodes.

    Raises:
        UserError: it cannot be read.
    """
    try:
        content = read_plain(path)
        return content, parse_graph(content)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except GraphError as error:
        is_lite = content[4:8] == b"TFL3"
        what = "a TensorFlow Lite model" if is_lite else describe_foreign(content)[0]
        raise UserError(
            f"{path}: {error}; it looks like {what}; freeze it again, or pass a frozen graph (model.pb)"
        ) from error


def check_takes_audio(path: Path, nodes: list[Node], advice: str) -> None:
    """Refuse a graph that begins at features, as those of ``--preprocess micro`` do.

    Args:
        advice: what to do with it instead.
    Raises:
        UserError: it is one.
    """
    names = {node.name for node in nodes}
    features = split_reference(FEATURES_INPUT)[0]
    if features in names and split_reference(AUDIO_INPUT)[0] not in names:
        raise UserError(
            f"{path}: begins at features, {features}, since TensorFlow 1.4 has no op for its front end; "
            f"expected a graph that takes audio; {advice}, or train with another --preprocess, such as "
            "log_mel"
        )


def time_local(graph: Path, python: str, arguments: list[str]) -> Ended:
    """Run the timer on this computer, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        timer = Path(folder) / BUNDLE
        timer.write_bytes(bundle())
        return watch([python, str(timer), str(graph.absolute()), *arguments])


def time_remote(content: bytes, host: Host, python: str, arguments: list[str]) -> Ended:
    """Run the timer on another computer.

    Raises:
        SshError: it is not reached, or is lost.
        RemoteError: it lacks something.
    """
    try:
        with remote_folder(host, {BUNDLE: bundle(), runfolder.GRAPHDEF: content}, python) as folder:
            command = [python, BUNDLE, runfolder.GRAPHDEF, "--watch-stdin", *arguments]
            ended = watch(run_command(host, folder, command))
    except KeyboardInterrupt as error:
        raise Interrupted(f"stopped; nothing was left on {host.login} and nothing written here") from error
    if is_ssh_failure(ended.code):
        raise failure(host, ended.code, ended.last_words)
    return ended


def measure(ended: Ended, graph: Path) -> tuple[dict[str, Any], str]:
    """The figures of a timer that ended, and its log.

    Raises:
        UserError, TimerError: it could not do it.
    """
    found = figures(ended, graph)
    timings = found["timings_us"]
    label = label_of(found["machine"]["model"])
    return {
        "label": label,
        "avg_ms": timings["avg"] * _MS_PER_US,
        "std_ms": timings["std"] * _MS_PER_US,
        **found,
    }, ended.log


def estimated(graph: Path, content: bytes, ends: Ends) -> tuple[dict[str, Any], str]:
    """The figures of an estimate, and its formula as text."""
    found = estimate(content, str(graph), ends)
    return {"label": ESTIMATED, **found}, "\n".join(found["formula"]) + "\n"


def conclude(
    graph: Path,
    mode: str,
    content: bytes,
    nodes: list[Node],
    found: dict[str, Any],
    log: str,
    output: str = OUTPUT,
) -> Path:
    """Judge, write ``pi/<mode>.json`` and ``.txt`` beside the graph, print the verdict.

    Args:
        mode: of ``train.core.results.pi``.
        found: its figures, as JSON.
        output: the tensor that they are of.
    Raises:
        EmulationError: the scores under emulation are not those of this computer.
        RuleError: a rule is broken. All is written by then.
    """
    rules = judge(nodes, len(content), found, found["label"], output)
    path = graph.parent / runfolder.PI / f"{mode}.json"
    figures = {
        **found,
        "graph_bytes": len(content),
        "graph_sha256": hashlib.sha256(content).hexdigest(),
        "verdict": encode(verdict(rules)),
    }
    with runfolder.writing(path.parent, wait=True):
        FILES[mode].of(figures, str(path)).write(path)
        runfolder.write_text(path.with_suffix(".txt"), log)
    say(*_summary(found), *map(str, rules), f"written  {path}")
    if found["label"] == EMULATED:
        check(graph, found)
    _raise_broken(graph, rules)
    return path


def _summary(found: dict[str, Any]) -> list[str]:
    """Who measured, and what."""
    if found["label"] == ESTIMATED:
        low_ms, high_ms = found["range_ms"]
        return [
            *(f"formula  {line}" for line in found["formula"]),
            f"latency  {found['avg_ms']:.1f} ms on a Pi 3, {low_ms:.1f} to {high_ms:.1f} (estimated)",
        ]
    if found["label"] == EMULATED:
        return describe(found)
    machine = found["machine"]
    name = machine["model"] or machine["processor"] or "a computer"
    lines = [f"machine  {name}, {machine['architecture']}, {found['engine']}, Python {machine['python']}"]
    states = [found[key] for key in ("state_before", "state_after")]
    if all(state["temperature_c"] is not None for state in states):
        before, after = (state["temperature_c"] for state in states)
        lines.append(f"heat     {before:.1f} °C, then {after:.1f}; governor {states[1]['governor']}")
    lines.append(
        f"latency  {found['avg_ms']:.3f} ms ± {found['std_ms']:.3f} in {found['timings_us']['count']} runs "
        f"({found['label']}); {found['no_stats_us']['avg'] * _MS_PER_US:.3f} ms without statistics"
    )
    return lines


def _raise_broken(graph: Path, rules: list[Rule]) -> None:
    faults = broken(rules)
    if faults:
        said = "; ".join(f"{rule.name}: {rule.found}" for rule in faults)
        raise RuleError(f"{graph}: breaks the rules for the Raspberry Pi: {said}")
