"""``earshot flash``: flags in, a board that runs what it should."""

import argparse
import shlex

from hil.boards.board import Board, find_board
from hil.boards.build import APPLICATION, PROOF, build, build_id
from hil.commands.firmware_flags import add_firmware_flags, add_patience_flag, engine_of, patience_of
from hil.proof.dut import open_port
from train.core import runfolder
from train.core.command_line import rare
from train.core.console import log, say
from train.core.errors import UserError

_EXIT_CODES = """exit codes:
  0  flashed; of proof: and the board says that it runs this build
  2  a mistake in the flags, the run folder or board.json; a tool that is missing; nothing to flash
  3  the link: no such port, nobody there
  4  the tool failed, or the board runs another build
"""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """See ``train.core.command_line``."""
    add_firmware_flags(parser, " (default: the one that is connected)", is_needed=False)
    parser.epilog = rare(_EXIT_CODES)
    parser.add_argument(
        "--program",
        default=PROOF,
        choices=(PROOF, APPLICATION),
        help="%(choices)s: what earshot test talks to, or what listens and says what it hears (%(default)s)",
    )
    parser.add_argument(
        "--port",
        metavar="PORT",
        help="serial port that the board talks on (default: that with its USB id)",
    )
    parser.add_argument("--baud", type=int, help=rare("of the port (default: that of board.json)"))
    add_patience_flag(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="build, print the commands, and leave the board alone"
    )


@runfolder.reads_run
def run(flags: argparse.Namespace) -> None:
    """Build, flash, ask the board what it runs."""
    from hil.boards.flash import (
        BOOTLOADER_S,
        bootloader_port,
        check_running,
        connected_board,
        flash_commands,
        flash_tool,
        needs_port,
        own_port,
        run_commands,
    )

    patience = patience_of(flags)
    board = find_board(flags.board, flags.board_dir) if flags.board else connected_board(flags.board_dir)
    tool = flash_tool(board)
    engine = engine_of(flags)
    is_verified = flags.program == PROOF
    wait_s = 0.0 if flags.dry_run else BOOTLOADER_S
    port = flags.port
    is_asked = is_verified and not flags.dry_run and board.usb is None  # an adapter, which is there before
    if port is None and ((needs_port(tool) and not tool.usb) or is_asked):
        port = _port(board, is_verified)
    firmware = build(board, flags.run, engine, program=flags.program)
    flash_port = bootloader_port(tool, wait_s) if needs_port(tool) and tool.usb else port
    with runfolder.writing(firmware.path.parent, wait=True):  # so that nobody builds another meanwhile
        commands = flash_commands(tool, firmware.path, flash_port, wait_s)
        if flags.dry_run:
            for command in commands:
                say(shlex.join(command))
            return
        run_commands(tool, commands)
    if not is_verified:
        log(f"not verified: only {PROOF} tells its build id")
        log(f"to see what it hears: earshot listen --port {port or 'PORT'}")
        return
    port = port or own_port(board, BOOTLOADER_S)
    assert board.target is not None
    expected, baud = build_id(board, flags.run), flags.baud or board.target.baud
    check_running(board, expected, lambda: open_port(port, baud), patience)
    say(f"{board.id} on {port} runs build {expected}")


def _port(board: Board, is_verified: bool) -> str:
    """See ``port_of``; told before anything is built or flashed."""
    from hil.boards.ports import port_of

    try:
        return port_of(board)
    except UserError as error:
        if not is_verified:
            raise
        raise UserError(
            f"{error.message}. {PROOF} is asked over it what it is; --program {APPLICATION} is not, and "
            "listens by itself"
        ) from error
