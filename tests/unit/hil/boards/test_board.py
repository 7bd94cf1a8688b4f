"""Board files: those of the house load, and mistakes are named."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from invoke import invoke

from hil import __main__ as hil
from hil.boards.board import BOARDS, HOST_CPU, board_ids, find_board, load_board
from hil.commands import boards as boards_command
from train.core import console
from train.core.errors import UserError

KNOWN = {
    *("host", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547", "netduinoplus2"),
    *("microbit", "pico", "pico-pdm", "pico2", "rv32", "nano33ble", "microbit-v2", "stm32f4discovery"),
}


def test_every_board_of_the_house_is_there() -> None:
    assert set(board_ids()) >= KNOWN


@pytest.mark.parametrize("board_id", board_ids())
def test_boards_of_the_house_load(board_id: str) -> None:
    board = load_board(board_id)
    assert board.id == board_id
    assert (board.target is None) == (board.cpu == HOST_CPU)
    assert (board.emulator is None) == (board.run_kind in ("native", "hardware"))


@pytest.mark.parametrize("board_id", sorted(KNOWN - {"host"}))
def test_target_is_compiled_for_its_cpu(board_id: str) -> None:
    board = load_board(board_id)
    assert {f"-mcpu={board.cpu}", f"-march={board.cpu}"} & set(board.flags)


def test_command_puts_the_serial_line_on_stdio() -> None:
    assert load_board("host").command(Path("a/selftest")) == ["a/selftest"]
    command = load_board("mps2-an386").command(Path("a/selftest"))
    assert command[:5] == ["qemu-system-arm", "-machine", "mps2-an386", "-kernel", "a/selftest"]
    assert command[-2:] == ["-serial", "stdio"]
    command = load_board("rv32").command(Path("a/selftest"), semihosting=True)
    assert command[:5] == ["qemu-system-riscv32", "-machine", "virt", "-bios", "none"]
    assert "enable=on,target=native" in command


def test_unknown_board_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"'mps2' is not known; known: .*mps2-an386.*ADD_A_BOARD"):
        load_board("mps2")


@pytest.fixture
def make_board(tmp_path: Path) -> Callable[..., Path]:
    """``make_board(change)``: a folder with one board, ``toy``; ``change`` may spoil its board.json."""

    def make(change: Callable[[dict[str, Any]], object]) -> Path:
        content = json.loads((BOARDS / "mps3-an547" / "board.json").read_text())
        content |= {"id": "toy", "sources": ["board.c"], "linker_script": "memory.ld"}
        change(content)
        folder = tmp_path / "toy"
        folder.mkdir()
        for name in ("board.c", "memory.ld"):
            (folder / name).write_text("")
        (folder / "board.json").write_text(json.dumps(content))
        return tmp_path

    return make


def test_a_board_elsewhere_loads(make_board: Callable[..., Path]) -> None:
    boards = make_board(lambda content: None)
    board = load_board("toy", boards)
    assert board.sources == (boards / "toy" / "board.c",)
    assert board.target is not None
    assert board.target.linker_script == boards / "toy" / "memory.ld"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("ram_bytes"), r"toy/board.json: ram_bytes is missing; docs/ADD_A_BOARD.md"),
        (lambda c: c.pop("run"), r"run is missing"),
        (
            lambda c: c.update(flash_size=1),
            r"flash_size is not known, expected only core_hz, cpu, flags, flash, flash_by",
        ),
        (lambda c: c.update(ram_bytes="512K"), r'ram_bytes is "512K", expected a whole number above 0'),
        (lambda c: c.update(ram_bytes=True), r"ram_bytes is true, expected a whole number"),
        (lambda c: c.update(flash_bytes=0), r"flash_bytes is 0, expected a whole number above 0"),
        (lambda c: c.update(flags="-mthumb"), r'flags is "-mthumb", expected a list of texts'),
        (lambda c: c.update(sources=[1]), r"sources is \[1\], expected a list of texts"),
        (lambda c: c.update(title=""), r'title is "", expected a text'),
        (lambda c: c.update(id="other"), r"id is 'other', expected 'toy', the name of the folder"),
        (lambda c: c.update(sources=["gone.c"]), r"sources names gone.c, but there is no file"),
        (lambda c: c.update(linker_script="gone.ld"), r"linker_script names gone.ld, but there is no file"),
        (
            lambda c: c.update(stack_bytes=524288),
            r"stack_bytes is 524288, expected less than ram_bytes, 524288",
        ),
        (
            lambda c: c["run"].update(kind="renode"),
            r"run.kind is 'renode', expected one of: qemu, rp2040js, native, hardware",
        ),
        (lambda c: c["run"].pop("machine"), r"run.machine is missing"),
        (lambda c: c["run"].update(options="-bios none"), r'run.options is "-bios none", expected a list'),
        (
            lambda c: c.update(run={"kind": "rp2040js", "microphone": "i2s"}),
            r"run.microphone is 'i2s', expected 'analog' or 'pdm'",
        ),
        (lambda c: c["run"].update(option=[]), r"run.option is not known, expected only kind, machine, opt"),
        (
            lambda c: c.update(toolchain="arm-none"),
            r"toolchain 'arm-none' is not known; did you mean arm-non",
        ),
        (lambda c: c.update(toolchain=[]), r"toolchain is \[\], expected a text"),
        (lambda c: c["uart"].update(baud=0), r"uart.baud is 0, expected a whole number above 0"),
        (lambda c: c.update(cpu="host"), r"flash_bytes is not known"),  # of no use to a program
    ],
)
def test_mistakes_are_named(
    make_board: Callable[..., Path], change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        load_board("toy", make_board(change))


def test_a_broken_board_does_not_hide_the_others(
    make_board: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    boards = make_board(lambda content: None)
    for broken in ("a_broken", "z_broken"):
        (boards / broken).mkdir()
        (boards / broken / "board.json").write_text("{")
    monkeypatch.setattr(
        "hil.commands.boards.board_folders", lambda _: dict.fromkeys(board_ids(boards), boards)
    )
    monkeypatch.setattr(sys, "argv", ["hil", "boards"])
    with pytest.raises(SystemExit) as end:
        console.run(hil.main)
    said = capsys.readouterr()
    assert end.value.code == 2
    assert said.out.startswith("toy ")
    for broken in ("a_broken", "z_broken"):
        assert f"{broken}/board.json: is not JSON" in said.err


@pytest.mark.parametrize(("text", "message"), [("{", "not JSON"), ("[]", "found a list, expected an object")])
def test_a_file_that_is_no_board(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "board.json").write_text(text)
    with pytest.raises(UserError, match=message):
        load_board("toy", tmp_path)


def test_boards_of_one_s_own_stand_beside_earshot_s(make_board: Callable[..., Path]) -> None:
    own = make_board(lambda content: content.update(sources=["../common/startup.c", "board.c"]))
    board = find_board("toy", own)
    assert board.folder == own / "toy"
    assert board.sources[0] == (BOARDS / "common" / "startup.c").resolve(), "the shared sources are Earshot's"
    assert board.sources[1] == (own / "toy" / "board.c").resolve()
    assert find_board("host", own) == load_board("host")
    with pytest.raises(UserError, match=r"board 'tiy' is not known; did you mean toy\? docs"):
        find_board("tiy", own)


def test_a_folder_without_boards_and_one_with_a_known_name_are_refused(
    make_board: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"--board-dir .*nothing: holds no board; expected .*ID/board\.json"):
        find_board("toy", tmp_path / "nothing")
    own = make_board(lambda content: None)
    (own / "toy").rename(own / "host")
    with pytest.raises(UserError, match="host is a board of Earshot's, too; give yours another name"):
        find_board("host", own)


def test_a_mistake_in_the_folder_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as told:
        invoke(boards_command, ["--board-dir", tmp_path])
    assert str(told.value).count("holds no board") == 1
