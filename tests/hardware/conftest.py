"""What these tests are about: the board and run folder named by flags, else all boards and a run of ours."""

import shutil
from pathlib import Path

import pytest
from emulator.conftest import run_folder  # noqa: F401, what board_run asks for
from sweeping import sweep

from hil.boards.board import board_ids
from hil.pytest_plugin import DEFAULT_BOARD


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each board that needs no port; with --port or --board, for that one."""
    if "board_id" in metafunc.fixturenames:
        named, port = (metafunc.config.getoption(flag) for flag in ("--board", "--port"))
        is_real = port or metafunc.definition.get_closest_marker("hardware")
        alike = sweep(board_ids(), "host", "mps2-an386", "mps3-an547")
        boards = alike if named is None and not is_real else [named or DEFAULT_BOARD]
        metafunc.parametrize("board_id", boards, scope="session")


@pytest.fixture(scope="session")
def board_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = request.config.getoption("--run-folder")
    if named:
        return Path(named)
    run = request.getfixturevalue("run_folder")
    return Path(shutil.copytree(run, tmp_path_factory.mktemp("hardware") / "run"))
