"""``earshot build``: the C of a run becomes RUN/firmware/BOARD/earshot."""

import argparse

from hil.boards.board import find_board
from hil.boards.build import APPLICATION, build
from hil.commands.firmware_flags import add_firmware_flags, engine_of
from hil.commands.report import write_size


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    add_firmware_flags(parser)
    parser.add_argument("--clean", action="store_true", help="start from an empty build folder")


def run(flags: argparse.Namespace) -> None:
    """Build, and print what the firmware takes of the board."""
    board = find_board(flags.board, flags.board_dir)
    firmware = build(board, flags.run, engine_of(flags), flags.clean)
    write_size(flags.run, board.id, APPLICATION, flags.engine, firmware)
    print(f"firmware  {firmware.path}")
    print(f"arena     {firmware.arena_bytes:,} bytes")
    usage, target = firmware.usage, board.target
    if usage is None or target is None:
        return
    print(f"flash     {usage.flash_bytes:,} of {target.flash_bytes:,} bytes")
    print(f"RAM       {usage.ram_bytes:,} of {target.ram_bytes:,} bytes")
    bound = f"{usage.stack.bytes:,} bytes at worst" if usage.stack else "no bound known"
    print(f"stack     {bound}, {target.stack_bytes:,} set aside")
