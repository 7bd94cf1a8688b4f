"""``python -m hil bench``: what an inference and a row of features take on a board.

On an emulator that this command starts, time is instructions: QEMU counts 8 ns for each
(-icount shift=3), so that its timer tells exactly how many there were. On a real board the
timer counts its own cycles. Figures per operator are the business of make bench-firmware.
"""

import argparse
from typing import Any

from hil.boards import QEMU, Board, load_board
from hil.build import FIRMWARE, PROOF, Engine, Firmware, build, build_id
from hil.conversation import Conversation, FirmwareError, LinkStatistics
from hil.link import Link, ProcessLink
from hil.messages import Bench, BenchRequest, Info, InfoRequest
from hil.proof import FOLDER, HOST, MEASURED
from hil.proof_command import label_of, open_port
from train import runfolder
from train.errors import UserError

BENCH = "bench.json"
_INSTRUCTION_NS = 8
_COUNT_INSTRUCTIONS = ("-icount", "shift=3")
_MOST_INFERENCES = 1000


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of the command, except those that all commands on firmware have."""
    parser.add_argument("--port", metavar="PORT", help="serial port of a real board that runs proof")
    parser.add_argument("--baud", type=int, help="of the port (default: that of board.json)")
    parser.add_argument(
        "--inferences", type=int, default=10, metavar="N", help="of which the fastest counts (%(default)s)"
    )


def run_bench(flags: argparse.Namespace) -> None:
    """Build, start or open, measure, write bench.json, print."""
    if not 1 <= flags.inferences <= _MOST_INFERENCES:
        raise UserError(f"--inferences is {flags.inferences}, expected 1 to {_MOST_INFERENCES}")
    board = load_board(flags.board)
    if flags.port and board.target is None:
        raise UserError(f"board {board.id} is this computer and has no port; leave out --port")
    if flags.baud and not flags.port:
        raise UserError("--baud is of no use without --port")
    engine = Engine(flags.engine, flags.tflm_root, flags.tflm_library)
    firmware = build(board, flags.run, engine, program=PROOF)
    info, bench = measure(_open(board, flags), build_id(board, flags.run), flags.inferences)
    label = label_of(board, flags.port)
    result = figures(board.id, flags.engine, label, info, bench, firmware)
    path = flags.run / FOLDER / board.id / BENCH
    runfolder.write_json(path, result)
    _print(result)
    print(f"written     {path}")


def measure(link: Link, expected_build_id: str, inference_count: int) -> tuple[Info, Bench]:
    """What the board says of itself, and of that many inferences. Closes the link.

    Raises:
        LinkError: nobody answers.
        FirmwareError: the board runs another build.
    """
    conversation = Conversation(link, LinkStatistics())
    try:
        info = conversation.ask(InfoRequest(), Info)
        if info.build_id != expected_build_id:
            raise FirmwareError(
                f"{conversation.name}: runs build {info.build_id}, expected {expected_build_id}; "
                "flash it with: python -m hil flash"
            )
        return info, conversation.ask(BenchRequest(inference_count), Bench)
    finally:
        conversation.close()


def figures(
    board: str, engine: str, label: str, info: Info, bench: Bench, firmware: Firmware
) -> dict[str, Any]:
    """bench.json: the fastest of each, in instructions where emulated, in microseconds where measured."""
    usage = firmware.usage
    result: dict[str, Any] = {
        "board": board,
        "engine": engine,
        "label": label,
        "build_id": info.build_id,
        "model_sha256": info.model_sha256,
        "inference_count": bench.inference_count,
        "ticks_per_s": info.clock_hz,
        "inference_ticks": {"min": bench.inference_ticks_min, "max": bench.inference_ticks_max},
        "row_ticks": {"min": bench.row_ticks_min, "max": bench.row_ticks_max},
        "arena_bytes": firmware.arena_bytes,
        "flash_bytes": usage.flash_bytes if usage else None,
        "ram_bytes": usage.ram_bytes if usage else None,
        "stack_bytes": usage.stack.bytes if usage and usage.stack else None,
    }
    for what, ticks in (("inference", bench.inference_ticks_min), ("row", bench.row_ticks_min)):
        seconds = ticks / info.clock_hz if info.clock_hz else None
        is_counted = seconds is not None and label not in (HOST, MEASURED)
        result[f"instructions_per_{what}"] = (
            round(seconds * 1e9 / _INSTRUCTION_NS) if seconds is not None and is_counted else None
        )
        result[f"{what}_us"] = round(seconds * 1e6, 1) if seconds is not None and label == MEASURED else None
    return result


def _open(board: Board, flags: argparse.Namespace) -> Link:
    if flags.port:
        assert board.target is not None
        return open_port(flags.port, flags.baud or board.target.baud)
    board.require_emulator()
    command = board.command(flags.run / FIRMWARE / board.id / PROOF)
    return ProcessLink([*command, *_COUNT_INSTRUCTIONS] if board.run_kind == QEMU else command)


def _print(result: dict[str, Any]) -> None:
    print(f"board       {result['board']} ({result['label']}), engine {result['engine']}")
    for what, name in (("inference", "inference"), ("row", "feature row")):
        instructions, microseconds = result[f"instructions_per_{what}"], result[f"{what}_us"]
        if instructions is not None:
            print(f"{name:11} {instructions:,} instructions")
        elif microseconds is not None:
            print(f"{name:11} {microseconds:,} microseconds")
        else:
            print(f"{name:11} not counted on this board")
    print(f"arena       {result['arena_bytes']:,} bytes")
    for what in ("flash", "ram", "stack"):
        if (size := result[f"{what}_bytes"]) is not None:
            print(f"{what:11} {size:,} bytes")
