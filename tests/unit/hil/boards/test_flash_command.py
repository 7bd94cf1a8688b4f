"""``earshot flash`` of each board, and what goes wrong: fake tools, drives and ports. No board."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_flash import PARTS, FlashedBoard, Usb, elf, write_hex
from invoke import invoke

from hil.boards import flash as flash_module
from hil.boards import ports as ports_module
from hil.boards.board import board_ids, load_board
from hil.boards.build import Firmware
from hil.boards.flash import FlashError, run_commands
from hil.boards.flash_tools import COPY, FLASHERS
from hil.commands import flash
from train.core.errors import UserError

BUILD_ID, ADAPTER = "c0ffee", "0403:6001"
FLASHED = [board_id for board_id in board_ids() if load_board(board_id).flash]


@pytest.fixture
def usb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Usb:
    found = Usb(monkeypatch, tmp_path / "media")
    monkeypatch.setattr(ports_module, "connected_ports", found.ports)
    return found


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Programs that the command had built, without a compiler; ports that it then opened."""
    done: list[str] = []

    def build(board, run, engine, program):
        path = run / "firmware" / board.id / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(elf(PARTS))
        done.append(f"{board.id} {program}")
        return Firmware(path, 0, None)

    def open_port(port, baud):
        done.append(f"{port} {baud}")
        return FlashedBoard(BUILD_ID, done[0].split()[0])

    monkeypatch.setattr(flash, "build", build)
    monkeypatch.setattr(flash, "build_id", lambda *_: BUILD_ID)
    monkeypatch.setattr(flash, "open_port", open_port)
    return done


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tools that do nothing, and objcopy, which writes a file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for flasher in FLASHERS.values():
        for command in flasher.commands:
            if command[0] != COPY:
                (folder / command[0]).write_text("#!/bin/sh\n")
                (folder / command[0]).chmod(0o755)
    write_hex(folder / "arm-none-eabi-objcopy")
    return folder


def show(usb: Usb, board_id: str) -> None:
    """The board in its bootloader, and an adapter for its serial line."""
    board = load_board(board_id)
    assert board.flash
    usb.ids = [ADAPTER, *map(str, board.flash.usb[:1]), *([str(board.usb)] if board.usb else [])]
    if "volume" in board.flash.values:
        (usb.mounts / board.flash.values["volume"]).mkdir()


@pytest.mark.parametrize("board_id", FLASHED)
def test_each_board_is_flashed_and_read_back(
    board_id: str,
    usb: Usb,
    built: list[str],
    tools: Path,
    run_folder: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    show(usb, board_id)
    board = load_board(board_id)
    invoke(flash, ["--board", board_id, run_folder])
    port = f"/dev/ttyACM{usb.ids.index(str(board.usb)) if board.usb else 0}"
    assert capfd.readouterr().out == f"{board_id} on {port} runs build {BUILD_ID}\n"
    assert board.target
    assert built == [f"{board_id} proof", f"{port} {board.target.baud}"]


@pytest.mark.parametrize("board_id", [board_id for board_id in FLASHED if load_board(board_id).usb is None])
def test_without_a_serial_port_it_is_said_before_anything_is_built(
    board_id: str, usb: Usb, built: list[str], tools: Path, run_folder: Path
) -> None:
    show(usb, board_id)
    usb.ids.remove(ADAPTER)
    with pytest.raises(UserError, match=r"which serial port is it on\? .*--program earshot is not"):
        invoke(flash, ["--board", board_id, run_folder])
    assert built == []


def test_the_application_needs_no_port_and_is_followed_by_listen(
    usb: Usb, built: list[str], tools: Path, run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    show(usb, "microbit-v2")
    usb.ids = []
    invoke(flash, ["--board", "microbit-v2", run_folder, "--program", "earshot"])
    assert "earshot listen --port PORT" in capfd.readouterr().err
    assert built == ["microbit-v2 earshot"]


def copy_to(drive: Path, tmp_path: Path) -> None:
    source = tmp_path / "proof.uf2"
    source.write_bytes(b"1" * 600)
    tool = load_board("pico").flash
    assert tool
    run_commands(tool, [[COPY, str(source), str(drive)]])


@pytest.fixture
def drive(usb: Usb) -> Path:
    folder = usb.mounts / "RPI-RP2"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("number", [errno.EIO, errno.ENODEV])
def test_a_drive_that_leaves_with_the_last_block_has_all(
    number: int, drive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(number: int) -> Callable[[int], None]:
        def fsync(file: int) -> None:
            raise OSError(number, os.strerror(number))

        return fsync

    monkeypatch.setattr(flash_module.os, "fsync", fails(number))
    copy_to(drive, tmp_path)
    assert (drive / "proof.uf2").read_bytes() == b"1" * 600
    monkeypatch.setattr(
        flash_module.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    with pytest.raises(FlashError, match=r"cannot be written \(No space left\)"):
        copy_to(drive, tmp_path)


def test_what_daplink_complains_of_is_told(
    drive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (drive / "DETAILS.TXT").write_text("DAPLink")
    monkeypatch.setattr(flash_module, "_FAILURE_S", 0.1)
    copy_to(drive, tmp_path)
    complaint = "error: The hex file cannot be decoded."

    def come_back(_: float) -> None:
        (drive / "FAIL.TXT").write_text(complaint)

    monkeypatch.setattr(flash_module.time, "sleep", come_back)
    with pytest.raises(FlashError, match=rf"RPI-RP2: the board did not take it: {complaint}"):
        copy_to(drive, tmp_path)

    def succeed(_: float) -> None:
        (drive / "FAIL.TXT").unlink(missing_ok=True)

    monkeypatch.setattr(flash_module.time, "sleep", succeed)
    copy_to(drive, tmp_path)  # that was of another time


def test_a_drive_mounted_for_somebody_else_is_found(
    usb: Usb, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(flash_module, "_MOUNTS", (f"{usb.mounts}/*", str(usb.mounts)))
    drive = usb.mounts / "anna" / "RPI-RP2"
    drive.mkdir(parents=True)
    tool = load_board("pico").flash
    assert tool
    assert flash_module._volume(tool, tmp_path / "proof.uf2", 0) == drive
    drive.rmdir()
    with pytest.raises(UserError, match=r"or copy .*/proof.uf2 onto it yourself\); looked for .*/\*/RPI-RP2"):
        flash_module._volume(tool, tmp_path / "proof.uf2", 0)
