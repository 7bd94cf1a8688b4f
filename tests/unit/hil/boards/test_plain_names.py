"""Run folders, board folders and tools with names that mean something to CMake, make, GCC, Tcl and QEMU."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen.emit import generate
from hil.boards.board import BOARDS, find_board, load_board
from hil.boards.build import build
from hil.boards.flash import flash_commands
from hil.boards.plain_names import plain
from train.core.errors import UserError

MakeRun = Callable[..., Path]
HOSTILE = 'thesis,v2 "final" #1; größe 日本 $HOME $<x> & 50% [x] \\ it\'s {z} @e ~ | * ?\n\r\t\x1b[31m\u202e'
HOSTILE += os.fsdecode(b"\xff")
NAMES = [
    ",",
    ";",
    " ",
    "#",
    "$x",
    "$<x>",
    "\\",
    '"',
    "'",
    "[x]",
    "{x",
    "%",
    "&",
    "`",
    "a=b",
    "\x1b[31m",
    "a\nb",
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("name", ["yes_no", "größe", "開始-2.1+x"])
def test_a_plain_name_stays(tmp_path: Path, cache: Path, name: str) -> None:
    assert plain(tmp_path / name) == tmp_path / name
    assert not cache.exists()


@pytest.mark.parametrize("name", [*NAMES, os.fsdecode(b"\xff")], ids=repr)
def test_any_other_gets_a_second_one(tmp_path: Path, cache: Path, name: str) -> None:
    place = tmp_path / f"a{name}"
    place.mkdir()
    link = plain(place)
    assert link.parent == cache / "places"
    assert link.name.isalnum()
    (link / "x").touch()
    assert (place / "x").is_file()
    assert plain(place) == link, "a build goes on where it was"


def test_a_cache_with_such_a_name_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "c;d"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert plain(tmp_path / "a;b").parent == tmp_path / f"earshot-{os.getuid()}"
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "e;f"))
    with pytest.raises(UserError, match=r"a;b: has a name that build tools misread.*set EARSHOT_CACHE"):
        plain(tmp_path / "a;b")


@pytest.mark.skipif(
    shutil.which("cmake") is None or shutil.which("arm-none-eabi-gcc") is None,
    reason="arm-none-eabi-gcc or cmake is not on the PATH",
)
def test_a_run_and_a_board_of_any_name(make_run: MakeRun, tmp_path: Path) -> None:
    boards = tmp_path / f"boards {HOSTILE}"
    shutil.copytree(BOARDS / "mps2-an386", boards / "mine")
    path = boards / "mine" / "board.json"
    path.write_text(path.read_text().replace('"mps2-an386"', '"mine"', 1))
    made = make_run()
    run = made.rename(made.with_name(HOSTILE))
    (tmp_path / "thesis").write_text("a file that the linker overwrote once")
    before = sorted(path.name for path in tmp_path.iterdir())
    generate(run)
    firmware = build(find_board("mine", boards), run)
    assert firmware.path.read_bytes().startswith(b"\x7fELF")
    assert (run / "firmware" / "mine" / "earshot.map").is_file()
    assert sorted({path.name for path in tmp_path.iterdir()} - {"cache"}) == before
    assert (tmp_path / "thesis").read_text() == "a file that the linker overwrote once"


@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not on the PATH")
def test_cmake_by_itself_refuses_such_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "a;b"
    command = ["cmake", "-S", str(BOARDS.parent), "-B", str(folder), "-DBOARD=host"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode
    assert "has ';' in it, which build tools" in " ".join(done.stderr.split())


def test_flash_tools_get_the_second_name(tmp_path: Path) -> None:
    board = load_board("netduinoplus2")
    assert board.flash is not None
    program = tmp_path / "a{b" / "proof"
    program.parent.mkdir()
    program.write_bytes(b"\x7fELF\x01\x01".ljust(52, b"\0"))
    tool = type(board.flash)("openocd", {"config": "board/x.cfg"})
    (command,) = flash_commands(tool, program, None)
    assert command[-1] == f"program {{{plain(program.parent)}/proof}} verify reset exit"


@pytest.mark.parametrize("name", ["a b", "a;b", "-a", ".a", "a\x1bb", 'a"b', "a,b"])
def test_ids_of_boards(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "board.json").write_text("{}")
    with pytest.raises(UserError, match=r"a board cannot be called .*; rename its folder") as told:
        find_board(name, tmp_path)
    assert "\x1b" not in str(told.value)
