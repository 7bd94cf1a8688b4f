"""Firmware built for a board, once per session, and started; skipped where a tool is missing."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hil.boards import BOARDS, QEMU, Board, load_board
from hil.link import ProcessLink

ROOT = BOARDS.parents[1]
BUILD_TIMEOUT_S = 120


def require(tool: str) -> str:
    """Where the tool is; the test is skipped where it is not."""
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not on the PATH")
    return path


def require_tools(board: Board) -> None:
    if board.target is not None:
        require("arm-none-eabi-gcc")
    if board.run_kind == QEMU:
        require("qemu-system-arm")


@pytest.fixture(scope="session")
def cmake() -> Callable[..., subprocess.CompletedProcess[str]]:
    """``cmake(argument, …, env=None)``: run, whatever comes of it."""
    program = require("cmake")

    def run(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        command = [program, *(str(argument) for argument in arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, env=env)

    return run


@pytest.fixture(scope="session")
def firmware(
    cmake: Callable[..., subprocess.CompletedProcess[str]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Path]:
    """``firmware(board_id, program)``: the program built for the board."""
    folders: dict[str, Path] = {}

    def build(board_id: str, program: str) -> Path:
        if board_id not in folders:
            require_tools(load_board(board_id))
            folder = tmp_path_factory.mktemp(board_id)
            for arguments in (("-S", ROOT, "-B", folder, f"-DBOARD={board_id}"), ("--build", folder)):
                result = cmake(*arguments)
                assert result.returncode == 0, result.stdout + result.stderr
            folders[board_id] = folder
        return folders[board_id] / program

    return build


@pytest.fixture
def start(firmware: Callable[[str, str], Path]) -> Iterator[Callable[[str, str], ProcessLink]]:
    """``start(board_id, program)``: a link to the running program, which ends with the test."""
    links: list[ProcessLink] = []

    def open_link(board_id: str, program: str) -> ProcessLink:
        links.append(ProcessLink(load_board(board_id).command(firmware(board_id, program))))
        return links[-1]

    yield open_link
    for link in links:
        link.close()
