"""Emulators that are not there, and the microphone of one that is."""

from pathlib import Path

import numpy as np
import pytest

from hil.boards.board import load_board
from hil.boards.build import used_bytes
from hil.boards.microphones import pdm
from hil.boards.microphones.emulated import EmulatedRun, about, play
from train.core.errors import UserError

HEADERS = """
Sections:
Idx Name          Size      VMA       LMA       File off  Algn
  0 .boot2        00000100  10000000  10000000  00001000  2**2
                  CONTENTS, ALLOC, LOAD, READONLY, CODE
  1 .text         00001000  20001000  10000100  00002000  2**2
                  CONTENTS, ALLOC, LOAD, READONLY, CODE
  2 .stack        00000200  20000000  20000000  0000a000  2**0
                  ALLOC
  3 .data         00000010  20002000  10001100  00009840  2**0
                  CONTENTS, ALLOC, LOAD, DATA
  4 .bss          00000400  20002010  10001110  0000a000  2**3
                  ALLOC
  5 .debug_info   0000863a  00000000  00000000  00009840  2**0
                  CONTENTS, READONLY, DEBUGGING, OCTETS
"""


def test_code_that_is_copied_counts_in_flash_and_in_ram() -> None:
    assert used_bytes(HEADERS) == (0x100 + 0x1000 + 0x10, 0x1000 + 0x200 + 0x10 + 0x400)


@pytest.mark.parametrize(
    ("board_id", "message"),
    [
        ("mps2-an386", r"^qemu-system-arm: not found; install it, .* apt-get install qemu-system-arm$"),
        ("rv32", r"^qemu-system-riscv32: not found; install it, .* apt-get install qemu-system-misc$"),
        ("pico", r"^node: not found; install it, .* apt-get install nodejs npm$"),
    ],
)
def test_an_emulator_that_is_missing(board_id: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match=message):
        load_board(board_id).require_emulator()


def test_node_without_the_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UserError, match=r"rp2040js is not there; install it: npm install --prefix .*/node"):
        load_board("pico").require_emulator()


def test_a_microphone_of_twelve_bits() -> None:
    board = load_board("pico")
    assert board.has_emulated_microphone
    assert not load_board("rv32").has_emulated_microphone
    samples = np.array([-32768, -17, -16, -1, 0, 15, 16, 32767], np.int16)
    played = play(board, samples)
    np.testing.assert_array_equal(played.heard, [-32768, -32, -16, -16, 0, 0, 16, 32752])
    assert played.data == played.heard.astype("<i2").tobytes()


def test_a_pdm_microphone_gives_the_sound_back() -> None:
    """64 bits a sample; the firmware's own filters take them back, 24 samples late, without its DC."""
    time_s = np.arange(8000) / 16_000
    sound = (9000 * np.sin(2 * np.pi * 700 * time_s) + 2000).astype(np.int16)
    played = play(load_board("pico-pdm"), sound)
    assert len(played.data) == 8 * len(sound)
    assert len(played.heard) == len(sound)
    rest = played.heard[4000:].astype(float)
    phase = 2 * np.pi * 700 * time_s[4000:]
    basis = np.stack([np.sin(phase), np.cos(phase)], axis=1)
    fit = np.linalg.lstsq(basis, rest, rcond=None)[0]
    assert np.hypot(*fit) == pytest.approx(9000, rel=0.02)
    assert (rest - basis @ fit).std() < 60
    assert abs(rest.mean()) < 50


def test_a_sound_too_loud_for_a_modulator_is_got_over() -> None:
    loud = np.where(np.arange(4000) // 8 % 2, 32767, -32768).astype(np.int16)
    heard = play(load_board("pico-pdm"), np.concatenate([loud, np.zeros(8000, np.int16)])).heard
    assert (heard.min(), heard.max()) == (-32768, 32767)
    assert np.abs(heard[-2000:]).max() < 100


def test_pdm_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    pdm._library.cache_clear()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match=r"cc: no C compiler found, .* PDM microphone .* install gcc"):
        play(load_board("pico-pdm"), np.zeros(16, np.int16))


def test_what_a_run_cost_says_who_counted() -> None:
    run = EmulatedRun(10.0, 500_000_000, 400_000_000, 160_000, 0, 125e6)
    assert about(run) == (
        "emulated 10.0 s: 50.0 million cycles a second (counted by the emulator), 40.0 % of the core; "
        "0 overruns of the microphone"
    )
