"""``earshot boards``: the boards, what they need, and what is connected."""

import argparse
import shutil

from hil.boards.board import Board, board_folders, load_board
from hil.boards.ports import connected_ports
from hil.commands.firmware_flags import add_board_dir_flag
from hil.estimates import keeps_up, shares
from train.core.console import say
from train.core.errors import UserError


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Where there may be more boards."""
    add_board_dir_flag(parser)


def run(flags: argparse.Namespace) -> None:
    """A line for each board and each port."""
    boards, mistakes = [], []
    for board_id, folder in board_folders(flags.board_dir).items():
        try:
            board = load_board(board_id, folder)
        except UserError as error:  # the others are of use all the same
            mistakes.append(str(error))
            continue
        boards.append(board)
        missing = [tool for tool in board.tools if shutil.which(tool) is None]
        if not missing:
            missing = _missing_emulator(board)
        if not (shutil.which("ninja") or shutil.which("make")):
            missing.append("ninja or make")
        budgets = (
            f"flash {board.target.flash_bytes:,}, RAM {board.target.ram_bytes:,}"
            if board.target
            else "no limits"
        )
        state = f"missing: {', '.join(missing)}" if missing else "ready"
        say(
            f"{board.id:16} {board.title:49} {board.cpu:13} {board.microphone or 'no microphone':15} "
            f"{board.proven:40} {_keeps_up(board):52} {board.run_kind:8} {budgets:31} {state}"
        )
    _print_ports(boards)
    if mistakes:
        raise UserError("; ".join(mistakes))


def _keeps_up(board: Board) -> str:
    """Whether it keeps up with ten inferences a second, and with how much of the core."""
    parts = [
        f"{preset} {keeps_up(least, most)} {100 * least:.0f}-{100 * most:.0f} %"
        for preset, (least, most) in shares(board).items()
    ]
    return f"{', '.join(parts)} (estimated)" if parts else "speed unknown"


def _missing_emulator(board: Board) -> list[str]:
    """What a program of the PATH needs besides itself."""
    if board.emulator is None:
        return []
    try:
        board.require_emulator()
    except UserError as error:
        return [str(error)]
    return []


def _print_ports(boards: list[Board]) -> None:
    """Serial ports, and the boards that have their USB id."""
    say("")
    try:
        ports = connected_ports()
    except UserError as error:
        say(f"connected: {error}")
        return
    for port in ports:
        owners = [board.id for board in boards if port.usb is not None and port.usb == board.usb]
        usb = str(port.usb or "no USB")
        say(f"{port.device:14} {port.description:47} {usb:11} {' or '.join(owners) or 'unknown'}")
    if not ports:
        say("connected: no serial port")
