"""Times a frozen graph as TensorFlow 1.4's benchmark_model did: the log on stderr, JSON to a file or stdout.

``python3 earshot_timer.pyz model.pb`` on the Raspberry Pi; ``hil.pi.benchmark`` makes that file and sends it.
"""

import argparse
import datetime
import hashlib
import io
import json
import os
import sys
import threading
from timeit import default_timer

import numpy as np

from . import machine
from .ends import AUDIO_INPUT as AUDIO_INPUT
from .ends import INPUT_SHAPE as INPUT_SHAPE
from .ends import OUTPUT as OUTPUT
from .ends import RATE_HZ as RATE_HZ
from .ends import RATE_INPUT as RATE_INPUT
from .ends import Ends, add_end_flags, ends_of
from .graphdef import GraphError, parse_graph, split_reference
from .interpreter import Interpreter, UnknownOperator
from .tally import Stat, Tally
from .tensorflow_engine import TensorFlowEngine
from .work import REPEATING, counted_nodes, human_number, needed_nodes, node_flops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    GraphEngine = Interpreter | TensorFlowEngine

_WARMUP_RUNS = 2
AUTO, TENSORFLOW, NUMPY = "auto", "tensorflow", "numpy"
EXIT_GRAPH, EXIT_LOST = 2, 3  # the graph cannot be run; whoever started this is gone


def main():
    # type: () -> None
    """Run the command on ``sys.argv``."""
    parser = argparse.ArgumentParser(prog="earshot_timer", description=__doc__)
    add_engine_flags(parser)
    parser.add_argument("--max-num-runs", type=int, default=1000, help="of each phase (%(default)s)")
    parser.add_argument("--max-time", type=float, default=10.0, help="of each phase, in s (%(default)s)")
    parser.add_argument(
        "--json", default="-", metavar="FILE", help="where the figures go (%(default)s: stdout)"
    )
    flags = parser.parse_args()
    if flags.watch_stdin:
        end_with_stdin()
    try:
        content = json.dumps(_measure(flags), indent=1, sort_keys=True) + "\n"
    except GraphError as error:
        refuse_graph(flags.graph, error)
    if flags.json == "-":
        sys.stdout.write(content)
    else:
        with io.open(flags.json, "wb") as file:
            file.write(content.encode("utf-8"))


def add_engine_flags(parser):
    # type: (argparse.ArgumentParser) -> None
    """The flags of every program that runs a graph."""
    parser.add_argument("graph", help="a frozen GraphDef, such as model.pb")
    parser.add_argument(
        "--engine", default=AUTO, choices=(AUTO, TENSORFLOW, NUMPY), help="auto: TensorFlow if it is there"
    )
    add_end_flags(parser)
    parser.add_argument("--num-threads", type=int, default=-1, help="of TensorFlow; -1: its choice")
    parser.add_argument("--watch-stdin", action="store_true", help="end as soon as stdin is closed")


def refuse_graph(path, error):
    # type: (str, GraphError) -> NoReturn
    """End, and say why."""
    sys.stderr.write("error: %s: %s\n" % (path, error))
    sys.exit(EXIT_GRAPH)


def end_with_stdin():
    # type: () -> None
    """A process that ssh started outlives the connection, unless it listens for its end."""

    def watch():
        # type: () -> None
        while os.read(0, 4096):
            pass
        os._exit(EXIT_LOST)

    watcher = threading.Thread(target=watch)
    watcher.daemon = True
    watcher.start()


def _measure(flags):
    # type: (argparse.Namespace) -> dict[str, Any]
    """Every phase; the figures as they are written."""
    content, ends = read_graph(flags.graph), ends_of(flags)
    nodes = parse_graph(content)
    ends.check(nodes)
    shape = ends.input_shape(nodes)
    for line in (
        "Graph: [%s]" % flags.graph,
        "Input layers: [%s]" % ",".join(name for name in (ends.audio, ends.rate) if name),
        "Input shapes: [%s%s]" % (",".join(map(str, shape)), ":" if ends.rate else ""),
        "Input types: [%s]" % ("float,int32" if ends.rate else "float"),
        "Output layers: [%s]" % ends.output,
        "Num runs: [%d]" % flags.max_num_runs,
        "Inter-inference delay (seconds): [-1.0]",
        "Inter-benchmark delay (seconds): [-1.0]",
        "Num threads: [%d]" % flags.num_threads,
        "Benchmark name: []",
        "Output prefix: []",
        "Show sizes: [0]",
        "Warmup runs: [%d]" % _WARMUP_RUNS,
    ):
        _log(line)
    state_before = machine.read_state()
    engine, load_s = load_engine(content, flags)
    _log("Loaded %s in %.1f s" % (engine.name, load_s))
    inputs = ends.inputs(np.zeros(shape, np.float32))
    tally = Tally()

    def plain():
        # type: () -> None
        engine.run(inputs)

    def traced():
        # type: () -> None
        tally.add_run(engine.run_traced(inputs))

    warm = _phase(plain, _WARMUP_RUNS, -1.0, "without")
    without = _phase(plain, flags.max_num_runs, flags.max_time, "without")
    with_stats = _phase(traced, flags.max_num_runs, flags.max_time, "with")
    _log(
        "Average inference timings in us: Warmup: %d, no stats: %d, with stats: %d"
        % (warm.mean, without.mean, with_stats.mean)
    )
    for line in tally.lines():
        _log(line)
    flops = count_flops(engine, content, inputs, ends)
    flops_per_s = None if flops is None else int(flops / (without.mean / 1e6)) if without.mean else 0
    for name, number in (("FLOPs estimate", flops), ("FLOPs/second", flops_per_s)):
        _log("%s: %s" % (name, "not counted" if number is None else human_number(number)))
    (scores,) = engine.run(inputs)
    return {
        "engine": engine.name,
        "machine": machine.describe_machine(),
        "state_before": state_before,
        "state_after": machine.read_state(),
        "graph_bytes": len(content),
        "graph_sha256": hashlib.sha256(content).hexdigest(),
        "load_s": load_s,
        "warmup_us": warm.as_dict(),
        "no_stats_us": without.as_dict(),
        "with_stats_us": with_stats.as_dict(),
        "timings_us": tally.times.as_dict(),
        "memory_bytes": tally.memory.current,
        "peak_memory_bytes": machine.peak_memory_bytes(),
        "flops": flops,
        "flops_per_s": flops_per_s,
        "output_shape": list(scores.shape),
        "nodes": tally.as_list(),
    }


def read_graph(path):
    # type: (str) -> bytes
    """The bytes of a graph.

    Raises:
        GraphError: it cannot be read.
    """
    try:
        with io.open(path, "rb") as file:
            return file.read()
    except (IOError, OSError) as error:
        raise GraphError("cannot be read (%s)" % error.strerror)


def load_engine(content, flags, log=None):
    # type: (bytes, argparse.Namespace, Callable[[str], None] | None) -> tuple[GraphEngine, float]
    """The engine that the flags ask for, and the seconds that it took; ``log`` in place of the timer's."""
    log = log or _log
    start_s = default_timer()
    ends = ends_of(flags)
    feeds, fetches = ends.feeds, ends.fetches
    if flags.engine != NUMPY:
        log("Loading TensorFlow.")
        try:
            engine = TensorFlowEngine(content, feeds, fetches, flags.num_threads)  # type: GraphEngine
            return engine, default_timer() - start_s
        except ImportError as error:
            if flags.engine == TENSORFLOW:
                raise GraphError("there is no TensorFlow here (%s); leave out --engine" % error)
            log("There is none; NumPy takes its place.")
    try:
        engine = Interpreter(content, feeds, fetches)
    except UnknownOperator as error:
        where = "leave out --engine numpy" if flags.engine == NUMPY else "install it where this runs"
        raise GraphError("%s; TensorFlow may: %s" % (error, where))
    return engine, default_timer() - start_s


def _phase(run, most_runs, most_s, detail):
    # type: (Callable[[], None], int, float, str) -> Stat
    """Wall time of each run, in microseconds, until there were enough of them or the time is up."""
    _log(
        "Running benchmark for max %d iterations, max %g seconds %s detailed stat logging, "
        "with -1s sleep between inferences" % (most_runs, most_s, detail)
    )
    stat = Stat()
    begun_s = default_timer()
    while stat.count < most_runs and (most_s <= 0 or default_timer() - begun_s < most_s):
        start_s = default_timer()
        run()
        stat.add(int(1e6 * (default_timer() - start_s)))
    _log(stat.line() + "\n")
    return stat


def count_flops(engine, content, inputs, ends):
    # type: (GraphEngine, bytes, list[np.ndarray[Any, Any]], Ends) -> int | None
    """FLOPs of a run, what loops repeat as often as they do; None where that cannot be counted."""
    needed = needed_nodes(list(engine.nodes.values()), split_reference(ends.output)[0])
    if any(node.op in REPEATING for node in needed):
        try:
            engine = Interpreter(content, ends.feeds, ends.fetches)
        except GraphError:
            return None
    if isinstance(engine, Interpreter):
        nodes = counted_nodes([engine.nodes[record.name] for record in engine.run_traced(inputs)])
    else:
        nodes = counted_nodes(needed)
    wanted = {(node.name, 0) for node in nodes} | {one for node in nodes for one in node.inputs}
    shapes = engine.shapes(inputs, wanted)
    return sum(node_flops(node, shapes.__getitem__) for node in nodes)


def _log(message):
    # type: (str) -> None
    """A line as TensorFlow's log has it: time, level, place, message."""
    line = sys._getframe(1).f_lineno
    now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S.%f")
    sys.stderr.write("%s: I hil/pi/remote/timer.py:%d] %s\n" % (now, line, message))
    sys.stderr.flush()
