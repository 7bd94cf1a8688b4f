"""Firmware onto a board, and proof that it is what runs there."""

import contextlib
import errno
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import TimeoutExpired
from typing import TypeVar

from hil.boards.board import BOARD_FILE, Board, FlashTool, UsbId, board_folders, load_board
from hil.boards.flash_tools import COPY, FLASHERS
from hil.boards.image import read_image, to_uf2
from hil.boards.plain_names import plain
from hil.boards.ports import connected_ports, port_of
from hil.link.link import Link, LinkError
from hil.link.patience import PATIENCE, Deadline, Patience
from hil.protocol.connection import Conversation, FirmwareError
from hil.protocol.messages import Info, InfoRequest
from train.core import runfolder
from train.core.console import log
from train.core.errors import UserError
from train.core.processes.children import Child
from train.core.results.boards import LinkStatistics

_RETRY_S = 0.2
_MOST_FLASHING_S = 900.0  # two megabytes over a slow line take three minutes
BOOTLOADER_S = 60.0  # in which people press a button
_Found = TypeVar("_Found")
# Of whoever: with sudo, the drive is still mounted for who is logged in.
_MOUNTS = ("/media/*", "/run/media/*", "/media", "/Volumes", "/mnt")
_FAILURE = "FAIL.TXT"  # that DAPLink writes on its drive
_DAPLINK = "DETAILS.TXT"  # that is on such a drive
_DRIVE_LEFT = (errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ENOTCONN)
_FAILURE_S = 3.0  # until it does: the drive leaves and comes back


class FlashError(UserError):
    """The tool could not do it."""

    exit_code = 4


def flash_tool(board: Board) -> FlashTool:
    """What flashes a board.

    Raises:
        UserError: there is nothing to flash.
    """
    if board.flash is not None:
        return board.flash
    if board.target is None:
        why = "is this computer: there is nothing to flash"
    elif board.emulator:
        why = "is emulated: there is nothing to flash"
    else:
        why = f"has no flash in {BOARD_FILE}, see docs/ADD_A_BOARD.md"
    raise UserError(f"board {board.id} {why}; earshot test starts it by itself")


def needs_port(tool: FlashTool) -> bool:
    """Whether the tool reaches the board through its serial port."""
    return any("{port}" in argument for command in FLASHERS[tool.name].commands for argument in command)


def connected_board(more: Path | None = None) -> Board:
    """The one board that is there: its serial port by the USB id, or the drive of its bootloader.

    Args:
        more: as ``board_folders`` has it.
    Raises:
        UserError: there is none, or there are several.
    """
    ids = {port.usb for port in connected_ports()}
    boards = [load_board(board_id, folder) for board_id, folder in board_folders(more).items()]
    known = [(board, board.flash) for board in boards if board.flash]
    found = [(board, signs) for board, tool in known if (signs := _signs(board, tool, ids))]
    if len(found) == 1:
        log(f"found {found[0][0].title}")
        return found[0][0]
    if found and all(signs == found[0][1] for _, signs in found):
        names = " or ".join(board.id for board, _ in found)
        raise UserError(f"{min(found[0][1])} may be {names}; name yours with --board")
    if found:
        names = ", ".join(board.id for board, _ in found)
        raise UserError(f"{len(found)} boards are connected: {names}; name one with --board")
    how = "; ".join(f"{board.id}: {tool.button}" for board, tool in known if tool.button)
    raise UserError(
        f"no board shows its USB id or its drive; name yours with --board, or make it show: {how}"
    )


def _signs(board: Board, tool: FlashTool, ids: set[UsbId | None]) -> set[str]:
    """What is connected that a board would show."""
    signs = {f"USB id {usb}" for usb in (board.usb, *tool.usb) if usb and usb in ids}
    return signs | ({f"the drive {_drive(tool)}"} if _mounted(tool) else set())


def bootloader_port(tool: FlashTool, wait_s: float) -> str:
    """The serial port that a tool needs, where it is not the board's own.

    Raises:
        UserError: there is none.
    """

    def look() -> str | None:
        return next((port.device for port in connected_ports() if port.usb in tool.usb), None)

    ids = " or ".join(map(str, tool.usb))
    how = tool.button or "plug the board in"
    found = _awaited(look, how, f"its port, {ids}", wait_s)
    if found is None:
        raise UserError(f"no port has the USB id {ids}: {how}; see earshot boards")
    return found


def flash_commands(tool: FlashTool, program: Path, port: str | None, wait_s: float = 0.0) -> list[list[str]]:
    """What is to be run, one after the other; files that a tool needs are written beside the program.

    Args:
        program: the ELF file.
        port: None where it is not known; then ``needs_port`` must be false.
        wait_s: for the volume of the board.
    Raises:
        UserError: the program is no ELF file, or the volume of the board is not there.
    """
    commands = FLASHERS[tool.name].commands
    written = plain(program.parent) / program.name  # tools have rules of their own for names
    named = "".join(argument for command in commands for argument in command)
    values = {
        "elf": str(written),
        "image": str(written.with_suffix(".image")),
        "hex": str(written.with_suffix(".hex")),
        "port": port or "",
    } | tool.values
    if "{bin}" in named or "{uf2}" in named:
        image = read_image(program)
        values["address"] = f"0x{image.address:08x}"
        if "{bin}" in named:
            values["bin"] = str(written.with_suffix(".bin"))
            runfolder.write_bytes(written.with_suffix(".bin"), image.data)
        else:
            values["uf2"] = str(written.with_suffix(".uf2"))
            runfolder.write_bytes(written.with_suffix(".uf2"), to_uf2(image, int(tool.values["family"], 16)))
    if "{volume}" in named:
        file = Path(next(argument for argument in commands[-1] if argument != COPY).format(**values))
        values["volume"] = str(_volume(tool, file, wait_s))
    return [[argument.format(**values) for argument in command] for command in commands]


def run_commands(tool: FlashTool, commands: list[list[str]]) -> None:
    """Flash; what the tools say goes to stderr.

    Raises:
        UserError: a tool is not installed.
        FlashError: one ended with an error.
    """
    for command in commands:
        log(shlex.join(command))
        if command[0] == COPY:
            _copy(Path(command[1]), Path(command[2]))
            continue
        program = _find(command[0])
        if program is None:
            raise UserError(f"{command[0]}: not found; install it: {FLASHERS[tool.name].install}")
        # It may ask which of several boards is meant.
        with Child([program, *command[1:]], in_terminal=True, stdout=sys.stderr) as child:
            try:
                code = child.wait(_MOST_FLASHING_S)
            except TimeoutExpired as error:
                raise FlashError(
                    f"{command[0]} did not end within {_MOST_FLASHING_S:g} s; {_asked(tool)}"
                ) from error
        if code:
            raise FlashError(f"{command[0]} ended with {code}, as said above; {_asked(tool)}")


def _asked(tool: FlashTool) -> str:
    """What to look after where a tool did not find the board."""
    first = f" First, {tool.button}." if tool.button else ""
    return f"is the board connected?{first}"


def check_running(
    board: Board, build_id: str, open_link: Callable[[], Link], patience: Patience = PATIENCE
) -> None:
    """Ask what was flashed who it is; it may take a while to come back.

    Raises:
        LinkError: nobody is there.
        FirmwareError: another program, or another build, is running.
    """
    name, info = _ask(open_link, patience)
    for what, found, expected in (
        ("board", info.board_id, board.id),
        ("build id", info.build_id, build_id),
    ):
        if found != expected:
            raise FirmwareError(
                f"{name}: the {what} is {found}, expected {expected}; the board runs "
                "something else than was just flashed: is that its port, and did it restart?"
            )


def _ask(open_link: Callable[[], Link], patience: Patience) -> tuple[str, Info]:
    """The name of the line, and who is there. A board that restarts leaves the USB and comes back."""
    deadline = Deadline(2 * patience.reopen_s)
    while True:
        try:
            with contextlib.closing(Conversation(open_link(), LinkStatistics(), patience)) as conversation:
                return conversation.name, conversation.ask(InfoRequest(), Info)
        except LinkError:
            if deadline.is_over:
                raise
            time.sleep(_RETRY_S)


def _find(name: str) -> str | None:
    """A program on the PATH, or beside the Python that runs this: there the extras put theirs."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def _drive(tool: FlashTool) -> str:
    """The name of the drive that a board in its bootloader shows, "" for none."""
    return tool.values.get("volume", "")


def _places(drive: str) -> list[Path]:
    """Where a drive may be mounted."""
    found = [path for place in _MOUNTS for path in sorted(Path("/").glob(f"{place[1:]}/{drive}"))]
    return found or [Path(place) / drive for place in _MOUNTS]


def _mounted(tool: FlashTool | None) -> Path | None:
    """The drive of a board in its bootloader, if it is there."""
    if tool is None or not _drive(tool):
        return None
    return next((place for place in _places(_drive(tool)) if place.is_dir()), None)


def _volume(tool: FlashTool, file: Path, wait_s: float) -> Path:
    """Where the drive is mounted that ``file`` is to be copied to."""
    how = tool.button or "put the board into its bootloader (by its button, mostly)"
    found = _awaited(lambda: _mounted(tool), how, f"the drive {_drive(tool)}", wait_s)
    if found is not None:
        return found
    raise UserError(
        f"no drive {_drive(tool)}: {how}, and mount the drive if nothing else does (or copy {file} onto it "
        f"yourself); looked for {', '.join(map(str, _places(_drive(tool))))}"
    )


def _awaited(look: Callable[[], _Found | None], how: str, what: str, wait_s: float) -> _Found | None:
    """What ``look`` finds within some seconds; people are told what to do for it."""
    deadline = Deadline(wait_s)
    found = look()
    if found is None and wait_s:
        log(f"{how}; waiting {wait_s:g} s for {what}")
    while found is None and not deadline.is_over:
        time.sleep(min(_RETRY_S, deadline.left_s))
        found = look()
    return found


def _copy(source: Path, folder: Path) -> None:
    """Copy, until it is on the drive, which a bootloader takes away as soon as it has all."""
    content, is_written = source.read_bytes(), False
    complained = (folder / _FAILURE).exists()  # of another time
    try:
        with (folder / source.name).open("wb") as file:
            file.write(content)
            file.flush()
            is_written = True
            os.fsync(file.fileno())
    except OSError as error:
        if not (is_written and error.errno in _DRIVE_LEFT):
            raise FlashError(
                f"{folder}: cannot be written ({error.strerror}); is the board still there, and its drive "
                "not full or read-only?"
            ) from error
    if (folder / _DAPLINK).exists():
        _check_failure(folder, complained)


def _check_failure(folder: Path, complained: bool) -> None:
    """Raise what DAPLink complains of, in a file on its drive when that is back.

    Args:
        complained: whether there was such a file before; then the drive must have left meanwhile.
    """
    deadline = Deadline(_FAILURE_S)
    while True:
        is_there = folder.is_dir() and (folder / _FAILURE).exists()
        if is_there and (not complained or deadline.is_over):
            complaint = (folder / _FAILURE).read_text(encoding="utf-8", errors="replace").strip()
            raise FlashError(f"{folder}: the board did not take it: {complaint or _FAILURE}")
        complained = complained and is_there
        if deadline.is_over:
            return
        time.sleep(min(_RETRY_S, deadline.left_s))


def own_port(board: Board, wait_s: float) -> str:
    """The port of a board that was flashed: one with a USB id of its own comes back with the new firmware.

    Raises:
        UserError: there is none, or several.
    """

    def look() -> str | None:
        return next((port.device for port in connected_ports() if port.usb == board.usb), None)

    if board.usb is not None:
        _awaited(look, f"{board.id} restarts", f"its port, {board.usb}", wait_s)
    return port_of(board)
