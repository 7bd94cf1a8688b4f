"""``earshot test``: flags in, table out."""

import argparse
from pathlib import Path

from hil.boards.board import find_board
from hil.commands.firmware_flags import add_firmware_flags, add_line_flags, count, dut_of
from hil.proof.dut import FEEDS, choose_feed
from hil.protocol.faulty_link import Faults, FaultSource
from hil.provenance import MEASURED
from train.core import runfolder
from train.core.command_line import rare
from train.core.console import say
from train.core.errors import UserError
from train.core.layout import ALL, SPLITS, TESTING
from train.core.results.boards import ProofResult

EXIT_CODES = """exit codes:
  0  proven: scores to the bit; features but for 1 in 10,000 values, which may be 1 apart
  2  a mistake in the flags, the run folder or the corpus
  3  the link: no such port, nobody there, lost, or clips that failed on it
  4  the firmware: another board, model, front end, engine or build is running
  5  not proven: features or scores differ by more
  6  proven, but the accuracy is below --min-accuracy
  130  Ctrl-C, or 143 SIGTERM, 129 SIGHUP; the report is of the clips so far
"""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """What to score, how, and what is wanted of it."""
    add_firmware_flags(parser, "; several, as ID,ID, share the clips")
    parser.epilog = rare(EXIT_CODES)
    parser.add_argument(
        "--data", metavar="WHERE", help="clips, as for earshot train (default: as in training)"
    )
    parser.add_argument(
        "--split", default=TESTING, choices=(*SPLITS, ALL), help="which of them (%(default)s)"
    )
    parser.add_argument("--limit", type=count, metavar="N", help="only N clips of the split, at random")
    add_line_flags(parser)
    parser.add_argument("--resume", action="store_true", help="score only what was not scored last time")
    parser.add_argument(
        "--feed",
        choices=FEEDS,
        help=rare(
            "how clips get to the board: over the line, or from a file that an emulated board reads "
            "(default: semihosting in an emulator without --faults, else serial)"
        ),
    )
    parser.add_argument("--min-accuracy", type=float, metavar="SHARE", help="end with 6 below it (0 to 1)")


@runfolder.reads_run
def run(flags: argparse.Namespace) -> None:
    """Build, start or open, score, compare, report: one board after the other, on the same clips."""
    from hil.proof.expected_clips import read_clip_set
    from hil.proof.proof import prove, verdict

    boards = [find_board(board_id, flags.board_dir) for board_id in dict.fromkeys(flags.board.split(","))]
    if flags.port and len(boards) > 1:
        raise UserError(f"--port is the line of one board, but --board names {len(boards)}")
    if flags.min_accuracy is not None and not 0 <= flags.min_accuracy <= 1:
        raise UserError(f"--min-accuracy is {flags.min_accuracy:g}, expected a share of 0 to 1")
    duts = []
    for board in boards:
        faults = FaultSource(Faults.parse(flags.faults)) if flags.faults else None
        feed = choose_feed(board, flags.feed, flags.port, faults is not None)
        duts.append(dut_of(board, flags, feed, faults))
    if flags.port:
        duts[0].open_link().close()  # a mistake is told before the corpus is read, which may take long
    tests = read_clip_set(flags.run, flags.data, flags.split, flags.limit)
    results = []
    for dut in duts:
        with runfolder.writing(ProofResult.path_of(flags.run, dut.board).parent):
            results.append(prove(dut, tests, flags.run, flags.resume))
        print_result(results[-1], flags.run)
    for result in results:
        verdict(result, flags.min_accuracy)


def print_result(result: ProofResult, run: Path) -> None:
    """Accuracy, confusion and the proof, on stdout."""

    from train.evaluation.tables import print_results

    print_results({f"{result.board} ({result.label})": result}, result.labels)
    link = result.link
    lines = [
        f"features    {result.features_compared:,} compared, {result.features_differing:,} differ, "
        f"by at most {result.features_max_difference}",
        f"scores      {result.scores_compared:,} compared, {result.scores_differing:,} differ",
        f"clips       {result.clips} of {result.clips_asked} ({result.split}), "
        f"{result.failed} failed, {result.clips_per_s:g} a second ({result.feed})",
        f"link        {link.frames_sent:,} frames sent, {link.frames_received:,} received, "
        f"{link.retries} retries, {link.crc_errors} CRC errors, {link.restarts} restarts, "
        f"{link.connections} connections",
    ]
    inference, features = result.inference_ticks, result.features_ticks
    if result.label == MEASURED and inference and features and result.ticks_per_s:
        per_ms = result.ticks_per_s / 1000
        lines.append(
            f"time        {inference.median / per_ms:.2f} ms an inference, "
            f"{features.median / per_ms:.2f} ms the features of a clip (medians)"
        )
    for counts in result.faults:
        done = ", ".join(
            f"{name} {count}" for name, count in counts.items() if name not in ("seed", "frames")
        )
        lines.append(f"faults      on purpose, in {counts['frames']} frames: {done} (seed {counts['seed']})")
    lines.append(f"report      {ProofResult.path_of(run, result.board)}")
    say(*lines)
