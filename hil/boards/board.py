"""The boards: firmware/boards/<id>/board.json, loaded and checked.

CMake reads the same files (firmware/cmake/board.cmake); docs/ADD_A_BOARD.md describes them.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.boards.emulator import ANALOG, PDM, UART, USB, Emulator, Qemu, Rp2040js
from hil.boards.flash_tools import FLASHERS
from hil.boards.toolchain import DEFAULT as DEFAULT_TOOLCHAIN
from hil.boards.toolchain import Toolchain, load_toolchain
from train.core.console import printable
from train.core.errors import UserError, suggestion
from train.core.installation import FIRMWARE_SOURCES
from train.core.typed_json import Mismatch, read

BOARDS = FIRMWARE_SOURCES / "boards"
BOARD_FILE = "board.json"
HOST_CPU = "host"
QEMU, RP2040JS, NATIVE = "qemu", "rp2040js", "native"
HARDWARE = "hardware"  # nobody emulates it

_ID = re.compile(r"\w[\w.+-]*")  # it becomes a folder, a text in C and a word on the serial line
_FILE = re.compile(r"[\w/. +-]+")  # goes through CMake and make

_FIELDS = {"id": str, "title": str, "cpu": str, "flags": list, "sources": list, "run": dict}
_TARGET_FIELDS = {
    "flash_bytes": int,
    "ram_bytes": int,
    "stack_bytes": int,
    "linker_script": str,
    "uart": dict,
}
_TARGET_OPTIONS: dict[str, type] = {
    "core_hz": int,
    "flash": dict,
    "microphone": str,
    "microphone_test": str,
    "toolchain": str,
    "usb": str,
}
_RUN_FIELDS: dict[str, dict[str, type]] = {
    QEMU: {"kind": str, "machine": str},
    RP2040JS: {"kind": str},
    NATIVE: {"kind": str},
    HARDWARE: {"kind": str},
}
_RUN_OPTIONS: dict[str, dict[str, type]] = {
    QEMU: {"options": list},
    RP2040JS: {"microphone": str, "line": str},
}
_NAMES = {str: "a text", int: "a whole number above 0", list: "a list of texts", dict: "an object"}


@dataclass(frozen=True)
class Target:
    """What only a microcontroller has: toolchain, budgets, memory map, UART.

    ``core_hz`` is 0 where nobody asks how fast it is.
    """

    toolchain: Toolchain
    flash_bytes: int
    ram_bytes: int
    stack_bytes: int
    linker_script: Path
    baud: int
    core_hz: int = 0


@dataclass(frozen=True)
class UsbId:
    """Vendor and product, as a board shows itself on the USB."""

    vid: int
    pid: int

    def __str__(self) -> str:
        return f"{self.vid:04x}:{self.pid:04x}"


@dataclass(frozen=True)
class FlashTool:
    """How a board is flashed: a name in FLASHERS, and a value for each of its fields.

    ``button``: what people do before it, "" where that is nothing. ``usb``: ids of the port that the tool
    needs, empty where it is the board's own.
    """

    name: str
    values: dict[str, str]
    button: str = ""
    usb: tuple[UsbId, ...] = ()


@dataclass(frozen=True)
class Board:
    """One board.

    ``folder`` holds its board.json. ``target`` is None for this computer, ``emulator`` where none is,
    ``flash`` where there is nothing to flash, ``usb`` where the serial port shows no id of its own.
    ``microphone`` says for people what it has, "" where there is none; ``microphone_test`` names the test
    that runs its driver against a made-up device, "" where there is none.
    """

    id: str
    folder: Path
    title: str
    cpu: str
    own_flags: tuple[str, ...]
    sources: tuple[Path, ...]
    run_kind: str
    emulator: Emulator | None
    target: Target | None
    flash: FlashTool | None = None
    usb: UsbId | None = None
    microphone: str = ""
    microphone_test: str = ""

    @property
    def proven(self) -> str:
        """How far it was tried without anybody who owns one."""
        if self.target is None:
            return "run"
        if self.has_emulated_microphone:
            return "emulated with microphone"
        parts = ["emulated"] if self.emulator else []
        parts += ["driver tested against a model"] if self.microphone_test else []
        return ", ".join(parts) or "compiled"

    @property
    def tools(self) -> tuple[str, ...]:
        """Programs that build for it, and start it where it is emulated."""
        builders = ("cmake", self.target.toolchain.tool("gcc") if self.target else "cc")
        return (*builders, self.emulator.program) if self.emulator else builders

    @property
    def flags(self) -> tuple[str, ...]:
        """To compile and link with: the board's own, then those of its toolchain."""
        return (*self.own_flags, *self.target.toolchain.flags) if self.target else self.own_flags

    def command(
        self,
        firmware: Path,
        semihosting: bool = False,
        emulator_options: Sequence[str] = (),
        audio: Path | None = None,
    ) -> list[str]:
        """How to start a firmware with its serial line on standard input and output.

        Args:
            firmware: the ELF file that CMake built for this board.
            semihosting: let firmware in an emulator read (and write) files of this computer.
            emulator_options: more of them, where there is one.
            audio: what an emulated microphone is given, see ``microphones.emulated.Played``.
        """
        if self.emulator is None:
            return [str(firmware)]
        return self.emulator.command(firmware, semihosting=semihosting, audio=audio, options=emulator_options)

    @property
    def has_emulated_microphone(self) -> bool:
        """Whether an emulator plays recordings to its microphone."""
        return self.emulator is not None and bool(self.emulator.microphone)

    def require_emulator(self) -> None:
        """Refuse a board that cannot be started here; better asked before a build than after."""
        if self.emulator:
            self.emulator.require()
        elif self.target:
            raise UserError(
                f"board {self.id} is not emulated: bring the firmware onto a real one with earshot flash, "
                "and name its port with --port"
            )


def board_ids(boards: Path = BOARDS) -> tuple[str, ...]:
    """Every board there is, sorted."""
    return tuple(sorted(path.parent.name for path in boards.glob(f"*/{BOARD_FILE}")))


def board_folders(more: Path | None = None) -> dict[str, Path]:
    """Where each board is: its id, and the folder that holds the board's own.

    Args:
        more: what ``--board-dir`` names: a folder with a folder for each board of the user's.
    Raises:
        UserError: no board in ``more``, or one that Earshot has, too.
    """
    folders = dict.fromkeys(board_ids(), BOARDS)
    if more is None:
        return folders
    own = board_ids(more)
    if not own:
        raise UserError(f"--board-dir {more}: holds no board; expected {more / 'ID' / BOARD_FILE}")
    if twice := sorted({*own} & {*folders}):
        raise UserError(
            f"--board-dir {more}: {twice[0]} is a board of Earshot's, too; give yours another name, that of "
            f"its folder and the id in {BOARD_FILE}"
        )
    return folders | dict.fromkeys(own, more)


def find_board(board_id: str, more: Path | None = None) -> Board:
    """One of Earshot's boards, or one of a folder of the user's own.

    Raises:
        UserError: as ``board_folders`` and ``load_board``.
    """
    folders = board_folders(more)
    if board_id not in folders:
        raise _unknown(board_id, tuple(folders))
    return load_board(board_id, folders[board_id])


def load_board(board_id: str, boards: Path = BOARDS) -> Board:
    """Load and check one board.

    Raises:
        UserError: no such board, not JSON, a field missing, unknown or of the wrong type, a
            file named that is not there, or a stack larger than the RAM.
    """
    known = board_ids(boards)
    if board_id not in known:
        raise _unknown(board_id, known)
    folder = boards / board_id
    where = str(folder / BOARD_FILE)
    if not _ID.fullmatch(board_id):
        raise UserError(
            f"{printable(where)}: a board cannot be called {board_id!r}; expected letters, digits, . _ + and "
            "-, the first a letter or digit; rename its folder, and the id in the file"
        )
    try:
        content = read(folder / BOARD_FILE)
    except Mismatch as error:
        raise UserError(str(error)) from error
    if not isinstance(content, dict):
        raise UserError(f"{where}: found a {type(content).__name__}, expected an object with id, cpu, …")
    is_target = content.get("cpu") != HOST_CPU
    needed = {**_FIELDS, **(_TARGET_FIELDS if is_target else {})}
    _check_fields(content, needed, where, options=_TARGET_OPTIONS if is_target else None)
    if content["id"] != board_id:
        raise UserError(f"{where}: id is {content['id']!r}, expected {board_id!r}, the name of the folder")
    run = content["run"]
    run_kind = _run_kind(run, where)
    target = _target(content, folder, where) if is_target else None
    return Board(
        id=board_id,
        folder=folder,
        title=content["title"],
        cpu=content["cpu"],
        own_flags=tuple(content["flags"]),
        sources=tuple(_existing(folder, name, "sources", where) for name in content["sources"]),
        run_kind=run_kind,
        emulator=_emulator(run, target, where),
        target=target,
        flash=_flash_tool(content["flash"], where) if "flash" in content else None,
        usb=_usb_id(content["usb"], "usb", where) if "usb" in content else None,
        microphone=content.get("microphone", ""),
        microphone_test=content.get("microphone_test", ""),
    )


def _unknown(board_id: str, known: Sequence[str]) -> UserError:
    hint = suggestion(board_id, known)
    return UserError(
        f"board {board_id!r} is not known; {hint if hint.endswith('?') else f'{hint}.'} "
        "docs/ADD_A_BOARD.md tells how to add one"
    )


def _run_kind(run: dict[str, Any], where: str) -> str:
    kind = run.get("kind")
    if kind not in _RUN_FIELDS:
        raise UserError(f"{where}: run.kind is {kind!r}, expected one of: {', '.join(_RUN_FIELDS)}")
    _check_fields(run, _RUN_FIELDS[kind], where, "run.", _RUN_OPTIONS.get(kind))
    return str(kind)


def _emulator(run: dict[str, Any], target: Target | None, where: str) -> Emulator | None:
    kind = run["kind"]
    if target is None and kind != NATIVE:
        raise UserError(f"{where}: run.kind is {kind!r}, expected {NATIVE!r} for cpu {HOST_CPU!r}")
    if target is None or kind in (NATIVE, HARDWARE):  # a program of this computer is no board's
        return None
    if kind == RP2040JS:
        choices = {"microphone": (ANALOG, PDM), "line": (UART, USB)}
        for name, values in choices.items():
            if (found := run.get(name, values[0])) not in values:
                raise UserError(f"{where}: run.{name} is {found!r}, expected {values[0]!r} or {values[1]!r}")
        return Rp2040js(run.get("microphone", ANALOG), run.get("line", UART))
    return Qemu.of(target.toolchain, run["machine"], run.get("options", ()))


def _target(content: dict[str, Any], folder: Path, where: str) -> Target:
    _check_fields(content["uart"], {"baud": int}, where, "uart.")
    if content["stack_bytes"] >= content["ram_bytes"]:
        raise UserError(
            f"{where}: stack_bytes is {content['stack_bytes']}, "
            f"expected less than ram_bytes, {content['ram_bytes']}"
        )
    return Target(
        toolchain=load_toolchain(content.get("toolchain", DEFAULT_TOOLCHAIN), where),
        flash_bytes=content["flash_bytes"],
        ram_bytes=content["ram_bytes"],
        stack_bytes=content["stack_bytes"],
        linker_script=_existing(folder, content["linker_script"], "linker_script", where),
        baud=content["uart"]["baud"],
        core_hz=content.get("core_hz", 0),
    )


def _flash_tool(content: dict[str, Any], where: str) -> FlashTool:
    tool = content.get("tool")
    if not isinstance(tool, str) or tool not in FLASHERS:
        raise UserError(
            f"{where}: flash.tool is {json.dumps(tool)}, expected one of: {', '.join(sorted(FLASHERS))}"
        )
    fields: dict[str, type] = dict.fromkeys(("tool", *FLASHERS[tool].fields), str)
    _check_fields(content, fields, where, "flash.", {"button": str, "usb": list})
    if "family" in fields and not re.fullmatch(r"0x[0-9a-fA-F]{1,8}", content["family"]):
        raise UserError(
            f"{where}: flash.family is {json.dumps(content['family'])}, expected a number such as 0xe48bff56"
        )
    values = {name: content[name] for name in FLASHERS[tool].fields}
    usb = tuple(_usb_id(text, "flash.usb", where) for text in content.get("usb", ()))
    return FlashTool(tool, values, content.get("button", ""), usb)


def _usb_id(text: str, field: str, where: str) -> UsbId:
    """Of four hexadecimal digits, a colon and four more."""
    if not re.fullmatch(r"[0-9a-fA-F]{4}:[0-9a-fA-F]{4}", text):
        raise UserError(f"{where}: {field} is {json.dumps(text)}, expected vendor and product, as 2341:005a")
    vid, pid = text.split(":")
    return UsbId(int(vid, 16), int(pid, 16))


def _check_fields(
    content: dict[str, Any],
    fields: dict[str, type],
    where: str,
    prefix: str = "",
    options: dict[str, type] | None = None,
) -> None:
    """Refuse fields that are unknown (a typo, most likely), of another type, or missing and no option."""
    known = fields | (options or {})
    for name in sorted(fields.keys() | content.keys()):
        if name not in content:
            raise UserError(f"{where}: {prefix}{name} is missing; docs/ADD_A_BOARD.md describes the file")
        if name not in known:
            raise UserError(f"{where}: {prefix}{name} is not known, expected only {', '.join(sorted(known))}")
        if not _is_a(content[name], known[name]):
            raise UserError(
                f"{where}: {prefix}{name} is {_shown(content[name])}, expected {_NAMES[known[name]]}"
            )


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _is_a(value: object, kind: type) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 63
    if kind is list:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, kind) and value != ""


def _existing(folder: Path, name: str, field: str, where: str) -> Path:
    """A file beside board.json, else seen from a board of Earshot's: ``../common`` is there for all."""
    if not _FILE.fullmatch(name):
        raise UserError(
            f"{where}: {field} names {name!r}, which build tools misread; expected letters, digits, "
            "spaces, / . _ + and -"
        )
    path = (folder / name).resolve()
    if not path.is_file():
        shared = (BOARDS / folder.name / name).resolve()
        if shared.is_file():
            return shared
        raise UserError(f"{where}: {field} names {name}, but there is no file {path}")
    return path
