"""``earshot bench``: what an inference, a row of features and a second of listening take on a board.

On an emulator that this command starts, time is instructions: QEMU counts 8 ns for each
(-icount shift=3), so that its timer tells exactly how many there were. On a real board the
timer counts its own cycles; rp2040js counts cycles as the RP2040 needs them for code in SRAM.
With --layers the figures are those of each operator, of a run or of any .tflite.
"""

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from hil.boards.board import QEMU, RP2040JS, find_board
from hil.commands.firmware_flags import add_firmware_flags, add_port_flags, dut_of, engine_of
from hil.proof.dut import SERIAL
from hil.provenance import EMULATED, MEASURED
from train.core import runfolder
from train.core.console import say
from train.core.errors import UserError
from train.core.operating_point import in_force
from train.core.results.boards import BenchResult, FastestSlowest
from train.core.results.layers import LayersResult

if TYPE_CHECKING:
    from hil.proof.dut import DUT
    from hil.protocol.messages import Bench, Info
    from train.core.spec import ModelSpec

_INSTRUCTION_NS = 8
_COUNT_INSTRUCTIONS = ("-icount", "shift=3")
_MOST_INFERENCES, _MOST_MHZ = 1000, 10_000
_CYCLES = 1, 2  # for an instruction of a small core: most take one, loads and jumps more, slow flash most


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    add_firmware_flags(parser)
    add_port_flags(parser)
    parser.add_argument(
        "--inferences", type=int, default=10, metavar="N", help="of which the fastest counts (%(default)s)"
    )
    parser.add_argument(
        "--clock-mhz",
        type=float,
        metavar="F",
        help="say what share of a core at this clock listening takes, estimated from instructions",
    )
    parser.add_argument(
        "--layers",
        action="store_true",
        help="instructions of each operator, and which kernel computes it; RUN may be a .tflite",
    )
    parser.set_defaults(no_build=False)  # sizes are those of what was just built


def run(flags: argparse.Namespace) -> None:
    """Build, start or open, measure, write bench.json or layers.json, print."""
    if flags.layers and flags.run.is_file():
        _show_layers(flags)
        return
    if flags.run.is_file():
        raise UserError(
            f"{flags.run} is a file, expected a run folder; with --layers a .tflite is measured, too"
        )
    _bench_run(flags)


@runfolder.reads_run
def _bench_run(flags: argparse.Namespace) -> None:
    if flags.layers:
        layers = _show_layers(flags)
        say(f"written     {_written(layers, LayersResult.path_of(flags.run, layers.board))}")
        return
    if not 1 <= flags.inferences <= _MOST_INFERENCES:
        raise UserError(f"--inferences is {flags.inferences}, expected 1 to {_MOST_INFERENCES}")
    if flags.clock_mhz is not None and not 0 < flags.clock_mhz <= _MOST_MHZ:
        raise UserError(f"--clock-mhz is {flags.clock_mhz:g}, expected more than 0, at most {_MOST_MHZ}")
    board = find_board(flags.board, flags.board_dir)
    if not flags.port:
        board.require_emulator()
    spec = runfolder.read_spec(flags.run, needs=[runfolder.TFLITE])
    _, point = in_force(flags.run, spec)
    dut: DUT = dut_of(board, flags, SERIAL, None, _COUNT_INSTRUCTIONS)
    info, bench = measure(dut, spec, flags.inferences)
    is_counting = dut.label == EMULATED and not flags.port and board.run_kind == QEMU
    result = dataclasses.replace(
        figures(dut, info, bench, is_counting=is_counting),
        stride_rows=point.stride_rows,
        rows_per_s=1000 / spec.front_end.window_stride_ms,
    )
    path = _written(result, BenchResult.path_of(flags.run, board.id))
    _print(result, flags.clock_mhz, counts_cycles=board.run_kind == RP2040JS and not flags.port)
    say(f"written     {path}")


def _written(result: BenchResult | LayersResult, path: Path) -> Path:
    """The path, with the result in it."""
    with runfolder.writing(path.parent, wait=True):
        result.write(path)
    return path


def _show_layers(flags: argparse.Namespace) -> LayersResult:
    """Measure each operator, and print what was found."""
    from hil.bench.layers import measure_layers, require_counting
    from hil.bench.table import show_layers

    if flags.port:
        raise UserError("--layers counts instructions in an emulator that it starts; leave out --port")
    board = find_board(flags.board, flags.board_dir)
    require_counting(board)
    board.require_emulator()
    result = measure_layers(board, flags.run, engine_of(flags))
    say(f"board       {result.board} ({result.label}), engine {result.engine}")
    show_layers(result)
    return result


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
        window_ticks=FastestSlowest(min=bench.window_ticks_min, max=bench.window_ticks_max),
        instructions_per_window=instructions(bench.window_ticks_min),
        window_us=microseconds(bench.window_ticks_min),
        instructions_per_row=instructions(bench.row_ticks_min),
        row_us=microseconds(bench.row_ticks_min),
        arena_bytes=dut.firmware.arena_bytes,
        flash_bytes=usage.flash_bytes if usage else None,
        ram_bytes=usage.ram_bytes if usage else None,
        stack_bytes=usage.stack.bytes if usage and usage.stack else None,
    )


def _print(result: BenchResult, clock_mhz: float | None, *, counts_cycles: bool) -> None:
    say(f"board       {result.board} ({result.label}), engine {result.engine}")
    for name, ticks, instructions, microseconds in (
        ("inference", result.inference_ticks, result.instructions_per_inference, result.inference_us),
        ("window", result.window_ticks, result.instructions_per_window, result.window_us),
        ("feature row", result.row_ticks, result.instructions_per_row, result.row_us),
    ):
        if instructions is not None:
            say(f"{name:11} {instructions:,} instructions")
        elif microseconds is not None:
            say(f"{name:11} {microseconds:,} microseconds")
        elif counts_cycles and ticks:
            say(f"{name:11} {ticks.min:,} cycles (counted by the emulator)")
        else:
            say(f"{name:11} not counted on this board")
    for line in _always_on(result, clock_mhz, counts_cycles):
        say(f"always on   {line}")
    say(f"arena       {result.arena_bytes:,} bytes")
    for name, size in (
        ("flash", result.flash_bytes),
        ("ram", result.ram_bytes),
        ("stack", result.stack_bytes),
    ):
        if size is not None:
            say(f"{name:11} {size:,} bytes")


def _always_on(result: BenchResult, clock_mhz: float | None, counts_cycles: bool) -> list[str]:
    """What listening to a second of audio takes, as far as it was counted or measured."""
    lines = []
    work = f"{result.rows_per_s:g} rows, a window every {result.stride_rows}"
    count = result.instructions_per_audio_s
    if count is not None:
        lines.append(f"{count:,} instructions a second of audio: {work}")
    if count is not None and clock_mhz is not None:
        least, most = (count * cycles / (clock_mhz * 1e6) for cycles in _CYCLES)
        lines.append(
            f"{least:.1%} to {most:.1%} of a core at {clock_mhz:g} MHz (estimated: an instruction takes "
            f"{_CYCLES[0]} to {_CYCLES[1]} cycles)"
        )
    if result.busy_share is not None:
        lines.append(f"{result.busy_share:.1%} of the board's time: {work}")
    if counts_cycles and result.ticks_per_audio_s is not None:
        share = result.ticks_per_audio_s / result.ticks_per_s
        lines.append(f"{share:.1%} of the core: {work} (cycles of the emulator)")
    return lines
