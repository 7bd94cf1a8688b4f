"""Flags that several commands on firmware have, and what they say."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from hil.boards.board import Board
from hil.boards.build import EngineChoice
from hil.link.patience import PATIENCE, Patience
from hil.proof.dut import DUT, make_dut
from hil.protocol.faster_line import MOST_BAUD
from hil.protocol.faulty_link import FaultSource
from train.core.command_line import add_run_argument, rare
from train.core.errors import UserError
from train.core.manifest import COMPILED, ENGINES

_PATIENCES_S = (0.1, 3600)


def add_firmware_flags(parser: argparse.ArgumentParser, more: str = "", *, is_needed: bool = True) -> None:
    """The run folder, the board and the engine.

    Args:
        more: what --board says more, where it takes more than one or is found without.
        is_needed: whether there is no command without --board.
    """
    add_run_argument(parser)
    parser.add_argument(
        "--board", required=is_needed, metavar="ID", help=f"as earshot boards lists them{more}"
    )
    add_board_dir_flag(parser)
    parser.add_argument(
        "--engine", default=COMPILED, choices=ENGINES, help=rare("what runs the model (%(default)s)")
    )
    parser.add_argument("--tflm-root", type=Path, metavar="DIR", help=rare("TFLite-Micro checkout, for tflm"))
    parser.add_argument(
        "--tflm-library", type=Path, metavar="FILE", help=rare("its static library, if there are several")
    )


def add_board_dir_flag(parser: argparse.ArgumentParser) -> None:
    """``--board-dir``, which ``find_board`` takes."""
    parser.add_argument(
        "--board-dir",
        type=Path,
        metavar="FOLDER",
        help="boards of your own: FOLDER/ID/board.json",
    )


def engine_of(flags: argparse.Namespace) -> EngineChoice:
    """The engine that the flags ask for."""
    return EngineChoice(flags.engine, flags.tflm_root, flags.tflm_library)


def add_port_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of a real board's port."""
    parser.add_argument(
        "--port", metavar="PORT", help="a board: /dev/ttyACM0, COM5, socket://HOST:PORT, rfc2217://HOST:PORT"
    )
    parser.add_argument(
        "--baud", type=count, help=rare("of the port, at first (default: that of board.json)")
    )
    add_most_baud_flag(parser)
    add_patience_flag(parser)


def add_most_baud_flag(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """``--most-baud``, which ``FasterLine`` takes."""
    parser.add_argument(
        "--most-baud",
        type=count,
        default=MOST_BAUD,
        metavar="N",
        help=rare("that this computer and the board may agree on; 1: stay at the first (%(default)s)"),
    )


def add_patience_flag(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """``--patience-s``, which ``patience_of`` reads."""
    parser.add_argument(
        "--patience-s",
        type=float,
        default=PATIENCE.answer_s,
        metavar="N",
        help=rare("how long an answer of the board is waited for (%(default)g)"),
    )


def patience_of(flags: argparse.Namespace) -> Patience:
    """The patience that ``--patience-s`` asks for.

    Raises:
        UserError: it is none.
    """
    low_s, high_s = _PATIENCES_S
    if not low_s <= flags.patience_s <= high_s:
        raise UserError(f"--patience-s is {flags.patience_s:g}, expected {low_s:g} to {high_s:g}")
    return Patience(flags.patience_s)


def add_line_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that ``dut_of`` reads, for every command that proves something by `proof`."""
    add_port_flags(parser)
    parser.add_argument(
        "--no-build", action="store_true", help=rare("take RUN/firmware/BOARD/proof as it is")
    )
    parser.add_argument(
        "--faults",
        metavar="LIST",
        help=rare(
            "spoil the line on purpose: shares of frames to drop, corrupt, duplicate, delay, split, stall, "
            "disconnect, restart (the board), and the seed, as drop=0.01,corrupt=0.01,seed=1"
        ),
    )


def dut_of(
    board: Board,
    flags: argparse.Namespace,
    feed: str,
    faults: FaultSource | None,
    emulator_options: Sequence[str] = (),
) -> DUT:
    """The device that the flags of ``add_firmware_flags`` and ``add_line_flags`` name; see ``make_dut``."""
    return make_dut(
        board,
        flags.run,
        engine_of(flags),
        feed=feed,
        port=flags.port,
        baud=flags.baud,
        faults=faults,
        is_built=flags.no_build,
        emulator_options=emulator_options,
        patience=patience_of(flags),
        most_baud=flags.most_baud,
    )


def count(text: str) -> int:
    """A number above 0, for argparse."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


count.__name__ = "a number above 0"
