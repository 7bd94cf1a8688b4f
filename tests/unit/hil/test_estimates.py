"""Estimates: instructions of an emulator, times what is published of a core, over the clock of a board."""

import dataclasses
import re

import pytest
from board_figures import BENCH
from places import ROOT

from hil.boards.board import board_ids, load_board
from hil.estimates import cores, estimates, keeps_up, shares
from train.core.results.boards import BenchResult

BENCH_RESULT = BenchResult.of({**BENCH, "model_sha256": "ab", "board": "mps2-an386"}, "")


def test_milliseconds_and_shares_follow_from_instructions() -> None:
    found = {item.board: item for item in estimates({"mps2-an386": BENCH_RESULT})}
    assert {"nano33ble", "microbit-v2", "stm32f4discovery"} <= set(found)
    assert "pico" not in found, "another core"
    nano = found["nano33ble"]
    assert nano.core_hz == 64_000_000
    assert nano.window_ms == pytest.approx((234_567 / 64e3, 2 * 234_567 / 64e3))
    assert nano.share_of_core == pytest.approx((4_660_438 / 64e6, 2 * 4_660_438 / 64e6), rel=1e-6)
    assert nano.keeps_up == "yes"
    assert "Arm 100166" in nano.source


def test_without_instructions_nothing_is_estimated() -> None:
    uncounted = dataclasses.replace(BENCH_RESULT, instructions_per_window=None)
    assert estimates({"mps2-an386": uncounted, "host": BENCH_RESULT}) == ()
    assert shares(load_board("host")) == {}
    assert shares(load_board("mps2-an386")) == {}, "an FPGA"


@pytest.mark.parametrize(
    ("share", "answer"), [((0.5, 1), "yes"), ((0.5, 1.01), "perhaps"), ((1.01, 2), "no")]
)
def test_keeps_up(share: tuple[float, float], answer: str) -> None:
    assert keeps_up(*share) == answer


def test_boards_with_a_microphone_of_their_own_have_a_clock_and_a_test_of_the_driver() -> None:
    boards = [board for board in map(load_board, board_ids()) if board.microphone]
    assert len(boards) >= 4
    for board in boards:
        assert {"original", "best"} == set(shares(board)), board.id
        assert board.has_emulated_microphone or (ROOT / board.microphone_test).is_file(), board.id


def test_every_core_names_a_source_and_a_board_that_counts() -> None:
    for cpu, core in cores().items():
        least, most = core.cycles_per_instruction
        assert 1 <= least <= most, cpu
        assert re.search(r"\d", core.source), cpu
        assert load_board(core.counted_on).emulator is not None, cpu
        assert all(count > 0 for count in core.instructions_per_audio_s.values()), cpu
