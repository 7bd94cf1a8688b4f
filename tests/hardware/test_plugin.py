"""The plugin as a CI has it: what skips, what fails, and that a gate on accuracy shuts."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from emulator.conftest import RATE_HZ, WORDS_HZ, noise, require, require_tools, tone

from hil.boards.board import load_board
from hil.boards.build import PROOF, build
from train.audio import wav

BOARD = "mps2-an386"
ASKS = """
def test_it(board_session):
    print("hears", board_session.labels[2], "on", board_session.info.board_id)
"""
NEEDS_SILICON = """
import pytest

@pytest.mark.hardware
def test_it():
    pass
"""
GATE = """
def test_accuracy(prove_board):
    result = prove_board(data={data!r}, split="all", limit=6)
    assert (result.clips, result.label) == (6, {label!r})
    assert result.accuracy >= {least}
"""

pytestmark = pytest.mark.emulator

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def pytest_of_a_user(pytester: pytest.Pytester) -> Run:
    """``pytest_of_a_user(test_file, flag, …)``: in a process and a folder of its own, without our options."""

    def run(test_file: str, *flags: object) -> pytest.RunResult:
        pytester.makepyfile(test_file)
        plugin = ("-p", "hil.pytest_plugin", "-rs", "-s", "--strict-markers")
        return pytester.runpytest_subprocess(*plugin, *map(str, flags))

    return run


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sounds that the model of ``board_run`` knows."""
    folder = tmp_path_factory.mktemp("corpus")
    for word, frequency_hz in {**WORDS_HZ, "other": 3000}.items():
        for take in range(3):
            path = folder / word / f"s{take}_nohash_0.wav"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(wav.encode_wav(tone(frequency_hz, 1000, 0.2 + 0.1 * take), RATE_HZ))
    background = folder / "_background_noise_" / "noise.wav"
    background.parent.mkdir()
    background.write_bytes(wav.encode_wav(noise(5000), RATE_HZ))
    return folder


@pytest.fixture
def port(board_run: Path) -> Iterator[str]:
    """A pseudo terminal, at whose other end an emulated board has been running for some time."""
    board = load_board(BOARD)
    require_tools(board)
    require("cmake")
    firmware = build(board, board_run, program=PROOF)
    command = [*board.command(firmware.path)[:-1], "pty"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:
        assert emulator.stdout is not None
        found = re.search(r"/dev/\S+", emulator.stdout.readline())
        assert found is not None
        yield found[0]
        emulator.kill()


def test_without_a_run_folder(pytest_of_a_user: Run) -> None:
    result = pytest_of_a_user(ASKS)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*no run folder to test; name one with --run-folder RUN"])
    result = pytest_of_a_user(ASKS, "--require-hardware")
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_silicon_is_not_there(pytest_of_a_user: Run) -> None:
    result = pytest_of_a_user(NEEDS_SILICON)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*needs a real board; name its port with --port"])
    pytest_of_a_user(NEEDS_SILICON, "--require-hardware").assert_outcomes(errors=1)
    pytest_of_a_user(NEEDS_SILICON, "--port", "/dev/ttyACM7").assert_outcomes(passed=1)


def test_a_port_that_is_not_there(pytest_of_a_user: Run, board_run: Path) -> None:
    require_tools(load_board(BOARD))
    flags = ("--run-folder", board_run, "--board", BOARD, "--port", "/dev/nowhere7")
    result = pytest_of_a_user(ASKS, *flags)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*/dev/nowhere7: there is no such port*"])
    result = pytest_of_a_user(ASKS, *flags, "--require-hardware")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*/dev/nowhere7: there is no such port*(--require-hardware)*"])


def test_a_tool_that_is_not_there(
    pytest_of_a_user: Run, board_run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = pytest_of_a_user(ASKS, "--run-folder", board_run, "--board", BOARD)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([f"SKIPPED*board {BOARD} needs cmake, which is not on the PATH"])


def test_mistakes_are_no_missing_hardware(pytest_of_a_user: Run, board_run: Path) -> None:
    result = pytest_of_a_user(ASKS, "--run-folder", board_run, "--board", "mps2")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*board 'mps2' is not known; known: *"])
    pytest_of_a_user(ASKS, "--run-folder", "nothere").assert_outcomes(errors=1)


def test_a_session_with_this_computer(pytest_of_a_user: Run, board_run: Path) -> None:
    result = pytest_of_a_user(ASKS, "--run-folder", board_run, "--require-hardware")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*hears yes on host"])


def test_a_gate_on_accuracy(pytest_of_a_user: Run, board_run: Path, corpus: Path) -> None:
    settings = {"data": str(corpus), "label": "host"}
    flags = ("--run-folder", board_run)
    pytest_of_a_user(GATE.format(**settings, least=0.5), *flags).assert_outcomes(passed=1)
    pytest_of_a_user(GATE.format(**settings, least=1.01), *flags).assert_outcomes(failed=1)


def test_a_board_on_a_port(pytest_of_a_user: Run, board_run: Path, corpus: Path, port: str) -> None:
    """As silicon would be: the firmware runs already, and only the line is there."""
    flags = ("--run-folder", board_run, "--board", BOARD, "--port", port, "--require-hardware")
    gate = GATE.format(data=str(corpus), label="measured", least=0.5)
    pytest_of_a_user(ASKS + gate, *flags).assert_outcomes(passed=2)
