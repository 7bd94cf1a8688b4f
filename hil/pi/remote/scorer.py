"""Runs a frozen graph for what it computes, not for how long: scores, work and memory as JSON on stdout.

``hil.pi.emulate`` starts it on an emulated processor and on this computer, and compares. Nothing that it
writes has to do with time.
"""

import argparse
import hashlib
import json
import os
import platform
import sys

import numpy as np

from .ends import ends_of
from .graphdef import GraphError, parse_graph
from .interpreter import Interpreter
from .tally import Tally
from .timer import (
    add_engine_flags,
    count_flops,
    end_with_stdin,
    load_engine,
    read_graph,
    refuse_graph,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STDERR = 2


def main():
    # type: () -> None
    """Run the command on ``sys.argv``."""
    parser = argparse.ArgumentParser(prog="earshot_scorer", description=__doc__)
    add_engine_flags(parser)
    parser.add_argument("clips", help="NumPy file, float32 (clips, samples), -1..1")
    parser.add_argument("--marked-runs", type=int, default=0, help="more runs, each between two marks")
    flags = parser.parse_args()
    if flags.watch_stdin:
        end_with_stdin()
    try:
        content = json.dumps(_score(flags), indent=1, sort_keys=True) + "\n"
    except GraphError as error:
        refuse_graph(flags.graph, error)
    sys.stdout.write(content)


def mark():
    # type: () -> float
    """A write of no bytes: an emulator that counts instructions notes how many there were until here."""
    os.write(_STDERR, b"")
    return 0.0  # it may stand where a clock is wanted


def _score(flags):
    # type: (argparse.Namespace) -> dict[str, Any]
    """Scores; then marks: two with nothing between them, one behind each run, those of the nodes."""
    content = read_graph(flags.graph)
    clips, ends = np.load(flags.clips), ends_of(flags)
    nodes = parse_graph(content)
    ends.check(nodes)
    shape = ends.input_shape(nodes)
    engine, _ = load_engine(content, flags, _log)
    inputs = [ends.inputs(clip.reshape(shape)) for clip in clips]
    scores = [engine.run(given)[0] for given in inputs]
    _log("%d clips on %s by %s" % (len(clips), platform.machine(), engine.name))
    tally = Tally()
    if flags.marked_runs:
        mark()
        mark()
        for index in range(flags.marked_runs):
            engine.run(inputs[index % len(inputs)])
            mark()
        _log("%d more runs" % flags.marked_runs)
    if flags.marked_runs and isinstance(engine, Interpreter):
        tally.add_run(engine.run_traced(inputs[0], clock=mark))
    else:
        tally.add_run(engine.run_traced(inputs[0]))
    return {
        "engine": engine.name,
        "machine": {"architecture": platform.machine(), "python": platform.python_version()},
        "graph_sha256": hashlib.sha256(content).hexdigest(),
        "flops": count_flops(engine, content, inputs[0], ends),
        "memory_bytes": tally.memory.current,
        "output_shape": list(scores[0].shape),
        "scores": [score.ravel().tolist() for score in scores],
        "nodes": [{key: node[key] for key in ("name", "op", "memory_bytes")} for node in tally.as_list()],
    }


def _log(message):
    # type: (str) -> None
    """A line without a time."""
    sys.stderr.write("I hil/pi/remote/scorer.py: %s\n" % message)
    sys.stderr.flush()
