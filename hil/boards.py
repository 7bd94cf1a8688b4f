"""The boards: firmware/boards/<id>/board.json, loaded and checked.

CMake reads the same files (firmware/cmake/board.cmake); docs/ADD_A_BOARD.md describes them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.errors import UserError

BOARDS = Path(__file__).resolve().parents[1] / "firmware" / "boards"
BOARD_FILE = "board.json"
HOST_CPU = "host"
QEMU = "qemu"
NATIVE = "native"

_FIELDS = {"id": str, "title": str, "cpu": str, "flags": list, "sources": list, "run": dict}
_TARGET_FIELDS = {
    "flash_bytes": int,
    "ram_bytes": int,
    "stack_bytes": int,
    "linker_script": str,
    "uart": dict,
}
_RUN_FIELDS: dict[str, dict[str, type]] = {QEMU: {"kind": str, "machine": str}, NATIVE: {"kind": str}}
_NAMES = {str: "a text", int: "a whole number above 0", list: "a list of texts", dict: "an object"}


@dataclass(frozen=True)
class Target:
    """What only a microcontroller has: budgets, memory map, UART."""

    flash_bytes: int
    ram_bytes: int
    stack_bytes: int
    linker_script: Path
    baud: int


@dataclass(frozen=True)
class Board:
    """One board. ``target`` is None for this computer, ``machine`` (QEMU's name) where none is emulated."""

    id: str
    title: str
    cpu: str
    flags: tuple[str, ...]
    sources: tuple[Path, ...]
    run_kind: str
    machine: str | None
    target: Target | None

    def command(self, firmware: Path) -> list[str]:
        """How to start a firmware with its serial line on standard input and output.

        Args:
            firmware: the ELF file that CMake built for this board.
        """
        if self.machine is None:
            return [str(firmware)]
        emulator = ["qemu-system-arm", "-machine", self.machine, "-kernel", str(firmware)]
        return [*emulator, "-display", "none", "-monitor", "none", "-serial", "stdio"]


def board_ids(boards: Path = BOARDS) -> tuple[str, ...]:
    """Every board there is, sorted."""
    return tuple(sorted(path.parent.name for path in boards.glob(f"*/{BOARD_FILE}")))


def load_board(board_id: str, boards: Path = BOARDS) -> Board:
    """Load and check one board.

    Raises:
        UserError: no such board, not JSON, a field missing, unknown or of the wrong type, a
            file named that is not there, or a stack larger than the RAM.
    """
    known = board_ids(boards)
    if board_id not in known:
        raise UserError(
            f"board {board_id!r} is not known; known: {', '.join(known)}. "
            "docs/ADD_A_BOARD.md tells how to add one"
        )
    folder = boards / board_id
    where = str(folder / BOARD_FILE)
    try:
        content = json.loads((folder / BOARD_FILE).read_bytes())
    except ValueError as error:
        raise UserError(f"{where}: not JSON ({error})") from error
    if not isinstance(content, dict):
        raise UserError(f"{where}: found a {type(content).__name__}, expected an object with id, cpu, …")
    is_target = content.get("cpu") != HOST_CPU
    _check_fields(content, {**_FIELDS, **(_TARGET_FIELDS if is_target else {})}, where)
    if content["id"] != board_id:
        raise UserError(f"{where}: id is {content['id']!r}, expected {board_id!r}, the name of the folder")
    run = content["run"]
    return Board(
        id=board_id,
        title=content["title"],
        cpu=content["cpu"],
        flags=tuple(content["flags"]),
        sources=tuple(_existing(folder, name, "sources", where) for name in content["sources"]),
        run_kind=_run_kind(run, where),
        machine=run.get("machine"),
        target=_target(content, folder, where) if is_target else None,
    )


def _run_kind(run: dict[str, Any], where: str) -> str:
    kind = run.get("kind")
    if kind not in _RUN_FIELDS:
        raise UserError(f"{where}: run.kind is {kind!r}, expected one of: {', '.join(_RUN_FIELDS)}")
    _check_fields(run, _RUN_FIELDS[kind], where, "run.")
    return str(kind)


def _target(content: dict[str, Any], folder: Path, where: str) -> Target:
    _check_fields(content["uart"], {"baud": int}, where, "uart.")
    if content["stack_bytes"] >= content["ram_bytes"]:
        raise UserError(
            f"{where}: stack_bytes is {content['stack_bytes']}, "
            f"expected less than ram_bytes, {content['ram_bytes']}"
        )
    return Target(
        flash_bytes=content["flash_bytes"],
        ram_bytes=content["ram_bytes"],
        stack_bytes=content["stack_bytes"],
        linker_script=_existing(folder, content["linker_script"], "linker_script", where),
        baud=content["uart"]["baud"],
    )


def _check_fields(content: dict[str, Any], fields: dict[str, type], where: str, prefix: str = "") -> None:
    """Refuse fields that are missing, unknown (a typo, most likely) or of another type."""
    for name in sorted(fields.keys() | content.keys()):
        if name not in content:
            raise UserError(f"{where}: {prefix}{name} is missing; docs/ADD_A_BOARD.md describes the file")
        if name not in fields:
            raise UserError(
                f"{where}: {prefix}{name} is not known, expected only {', '.join(sorted(fields))}"
            )
        if not _is_a(content[name], fields[name]):
            raise UserError(
                f"{where}: {prefix}{name} is {json.dumps(content[name])}, expected {_NAMES[fields[name]]}"
            )


def _is_a(value: object, kind: type) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if kind is list:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, kind) and value != ""


def _existing(folder: Path, name: str, field: str, where: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_file():
        raise UserError(f"{where}: {field} names {name}, but there is no file {path}")
    return path
