"""``python -m hil test``: flags in, table out."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hil.boards import QEMU, Board, load_board
from hil.build import FIRMWARE, PROOF, Engine, build, build_id
from hil.evidence import EMULATED, HOST, MEASURED
from hil.faulty_link import Faults, FaultSource, FaultyLink
from hil.link import Link, ProcessLink
from train.corpus import ALL, SPLITS, TESTING
from train.errors import UserError

SERIAL, SEMIHOSTING = FEEDS = ("serial", "semihosting")
EXIT_CODES = """exit codes:
  0  proven: scores to the bit; features but for 1 in 10,000 values, which may be 1 apart
  2  a mistake in the flags, the run folder or the corpus
  3  the link: no such port, nobody there, lost, or clips that failed on it
  4  the firmware: another board, model, front end, engine or build is running
  5  not proven: features or scores differ by more
  6  proven, but the accuracy is below --min-accuracy
  130  Ctrl-C; the report is of the clips so far
"""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of the command, except those that all commands on firmware have."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXIT_CODES
    parser.add_argument(
        "--data", metavar="WHERE", help="clips, as for python -m train (default: as in training)"
    )
    parser.add_argument(
        "--split", default=TESTING, choices=(*SPLITS, ALL), help="which of them (%(default)s)"
    )
    parser.add_argument("--limit", type=_count, metavar="N", help="only N clips of the split, at random")
    add_line_flags(parser)
    parser.add_argument("--resume", action="store_true", help="score only what was not scored last time")
    parser.add_argument(
        "--feed",
        choices=FEEDS,
        help="how clips get to the board: over the line, or from a file that an emulated board reads "
        "(default: semihosting in an emulator without --faults, else serial)",
    )
    parser.add_argument("--min-accuracy", type=float, metavar="SHARE", help="end with 6 below it (0 to 1)")


def add_port_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of a real board's port."""
    parser.add_argument(
        "--port", metavar="PORT", help="a board: /dev/ttyACM0, COM5, socket://HOST:PORT, rfc2217://HOST:PORT"
    )
    parser.add_argument("--baud", type=_count, help="of the port (default: that of board.json)")


def add_line_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that ``make_target`` takes, for every command that proves something by `proof`."""
    add_port_flags(parser)
    parser.add_argument("--no-build", action="store_true", help="take RUN/firmware/BOARD/proof as it is")
    parser.add_argument(
        "--faults",
        metavar="LIST",
        help="spoil the line on purpose: shares of frames to drop, corrupt, duplicate, delay, split, stall, "
        "disconnect, restart (the board), and the seed, as drop=0.01,corrupt=0.01,seed=1",
    )


def run_test(flags: argparse.Namespace) -> None:
    """Build, start or open, score, compare, report: one board after the other, on the same clips."""
    from hil.clipset import read_clip_set
    from hil.proof import prove, verdict

    boards = [load_board(board_id) for board_id in dict.fromkeys(flags.board.split(","))]
    if flags.port and len(boards) > 1:
        raise UserError(f"--port is the line of one board, but --board names {len(boards)}")
    if flags.min_accuracy is not None and not 0 <= flags.min_accuracy <= 1:
        raise UserError(f"--min-accuracy is {flags.min_accuracy:g}, expected a share of 0 to 1")
    targets = []
    for board in boards:
        faults = FaultSource(Faults.parse(flags.faults)) if flags.faults else None
        feed = choose_feed(board, flags.feed, flags.port, faults is not None)
        targets.append(make_target(board, flags, feed, faults))
    if flags.port:
        targets[0].open_link().close()  # a mistake is told before the corpus is read, which may take long
    tests = read_clip_set(flags.run, flags.data, flags.split, flags.limit)
    results = []
    for target in targets:
        results.append(prove(target, tests, flags.run, flags.resume))
        print_result(results[-1], flags.run)
    for result in results:
        verdict(result, flags.min_accuracy)


def choose_feed(board: Board, asked: str | None, port: str | None, has_faults: bool) -> str:
    """How clips get to the board.

    Raises:
        UserError: it cannot get them in the way asked for.
    """
    can_read_files = board.run_kind == QEMU and port is None
    if asked == SEMIHOSTING and not can_read_files:
        raise UserError(
            "--feed semihosting needs an emulator that this command starts: a board of kind qemu, no --port"
        )
    return asked or (SEMIHOSTING if can_read_files and not has_faults else SERIAL)


def make_target(
    board: Board,
    flags: argparse.Namespace,
    feed: str,
    faults: FaultSource | None,
    emulator_options: Sequence[str] = (),
) -> Any:
    """A ``Target``: the firmware `proof`, built unless that is not wanted, and the way to its line.

    Raises:
        UserError: it cannot be built, or the flags contradict each other.
    """
    from hil.proof import Target

    if flags.baud and not flags.port:
        raise UserError("--baud is of no use without --port")
    engine = Engine(flags.engine, flags.tflm_root, flags.tflm_library)
    firmware = None if flags.no_build else build(board, flags.run, engine, program=PROOF)
    program = flags.run / FIRMWARE / board.id / PROOF
    baud = flags.baud or (board.target.baud if board.target else None)
    if flags.port and baud is None:
        raise UserError(f"board {board.id} is this computer and has no port; leave out --port")

    def open_link() -> Link:
        link: Link
        if flags.port:
            assert baud is not None
            link = open_port(flags.port, baud)
        else:
            link = ProcessLink(board.command(program, feed == SEMIHOSTING, emulator_options))
        return FaultyLink(link, faults) if faults else link

    return Target(
        board=board.id,
        engine=flags.engine,
        build_id=build_id(board, flags.run),
        label=label_of(board, flags.port),
        feed=feed,
        open_link=open_link,
        faults=faults,
        firmware=firmware,
    )


def label_of(board: Board, port: str | None) -> str:
    """What a result is worth. A socket of a board that can be emulated is taken for its emulator's."""
    is_emulated = board.run_kind == QEMU and (port is None or port.startswith("socket://"))
    if board.target is None:
        return HOST
    return EMULATED if is_emulated else MEASURED


def open_port(port: str, baud: int) -> Link:
    try:
        from hil.serial_link import SerialLink
    except ImportError as error:
        raise UserError(
            f"--port needs the package pyserial, which cannot be imported ({error}); install it with: "
            "pip install 'earshot-kws[hil]'"
        ) from error
    return SerialLink(port, baud)


def print_result(result: dict[str, Any], run: Path) -> None:
    """Accuracy, confusion and the proof, on stdout."""
    from rich.console import Console

    from hil.proof import RESULT
    from train import runfolder
    from train.summary import print_results

    title = f"{result['board']} ({result['label']})"
    labels = tuple(result["labels"])
    print_results({"board": {"artefact": title, **result}}, labels)
    link = result["link"]
    lines = [
        f"features    {result['features_compared']:,} compared, {result['features_differing']:,} differ, "
        f"by at most {result['features_max_difference']}",
        f"scores      {result['scores_compared']:,} compared, {result['scores_differing']:,} differ",
        f"clips       {result['clips']} of {result['clips_asked']} ({result['split']}), "
        f"{result['failed']} failed, {result['clips_per_s']:g} a second ({result['feed']})",
        f"link        {link['frames_sent']:,} frames sent, {link['frames_received']:,} received, "
        f"{link['retries']} retries, {link['crc_errors']} CRC errors, {link['restarts']} restarts, "
        f"{link['connections']} connections",
    ]
    if result["label"] == MEASURED and result["inference_ticks"] and result["ticks_per_s"]:
        per_ms = result["ticks_per_s"] / 1000
        lines.append(
            f"time        {result['inference_ticks']['median'] / per_ms:.2f} ms an inference, "
            f"{result['features_ticks']['median'] / per_ms:.2f} ms the features of a clip (medians)"
        )
    for counts in result["faults"]:
        done = ", ".join(
            f"{name} {count}" for name, count in counts.items() if name not in ("seed", "frames")
        )
        lines.append(f"faults      on purpose, in {counts['frames']} frames: {done} (seed {counts['seed']})")
    lines.append(f"report      {run / runfolder.HIL / result['board'] / RESULT}")
    Console(soft_wrap=True, highlight=False).print("\n".join(lines), markup=False)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_count.__name__ = "number above 0"
