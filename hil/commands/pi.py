"""``earshot pi``: flags in; a graph timed and judged."""

import argparse
import sys
from pathlib import Path

from train.core import runfolder
from train.core.command_line import more, rare
from train.core.pretrained.models import run_of

_EXAMPLES = """examples:
  earshot pi out/yes_no --host pi@raspberrypi.local
  earshot pi out/yes_no --local
  earshot pi out/yes_no --emulate
  earshot pi entry.pb --estimate
  earshot pi out/yes_no --host pi@pi.local --submission audio --out rows.csv
"""
_EXIT_CODES = """
exit codes:
  0  no rule is broken; every file has its row
  2  a mistake in the flags, the graph or the folder
  3  the Pi was not reached, or was lost
  4  the Pi or the root lacks something; the timer broke down; scores under emulation differ
  5  the graph breaks a rule of the challenge
"""

_RUNS = 1000


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.epilog = more(_EXAMPLES, _EXIT_CODES)
    parser.add_argument(
        "graph", metavar="RUN", type=run_of, help="run folder, or a frozen graph such as model.pb"
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--host", metavar="USER@HOST", help="time it on a Raspberry Pi, by ssh")
    where.add_argument("--local", action="store_true", help="time it on this computer")
    where.add_argument(
        "--estimate", action="store_true", help="count its work, at rates of a Pi 3 that was once measured"
    )
    where.add_argument(
        "--emulate",
        action="store_true",
        help="run it on an emulated Cortex-A53: scores, instructions, no times",
    )
    parser.add_argument(
        "--root",
        type=Path,
        metavar="FOLDER",
        help=rare("root of an AArch64 Linux, for --emulate (default: what earshot pi-root made)"),
    )
    parser.add_argument("--port", type=int, metavar="N", help=rare("port of ssh, for --host"))
    parser.add_argument(
        "--ssh-config", type=Path, metavar="FILE", help=rare("in place of ~/.ssh/config, for --host")
    )
    parser.add_argument(
        "--python", metavar="PROGRAM", help=rare("runs the timer (default: this one; python3 on the Pi)")
    )
    parser.add_argument(
        "--engine",
        default="auto",
        choices=("auto", "tensorflow", "numpy"),
        help=rare("what runs the graph; auto: TensorFlow if it is there, else NumPy (%(default)s)"),
    )
    from hil.pi.remote.ends import add_end_flags

    add_end_flags(parser.add_argument_group(rare("a graph with names of its own")))
    parser.add_argument(
        "--runs",
        type=int,
        metavar="N",
        help=rare(f"at most, in each phase of at most 10 s ({_RUNS})"),
    )
    submission = parser.add_argument_group("submission", "score recordings, in place of timing")
    submission.add_argument(
        "--submission", metavar="FOLDER", help="every .wav file in it; with --host, a folder on the Pi"
    )
    submission.add_argument("--out", type=Path, metavar="FILE", help="CSV, fname,label: a row for each file")
    submission.add_argument(
        "--tta",
        action="store_true",
        help=rare("mean scores of the clip, of it 1,500 samples earlier, of 1.2 x it"),
    )
    submission.add_argument("--overwrite", action="store_true", help="replace a finished CSV")


def run(flags: argparse.Namespace) -> None:
    """Time or estimate, judge, write, print."""
    from train.core.errors import UserError

    if flags.runs is not None and (flags.estimate or flags.submission is not None):
        raise UserError("--runs is of timing; leave it out with --estimate and --submission")
    runs = _RUNS if flags.runs is None else flags.runs
    if runs < 1:
        raise UserError(f"--runs is {runs}, expected 1 or more")
    if flags.host is None and (flags.port is not None or flags.ssh_config is not None):
        raise UserError("--port and --ssh-config are of ssh; add --host USER@HOST")
    if flags.root is not None and not flags.emulate:
        raise UserError("--root is of the emulator; add --emulate")
    if flags.submission is not None:
        with runfolder.reading(flags.graph):
            _run_submission(flags)
        return
    if flags.out is not None or flags.tta or flags.overwrite:
        raise UserError("--out, --tta and --overwrite are of --submission FOLDER")
    with runfolder.reading(flags.graph):
        _time(flags, runs)


def _time(flags: argparse.Namespace, runs: int) -> None:
    from hil.pi import benchmark, emulate
    from hil.pi.remote.ends import ends_of
    from hil.pi.ssh import Host
    from train.core.results.pi import EMULATE, ESTIMATE, LOCAL, REMOTE

    graph = benchmark.find_graph(flags.graph)
    content, nodes = benchmark.read_graph(graph)
    ends = ends_of(flags)
    if not flags.input:
        benchmark.check_takes_audio(graph, nodes, "time it from there on with --input fingerprint_input")
    arguments = ["--engine", flags.engine, "--max-num-runs", str(runs), *ends.arguments]
    if flags.estimate:
        mode, (found, log) = ESTIMATE, benchmark.estimated(graph, content, ends)
    elif flags.emulate:
        mode, (found, log) = (
            EMULATE,
            emulate.emulate(graph, flags.root, flags.engine, runs, nodes, ends),
        )
    elif flags.local:
        ended = benchmark.time_local(graph, flags.python or sys.executable, arguments)
        mode, (found, log) = LOCAL, benchmark.measure(ended, graph)
    else:
        host = Host(flags.host, flags.port, flags.ssh_config)
        ended = benchmark.time_remote(content, host, flags.python or "python3", arguments)
        mode, (found, log) = REMOTE, benchmark.measure(ended, graph)
    benchmark.conclude(graph, mode, content, nodes, found, log, ends.output)


def _run_submission(flags: argparse.Namespace) -> None:
    from hil.pi.ssh import Host
    from hil.pi.submission import run_submission
    from train.core.errors import UserError

    if not flags.local and flags.host is None:
        raise UserError("--submission scores with --local, or with --host USER@HOST")
    if flags.out is None:
        raise UserError("--submission needs a place for its rows; add --out FILE.csv")
    run_submission(flags, Host(flags.host, flags.port, flags.ssh_config) if flags.host is not None else None)
