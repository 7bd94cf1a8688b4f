"""``python -m hil pi``: flags in; a graph timed and judged."""

import argparse
import sys
from pathlib import Path

_EPILOG = """examples:
  python -m hil pi out/yes_no --host pi@raspberrypi.local
  python -m hil pi out/yes_no --local
  python -m hil pi entry.pb --estimate

exit codes:
  0  no rule is broken
  2  a mistake in the flags or the graph
  3  the Pi was not reached, or was lost
  4  the Pi lacks something; the timer broke down
  5  the graph breaks a rule of the challenge
"""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "graph", metavar="RUN", type=Path, help="run folder, or a frozen graph such as model.pb"
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--host", metavar="USER@HOST", help="time it on a Raspberry Pi, by ssh")
    where.add_argument("--local", action="store_true", help="time it on this computer")
    where.add_argument(
        "--estimate", action="store_true", help="count its work, at rates of a Pi 3 that was once measured"
    )
    parser.add_argument("--port", type=int, metavar="N", help="port of ssh, for --host")
    parser.add_argument(
        "--ssh-config", type=Path, metavar="FILE", help="in place of ~/.ssh/config, for --host"
    )
    parser.add_argument(
        "--python", metavar="PROGRAM", help="runs the timer (default: this one; python3 on the Pi)"
    )
    parser.add_argument(
        "--engine",
        default="auto",
        choices=("auto", "tensorflow", "numpy"),
        help="what runs the graph; auto: TensorFlow if it is there, else NumPy (%(default)s)",
    )
    parser.add_argument(
        "--runs",
        type=int,
        default=1000,
        metavar="N",
        help="at most, in each phase of at most 10 s (%(default)s)",
    )


def run_pi(flags: argparse.Namespace) -> None:
    """Time or estimate, judge, write, print."""
    from hil import pi
    from hil.ssh import Host
    from train.errors import UserError

    if flags.runs < 1:
        raise UserError(f"--runs is {flags.runs}, expected 1 or more")
    if flags.host is None and (flags.port is not None or flags.ssh_config is not None):
        raise UserError("--port and --ssh-config are of ssh; add --host USER@HOST")
    graph = pi.find_graph(flags.graph)
    content, nodes = pi.read_graph(graph)
    arguments = ["--engine", flags.engine, "--max-num-runs", str(flags.runs)]
    if flags.estimate:
        found, log = pi.estimated(graph, content)
    elif flags.local:
        found, log = pi.measure(pi.time_local(graph, flags.python or sys.executable, arguments), graph)
    else:
        host = Host(flags.host, flags.port, flags.ssh_config)
        ended = pi.time_remote(content, host, flags.python or "python3", arguments)
        found, log = pi.measure(ended, graph)
    mode = pi.ESTIMATE if flags.estimate else pi.LOCAL if flags.local else pi.REMOTE
    pi.conclude(graph, mode, content, nodes, found, log)
