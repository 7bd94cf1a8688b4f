"""The Pico's ADC over its line in rp2040js: takes as they were fed, and words as they are heard."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from emulator.conftest import require_tools
from numpy.typing import NDArray
from places import ROOT
from program_port import program_port
from sweeping import sweep

from hil.boards.board import Board, load_board
from hil.boards.build import PROOF
from hil.boards.microphones.emulated import play
from hil.recording.board_microphone import BoardMicrophone
from train.audio import wav

PICO, BAUD, RATE_HZ = "pico", 115_200, 16_000
RECORDED = 32_000
HEARD_WITHIN_S = 60

pytestmark = [pytest.mark.emulator, pytest.mark.slow]


@pytest.fixture(scope="module")
def board() -> Board:
    board = load_board(PICO)
    require_tools(board)
    return board


@pytest.fixture
def port(
    firmware: Callable[..., Path], run_folder: Path, board: Board, sound: NDArray[np.int16], tmp_path: Path
) -> Iterator[str]:
    """Of a Pico that hears a sound, and silence behind it, by the clock on the wall."""
    (tmp_path / "sound.s16").write_bytes(sound.astype("<i2").tobytes())
    *command, figures = board.command(firmware(PICO, PROOF, run_folder / "c"), audio=tmp_path / "sound.s16")
    assert figures.endswith(".json"), "without them, time is that of the wall"
    with program_port(command) as port:
        yield port


class TestRecording:
    @pytest.fixture
    def sound(self, board: Board) -> NDArray[np.int16]:
        rng = np.random.default_rng(1)
        return play(board, rng.integers(-20_000, 20_000, 12 * RATE_HZ).astype(np.int16)).heard

    @pytest.mark.parametrize("board_id", sweep([PICO]))
    def test_a_take_is_what_was_fed(self, port: str, sound: NDArray[np.int16], board_id: str) -> None:
        microphone = BoardMicrophone.open(port, BAUD)
        assert microphone.name == f"{board_id} at {port}"
        assert microphone._faster.baud > 2 * BAUD
        taken = np.zeros(0, np.int16)
        with closing(microphone.pieces()) as pieces:
            while len(taken) < RECORDED:
                taken = np.append(taken, next(pieces))
        assert (microphone.lost_samples, microphone.overruns) == (0, 0)
        starts = [
            start
            for start in np.flatnonzero(sound[: len(sound) - len(taken)] == taken[0])
            if np.array_equal(sound[start : start + len(taken)], taken)
        ]
        assert len(starts) == 1


class TestListening:
    @pytest.fixture
    def sound(self, board: Board, run_folder: Path) -> NDArray[np.int16]:
        """Words again and again, since nobody knows when the listener begins."""
        word = wav.read_wav(run_folder / "clips" / "yes_0.wav", RATE_HZ)
        return play(board, np.tile(np.append(np.zeros(RATE_HZ, np.int16), word), 30)).heard

    @pytest.mark.parametrize("board_id", sweep([PICO]))
    def test_a_word_is_told_with_its_scores(self, port: str, board_id: str) -> None:
        command = [sys.executable, "-m", "hil", "listen", "--port", port, "--json", "--scores"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as listening:
            assert listening.stdout
            deadline_s, scores = time.monotonic() + HEARD_WITHIN_S, []
            try:
                while True:
                    found = json.loads(listening.stdout.readline())
                    if found["type"] == "detection":
                        break
                    scores.append(found)
                    assert time.monotonic() < deadline_s
            finally:
                listening.terminate()
        assert found["word"] == "yes"
        assert found["score"] > 100
        assert scores[-1]["time_ms"] == found["time_ms"]
        assert scores[-1]["scores"].keys() == {"_silence_", "_unknown_", "yes", "größe"}
        times = [one["time_ms"] for one in scores]
        assert times == list(range(times[0], times[-1] + 1, times[1] - times[0])), "none is missing"
