"""``earshot bench``: what an inference and a row of features take on a board.

On an emulator that this command starts, time is instructions: QEMU counts 8 ns for each
(-icount shift=3), so that its timer tells exactly how many there were. On a real board the
timer counts its own cycles; rp2040js counts cycles as the RP2040 needs them for code in SRAM.
Figures per operator are the business of make bench-firmware.
"""

import argparse
from typing import TYPE_CHECKING

from hil.boards.board import QEMU, RP2040JS, find_board
from hil.commands.firmware_flags import add_firmware_flags, add_port_flags, dut_of
from hil.proof.dut import SERIAL
from hil.provenance import EMULATED, MEASURED
from train.core import runfolder
from train.core.console import say
from train.core.errors import UserError
from train.core.operating_point import INFERENCE_STRIDE_ROWS
from train.core.results.boards import BenchResult, FastestSlowest

if TYPE_CHECKING:
    from hil.proof.dut import DUT
    from hil.protocol.messages import Bench, Info
    from train.core.spec import ModelSpec

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


@runfolder.reads_run
def run(flags: argparse.Namespace) -> None:
    """Build, start or open, measure, write bench.json, print."""
    if not 1 <= flags.inferences <= _MOST_INFERENCES:
        raise UserError(f"--inferences is {flags.inferences}, expected 1 to {_MOST_INFERENCES}")
    board = find_board(flags.board, flags.board_dir)
    if not flags.port:
        board.require_emulator()
    spec = runfolder.read_spec(flags.run, needs=[runfolder.TFLITE])
    dut: DUT = dut_of(board, flags, SERIAL, None, _COUNT_INSTRUCTIONS)
    info, bench = measure(dut, spec, flags.inferences)
    is_counting = dut.label == EMULATED and not flags.port and board.run_kind == QEMU
    result = figures(dut, info, bench, is_counting=is_counting)
    path = BenchResult.path_of(flags.run, board.id)
    with runfolder.writing(path.parent, wait=True):
        result.write(path)
    counts_cycles = board.run_kind == RP2040JS and not flags.port
    _print(result, counts_cycles)
    if counts_cycles:
        say(f"of the core {_share_of_core(result, spec):.1%}, listening (cycles of the emulator)")
    say(f"written     {path}")


def measure(dut: "DUT", spec: "ModelSpec", inference_count: int) -> tuple["Info", "Bench"]:
    """What the board says of itself, and of that many inferences.

    Raises:
        LinkError: nobody answers.
        FirmwareError: something else than the dut is running.
    """
    from hil.proof.dut import connect

    with connect(dut, spec) as session:
        return session.info, session.bench(inference_count)


def figures(dut: "DUT", info: "Info", bench: "Bench", *, is_counting: bool) -> BenchResult:
    """The fastest of each, in instructions or, where measured, in microseconds.

    Args:
        dut: just built.
        is_counting: whether its ticks are instructions; of an emulator that others started they are not.
    """
    assert dut.firmware is not None
    usage = dut.firmware.usage

    def instructions(ticks: int) -> int | None:
        if not info.clock_hz or not is_counting:
            return None
        return round(ticks / info.clock_hz * 1e9 / _INSTRUCTION_NS)

    def microseconds(ticks: int) -> float | None:
        if not info.clock_hz or dut.label != MEASURED:
            return None
        return round(ticks / info.clock_hz * 1e6, 1)

    return BenchResult(
        board=dut.board,
        label=dut.label,
        engine=dut.engine,
        build_id=info.build_id,
        model_sha256=info.model_sha256,
        inference_count=bench.inference_count,
        ticks_per_s=info.clock_hz,
        inference_ticks=FastestSlowest(min=bench.inference_ticks_min, max=bench.inference_ticks_max),
        row_ticks=FastestSlowest(min=bench.row_ticks_min, max=bench.row_ticks_max),
        instructions_per_inference=instructions(bench.inference_ticks_min),
        inference_us=microseconds(bench.inference_ticks_min),
        instructions_per_row=instructions(bench.row_ticks_min),
        row_us=microseconds(bench.row_ticks_min),
        arena_bytes=dut.firmware.arena_bytes,
        flash_bytes=usage.flash_bytes if usage else None,
        ram_bytes=usage.ram_bytes if usage else None,
        stack_bytes=usage.stack.bytes if usage and usage.stack else None,
    )


def _share_of_core(result: BenchResult, spec: "ModelSpec") -> float:
    """What the features and inferences of always-on listening take of the time there is, 0 to 1."""
    rows_per_s = 1000 / spec.front_end.window_stride_ms
    ticks = rows_per_s * (result.row_ticks.min + result.inference_ticks.min / INFERENCE_STRIDE_ROWS)
    return ticks / result.ticks_per_s


def _print(result: BenchResult, counts_cycles: bool) -> None:
    say(f"board       {result.board} ({result.label}), engine {result.engine}")
    for name, ticks, instructions, microseconds in (
        ("inference", result.inference_ticks, result.instructions_per_inference, result.inference_us),
        ("feature row", result.row_ticks, result.instructions_per_row, result.row_us),
    ):
        if instructions is not None:
            say(f"{name:11} {instructions:,} instructions")
        elif microseconds is not None:
            say(f"{name:11} {microseconds:,} microseconds")
        elif counts_cycles:
            say(f"{name:11} {ticks.min:,} cycles (counted by the emulator)")
        else:
            say(f"{name:11} not counted on this board")
    say(f"arena       {result.arena_bytes:,} bytes")
    for name, size in (
        ("flash", result.flash_bytes),
        ("ram", result.ram_bytes),
        ("stack", result.stack_bytes),
    ):
        if size is not None:
            say(f"{name:11} {size:,} bytes")
