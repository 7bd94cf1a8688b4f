"""A board in pytest, so that a CI can ask it: docs/CI.md.

    pytest -p hil.pytest_plugin --run-folder RUN --board ID [--port PORT] [--require-hardware]

What is not there (no port, no emulator) skips with its reason; with --require-hardware it fails. A board
that is there and does not answer, or runs something else, is an error in any case.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from hil.link.patience import PATIENCE, Patience

if TYPE_CHECKING:  # the rest is imported where it is used: a plugin is loaded for every test there is
    from hil.proof.dut import DUT
    from hil.protocol.session import Session
    from train.core.results.boards import ProofResult

DEFAULT_BOARD = "host"
_HARDWARE = "hardware: needs a real board, named with --port"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The flags of ``earshot test`` that tests have a use for."""
    group = parser.getgroup("earshot", "a board that runs a trained model")
    group.addoption("--board", metavar="ID", help=f"one of: earshot boards (default: {DEFAULT_BOARD})")
    group.addoption(
        "--board-dir", type=Path, metavar="FOLDER", help="boards of your own: FOLDER/ID/board.json"
    )
    group.addoption("--port", help="serial port of a real board, on which earshot flash put the firmware")
    group.addoption("--baud", type=int, help="of the port (default: that of board.json)")
    group.addoption(
        "--patience-s",
        type=float,
        default=PATIENCE.answer_s,
        help="how long an answer of the board is waited for (%(default)g)",
    )
    group.addoption(
        "--run-folder", type=Path, metavar="RUN", help="what to test: out/yes_no, or a name of earshot models"
    )
    group.addoption(
        "--require-hardware", action="store_true", help="fail, not skip, where a board is missing"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _HARDWARE)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests for real boards alone do not run without one."""
    if item.get_closest_marker("hardware") and item.config.getoption("--port") is None:
        _missing(item.config, "needs a real board; name its port with --port")


@pytest.fixture(scope="session")
def board_id(pytestconfig: pytest.Config) -> str:
    """That of ``--board``. Override it to test several."""
    return str(pytestconfig.getoption("--board") or DEFAULT_BOARD)


@pytest.fixture(scope="session")
def board_run(pytestconfig: pytest.Config) -> Path:
    """The run folder of ``--run-folder``. Override it to make one."""
    run = pytestconfig.getoption("--run-folder")
    if run is None:
        _missing(pytestconfig, "no run folder to test; name one with --run-folder RUN")
    from train.core.pretrained.models import run_of

    return run_of(str(run))


@pytest.fixture(scope="session")
def board_dut(pytestconfig: pytest.Config, board_id: str, board_run: Path) -> "DUT":
    """The firmware ``proof``, built, and the way to its line, which was open once."""
    from hil.boards.board import find_board
    from hil.boards.build import EngineChoice
    from hil.link.link import LinkError
    from hil.proof.dut import choose_feed, make_dut

    port = pytestconfig.getoption("--port")
    board = find_board(board_id, pytestconfig.getoption("--board-dir"))
    for tool in board.tools:
        if shutil.which(tool) is None and not (port and board.emulator and tool == board.emulator.program):
            _missing(pytestconfig, f"board {board_id} needs {tool}, which is not on the PATH")
    feed = choose_feed(board, None, port, has_faults=False)
    dut = make_dut(
        board,
        board_run,
        EngineChoice(),
        feed=feed,
        port=port,
        baud=pytestconfig.getoption("--baud"),
        patience=Patience(pytestconfig.getoption("--patience-s")),
    )
    if port is not None:
        try:
            dut.open_link().close()
        except LinkError as error:
            _missing(pytestconfig, str(error))
    return dut


@pytest.fixture
def board_session(board_dut: "DUT", board_run: Path) -> Iterator["Session"]:
    """A conversation with the board, after checking that it runs the model of the run folder.

    It ends with the test: a line is for one at a time, and ``prove_board`` opens it too.

    Raises:
        LinkError, FirmwareError: it does not answer, or runs something else.
    """
    from hil.proof.dut import connect
    from train.core import runfolder

    spec = runfolder.read_spec(board_run, needs=[runfolder.TFLITE])
    with connect(board_dut, spec) as session:
        yield session


@pytest.fixture(scope="session")
def prove_board(board_dut: "DUT", board_run: Path) -> "Callable[..., ProofResult]":
    """``prove_board(data=None, split="testing", limit=None)``: what ``earshot test`` finds.

    Raises:
        ProofError, LinkError: the board computes something else than Python, or clips failed.
    """
    from hil.proof.expected_clips import read_clip_set
    from hil.proof.proof import prove, verdict

    def run(data: str | None = None, split: str = "testing", limit: int | None = None) -> "ProofResult":
        result = prove(board_dut, read_clip_set(board_run, data, split, limit), board_run, resume=False)
        verdict(result, None)
        return result

    return run


def _missing(config: pytest.Config, reason: str) -> NoReturn:
    if config.getoption("--require-hardware"):
        pytest.fail(f"{reason} (--require-hardware)", pytrace=False)
    pytest.skip(reason)
