"""``earshot bench``: what an inference and a row of features take on a board.

On an emulator that this command starts, time is instructions: QEMU counts 8 ns for each
(-icount shift=3), so that its timer tells exactly how many there were. On a real board the
timer counts its own cycles. Figures per operator are the business of make bench-firmware.
"""

import argparse
from typing import TYPE_CHECKING, Any

from hil.boards.board import find_board
from hil.commands.firmware_flags import add_firmware_flags, add_port_flags, dut_of
from hil.proof.dut import SERIAL
from hil.provenance import EMULATED, MEASURED
from train.core.errors import UserError

if TYPE_CHECKING:
    from hil.proof.dut import DUT
    from hil.protocol.messages import Bench, Info
    from train.core.spec import ModelSpec

BENCH = "bench.json"
_INSTRUCTION_NS = 8
_COUNT_INSTRUCTIONS = ("-icount", "shift=3")
_MOST_INFERENCES = 1000


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    add_firmware_flags(parser)
    add_port_flags(parser)
    parser.add_argument(
        "--inferences", type=int, default=10, metavar="N", help="of which the fastest counts (%(default)s)"
    )
    parser.set_defaults(no_build=False)  # sizes are those of what was just built


def run(flags: argparse.Namespace) -> None:
    """Build, start or open, measure, write bench.json, print."""
    from train.core import runfolder

    if not 1 <= flags.inferences <= _MOST_INFERENCES:
        raise UserError(f"--inferences is {flags.inferences}, expected 1 to {_MOST_INFERENCES}")
    board = find_board(flags.board, flags.board_dir)
    if not flags.port:
        board.require_emulator()
    spec = runfolder.read_spec(flags.run, needs=[runfolder.TFLITE])
    dut: DUT = dut_of(board, flags, SERIAL, None, _COUNT_INSTRUCTIONS)
    info, bench = measure(dut, spec, flags.inferences)
    result = figures(dut, info, bench, is_counting=dut.label == EMULATED and not flags.port)
    path = flags.run / runfolder.HIL / board.id / BENCH
    runfolder.write_json(path, result)
    _print(result)
    print(f"written     {path}")


def measure(dut: "DUT", spec: "ModelSpec", inference_count: int) -> tuple["Info", "Bench"]:
    """What the board says of itself, and of that many inferences.

    Raises:
        LinkError: nobody answers.
        FirmwareError: something else than the dut is running.
    """
    from hil.proof.dut import connect

    with connect(dut, spec) as session:
        return session.info, session.bench(inference_count)


def figures(dut: "DUT", info: "Info", bench: "Bench", *, is_counting: bool) -> dict[str, Any]:
    """bench.json: the fastest of each, in instructions or, where measured, in microseconds.

    Args:
        dut: just built.
        is_counting: whether its ticks are instructions; of an emulator that others started they are not.
    """
    assert dut.firmware is not None
    usage = dut.firmware.usage
    result: dict[str, Any] = {
        "board": dut.board,
        "engine": dut.engine,
        "label": dut.label,
        "build_id": info.build_id,
        "model_sha256": info.model_sha256,
        "inference_count": bench.inference_count,
        "ticks_per_s": info.clock_hz,
        "inference_ticks": {"min": bench.inference_ticks_min, "max": bench.inference_ticks_max},
        "row_ticks": {"min": bench.row_ticks_min, "max": bench.row_ticks_max},
        "arena_bytes": dut.firmware.arena_bytes,
        "flash_bytes": usage.flash_bytes if usage else None,
        "ram_bytes": usage.ram_bytes if usage else None,
        "stack_bytes": usage.stack.bytes if usage and usage.stack else None,
    }
    for what, ticks in (("inference", bench.inference_ticks_min), ("row", bench.row_ticks_min)):
        seconds = ticks / info.clock_hz if info.clock_hz else None
        is_timed = dut.label == MEASURED
        result[f"instructions_per_{what}"] = (
            round(seconds * 1e9 / _INSTRUCTION_NS) if seconds is not None and is_counting else None
        )
        result[f"{what}_us"] = round(seconds * 1e6, 1) if seconds is not None and is_timed else None
    return result


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
