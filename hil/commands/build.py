"""``earshot build``: the C of a run becomes RUN/firmware/BOARD/earshot."""

import argparse
from pathlib import Path

from hil.boards.board import find_board
from hil.boards.build import APPLICATION, Firmware, build
from hil.commands.firmware_flags import add_firmware_flags, engine_of
from train.core import runfolder
from train.core.console import say
from train.core.results.boards import FirmwareSize


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    add_firmware_flags(parser)
    parser.add_argument("--clean", action="store_true", help="start from an empty build folder")


@runfolder.reads_run
def run(flags: argparse.Namespace) -> None:
    """Build, and print what the firmware takes of the board."""
    board = find_board(flags.board, flags.board_dir)
    firmware = build(board, flags.run, engine_of(flags), flags.clean)
    write_size(flags.run, board.id, APPLICATION, flags.engine, firmware)
    say(f"firmware  {firmware.path}")
    say(f"arena     {firmware.arena_bytes:,} bytes")
    usage, target = firmware.usage, board.target
    if usage is None or target is None:
        return
    say(f"flash     {usage.flash_bytes:,} of {target.flash_bytes:,} bytes")
    say(f"RAM       {usage.ram_bytes:,} of {target.ram_bytes:,} bytes")
    bound = f"{usage.stack.bytes:,} bytes at worst" if usage.stack else "no bound known"
    say(f"stack     {bound}, {target.stack_bytes:,} set aside")


def write_size(run: Path, board: str, program: str, engine: str, firmware: Firmware) -> None:
    """Keep for the report what a firmware takes of its board; nothing is kept where that has no budget."""
    usage = firmware.usage
    if usage is None:
        return
    size = FirmwareSize(
        model_sha256=runfolder.read_spec(run, needs=[runfolder.TFLITE]).artefacts[runfolder.TFLITE],
        program=program,
        engine=engine,
        arena_bytes=firmware.arena_bytes,
        flash_bytes=usage.flash_bytes,
        ram_bytes=usage.ram_bytes,
        stack_bytes=usage.stack.bytes if usage.stack else None,
    )
    path = FirmwareSize.path_of(run, board)
    with runfolder.writing(path.parent, wait=True):
        size.write(path)
