"""From run folder to firmware: what is refused, and in which words. tests/emulator builds for boards."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from codegen.emit import generate, generate_model
from hil.boards.board import Board, load_board
from hil.boards.build import EngineChoice, _cmake_message, _overflow_message, build
from train.core import runfolder
from train.core.errors import UserError
from train.core.spec import labels_for

CMAKE_STDERR = """CMake Warning at a.cmake:1 (message):
  not this


CMake Error at firmware/cmake/board.cmake:57 (message):
  arm-none-eabi-gcc is not on the PATH; install it, on Debian or Ubuntu: sudo
  apt-get install gcc-arm-none-eabi

  second paragraph
Call Stack (most recent call first):
  CMakeLists.txt:6 (include)


CMake Error at other.cmake:1 (message):
  nor this
"""

MakeRun = Callable[..., Path]


@pytest.fixture
def run(make_run: MakeRun) -> Path:
    folder = make_run()
    generate(folder)
    return folder


@pytest.fixture
def board() -> Board:
    return load_board("netduinoplus2")


def test_the_message_of_cmake_is_one_line() -> None:
    assert _cmake_message(CMAKE_STDERR) == (
        "arm-none-eabi-gcc is not on the PATH; install it, on Debian or Ubuntu: sudo apt-get install "
        "gcc-arm-none-eabi second paragraph"
    )
    assert _cmake_message("ninja: error") == ""


def test_an_image_that_does_not_fit_says_how_much_is_missing(board: Board) -> None:
    output = (
        "ld: earshot section `.bss' will not fit in region `RAM'\n"
        "ld: region `RAM' overflowed by 1000 bytes\nld: region `FLASH' overflowed by 24 bytes\n"
        "ld: region `RAM' overflowed by 1000 bytes\n"
    )
    assert _overflow_message(board, output) == (
        "netduinoplus2: the firmware needs 132,072 bytes of RAM, but board.json has 131,072 (ram_bytes) and "
        "1,048,600 bytes of FLASH, but board.json has 1,048,576 (flash_bytes); take a smaller architecture "
        "or a larger board"
    )
    assert _overflow_message(board, "error: expected ';'") == ""


def test_a_run_without_sources(make_run: MakeRun, board: Board) -> None:
    run = make_run()
    with pytest.raises(
        UserError, match=r"run/c: has no manifest\.json; make it with: earshot codegen .*/run"
    ):
        build(board, run)


def test_sources_of_another_model(run: Path, board: Board) -> None:
    tflite = run / runfolder.TFLITE
    tflite.write_bytes(tflite.read_bytes() + bytes(16))
    runfolder.write_spec(run, runfolder.read_spec(run), [runfolder.TFLITE])
    with pytest.raises(UserError, match=r"c: was generated from another model: SHA-256 is \w{12}…, expected"):
        build(board, run)


@pytest.mark.parametrize("name", ["engine.c", "engine.h", "kws_settings.c", "kws.h", "manifest.json"])
def test_sources_with_a_gap(run: Path, board: Board, name: str) -> None:
    (run / "c" / name).unlink()
    with pytest.raises(UserError, match=rf"run/c: has no {name}; make it with: earshot codegen .*run$"):
        build(board, run)


@pytest.mark.parametrize("name", ["engine.c", "kws_settings.c", "frontend_tables.h"])
def test_a_changed_source(run: Path, board: Board, name: str) -> None:
    """What is built would be taken for the model's."""
    with (run / "c" / name).open("a") as file:
        file.write("// changed\n")
    expected = rf"c/{name}: is not as earshot codegen wrote it; make it with: earshot codegen .*run$"
    with pytest.raises(UserError, match=expected):
        build(board, run)


def test_a_source_of_another_run(run: Path, board: Board, tmp_path: Path) -> None:
    """engine.c of one model among the files of another."""
    tflite = (run / runfolder.TFLITE).read_bytes()
    (tmp_path / "other.tflite").write_bytes(tflite + bytes(16))
    generate_model(tmp_path / "other.tflite", tmp_path / "c")
    shutil.copy(tmp_path / "c" / "engine.c", run / "c")
    with pytest.raises(UserError, match=r"c/engine\.c: is not as earshot codegen wrote it"):
        build(board, run)


def test_sources_of_a_model_alone(run: Path, board: Board) -> None:
    shutil.rmtree(run / "c")
    generate_model(run / runfolder.TFLITE, run / "c")
    with pytest.raises(UserError, match=r"c: was generated with another front end or other labels than"):
        build(board, run)


def test_sources_with_other_labels(run: Path, board: Board) -> None:
    spec = runfolder.read_spec(run)
    changed = dataclasses.replace(spec, labels=labels_for(("yes", "other")))
    runfolder.write_spec(run, changed, [runfolder.TFLITE])
    with pytest.raises(UserError, match=r"other labels than .*spec\.json has; make it with: earshot codegen"):
        build(board, run)


def test_a_manifest_of_another_version(run: Path, board: Board) -> None:
    path = run / "c" / "manifest.json"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(UserError, match=r"manifest\.json: format_version is 2, expected 1; make it with: "):
        build(board, run)


def test_a_model_that_is_not_the_specs(run: Path, board: Board) -> None:
    tflite = run / runfolder.TFLITE
    tflite.write_bytes(tflite.read_bytes() + bytes(16))
    with pytest.raises(UserError, match=r"model\.tflite: does not belong to"):
        build(board, run)


def test_no_run_folder(tmp_path: Path, board: Board) -> None:
    with pytest.raises(UserError, match="not a finished run folder"):
        build(board, tmp_path)


def test_engines_and_what_they_need(run: Path, board: Board) -> None:
    with pytest.raises(UserError, match=r"needs a TFLite-Micro checkout.*add --tflm-root FOLDER"):
        build(board, run, EngineChoice("tflm"))
    with pytest.raises(UserError, match=r"of no use to --engine compiled; add --engine tflm"):
        build(board, run, EngineChoice(tflm_root=run))


def tools(folder: Path, *names: str) -> str:
    """A PATH on which only these tools are."""
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not on the PATH")
        (folder / name).symlink_to(found)
    return str(folder)


def test_no_cmake(run: Path, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin"))
    with pytest.raises(UserError, match="cmake: not found; install it, on Debian or Ubuntu: sudo apt-get"):
        build(board, run)


def test_nothing_to_build_with(
    run: Path, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin", "cmake"))
    with pytest.raises(UserError, match=r"neither ninja nor make is there; install one.*ninja-build"):
        build(board, run)


def test_no_compiler(run: Path, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin", "cmake", "make"))
    with pytest.raises(UserError, match=r"^arm-none-eabi-gcc is not on the PATH; install it.*libnewlib"):
        build(board, run)


def test_no_compiler_for_the_host(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", tools(tmp_path / "bin", "cmake", "make"))
    with pytest.raises(UserError, match=r"^cc: not found; install it, .* apt-get install gcc$"):
        build(load_board("host"), run)


def test_no_emulator(board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin"))
    load_board("host").require_emulator()
    with pytest.raises(UserError, match=r"^qemu-system-arm: not found; install it, .* apt-get install qemu"):
        board.require_emulator()


def test_no_c_library(run: Path, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GCC gives back the name as it is where it does not find a file."""
    path = tools(tmp_path / "bin", "cmake", "make")
    compiler = tmp_path / "bin" / "arm-none-eabi-gcc"
    compiler.write_text('#!/bin/sh\necho "${1#-print-file-name=}"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path}:/bin")
    with pytest.raises(UserError, match=r"its C library newlib is not; .* install libnewlib-arm-none-eabi$"):
        build(board, run)


def hil(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hil", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120)


def test_the_command_lists_the_boards() -> None:
    done = hil("boards")
    assert done.returncode == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert "131,072" in lines["netduinoplus2"]
    assert "qemu" in lines["mps2-an386"]
    assert set(lines) >= {"host", "mps3-an547"}


def test_the_command_names_the_missing_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin"))
    lines = {line.split()[0]: line for line in hil("boards").stdout.splitlines() if line}
    assert lines["host"].endswith("missing: cmake, cc, ninja or make")
    expected = "missing: cmake, arm-none-eabi-gcc, qemu-system-arm, ninja or make"
    assert lines["netduinoplus2"].endswith(expected)


@pytest.mark.skipif(shutil.which("cmake") is None, reason="there is no cmake")
def test_the_command_builds_for_the_host(run: Path) -> None:
    done = hil("build", "--board", "host", run)
    assert done.returncode == 0, done.stderr
    program = run / "firmware" / "host" / "earshot"
    assert done.stdout.splitlines()[0] == f"firmware  {program}"
    ended = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
    assert ended.stdout.decode() == "earshot host ready\nlistening for yes, größe\n"
    (run / "firmware" / "host" / "left over").touch()
    assert hil("build", "--board", "host", "--clean", run).returncode == 0
    assert not (run / "firmware" / "host" / "left over").exists()


@pytest.mark.skipif(shutil.which("cmake") is None, reason="there is no cmake")
def test_a_copied_run_folder_builds_too(run: Path, tmp_path: Path) -> None:
    build(load_board("host"), run)
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    made = build(load_board("host"), copy)
    assert made.path == copy / "firmware" / "host" / "earshot"
    assert made.usage is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "--board", "mps2", "out/nothing"], "error: board 'mps2' is not known; known: host"),
        (["build", "--board", "host", "out/nothing"], "error: out/nothing: no spec.json there"),
        (["run", "--board", "host", "out/nothing"], "error: out/nothing: no spec.json there"),
        (
            ["build", "out/nothing"],
            "error: python -m hil build: --board is missing; python -m hil build --help says more\n",
        ),
        (
            ["build", "--board", "host", "--engine", "x", "r"],
            "--engine x is not known; known: compiled, tflm",
        ),
        ([], "usage: python -m hil COMMAND"),
        (["buidl"], "error: python -m hil buidl: there is no such command; did you mean build?"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(arguments: list[str], message: str) -> None:
    done = hil(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_recording_at_another_rate_is_converted(run: Path, tmp_path: Path) -> None:
    from train.audio import wav

    samples = np.repeat(wav.read_wav(run / "clips" / "yes_1.wav", 16000), 3)
    path = tmp_path / "slow.wav"
    path.write_bytes(wav.encode_wav(samples, 48000))
    done = hil("run", "--board", "host", "--wav", path, run)
    assert done.returncode == 0, done.stderr
    assert f"playing {path} at 0 ms" in done.stderr + done.stdout


def test_a_file_without_sound_is_refused(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "notes.wav"
    path.write_text("not a recording")
    done = hil("run", "--board", "host", "--wav", path, run)
    assert (done.returncode, done.stdout) == (2, "")
    assert str(path) in done.stderr


def test_a_run_without_a_word_needs_a_recording(run: Path) -> None:
    runfolder.write_json(run / "clips" / "clips.json", [{"file": "_silence__1.wav", "label": "_silence_"}])
    done = hil("run", "--board", "host", run)
    assert done.returncode == 2
    assert "holds no clip of a word; name a recording with --wav FILE" in done.stderr


@pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None or shutil.which("cmake") is None,
    reason="arm-none-eabi-gcc or cmake is not on the PATH",
)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"stack_bytes": 256},
            r"needs \d+ bytes of stack, but board\.json sets aside 256 \(stack_bytes\); raise",
        ),
        (
            {"ram_bytes": 16384},
            r"^mps2-an385: the firmware needs [\d,]+ bytes of RAM, .* 16,384 \(ram_bytes\)",
        ),
        ({"flash_bytes": 8192}, r"^mps2-an385: the firmware needs [\d,]+ bytes of FLASH, .* 8,192 \(flash"),
    ],
    ids=["stack", "RAM", "flash"],
)
def test_a_board_that_is_too_small(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, int], message: str
) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "firmware", tree / "firmware")
    path = tree / "firmware" / "boards" / "mps2-an385" / "board.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    monkeypatch.setattr("hil.boards.build.FIRMWARE_SOURCES", tree / "firmware")
    with pytest.raises(UserError, match=message):
        build(load_board("mps2-an385", tree / "firmware" / "boards"), run)
