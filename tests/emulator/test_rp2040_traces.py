"""Translated code of the emulated RP2040 against the package's interpreter: nothing is skipped but time."""

import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from emulator.conftest import boot_crc, require_tools

from hil.boards import emulator
from hil.boards.board import load_board
from hil.boards.microphones.emulated import EmulatedMicrophone, EmulatedRun, play
from hil.link.patience import Patience
from train.audio import wav

PICO, PDM = "pico", "pico-pdm"
TRACES = Path(emulator.__file__).with_name("rp2040") / "traces.mjs"
MACHINE = TRACES.with_name("rp2040.mjs")
RANDOM_CHECK = Path(__file__).with_name("traces_check.mjs")
PACKAGE = emulator._rp2040js()

pytestmark = [pytest.mark.emulator, pytest.mark.usefixtures("needs_emulator")]


@pytest.fixture(scope="module")
def needs_emulator() -> None:
    require_tools(load_board(PICO))


@pytest.mark.parametrize("seed", [1, 2])
def test_random_code_does_what_the_interpreter_does(seed: int) -> None:
    """Registers, flags, memory and cycles: operations on edges, loops, code that writes over code."""
    command = ["node", str(RANDOM_CHECK), str(TRACES), str(PACKAGE), str(seed), "700"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["difference"] is None, found
    assert found["instructions"] > 100_000
    assert found["loops"] > 500


# A second stage that pends an interrupt while all are masked, sleeps, and says "k" on UART0.
SLEEPER = """
    .syntax unified
    .cpu cortex-m0plus
    .thumb
    cpsid i
    movs r1, #1
    lsls r1, r1, #26
    ldr r0, =0xe000e100 @ set-enable
    str r1, [r0]
    ldr r0, =0xe000e200 @ set-pending
    str r1, [r0]
    wfi
    ldr r0, =0x40034000 @ UART0
    ldr r1, =0x301 @ on, sends and receives
    str r1, [r0, #0x30]
    movs r1, #107
    str r1, [r0]
    b .
    .ltorg
"""


def boot_stage(code: bytes) -> bytes:
    """256 bytes that the boot ROM takes: the last four are the CRC of the others."""
    padded = code.ljust(252, b"\0")
    return padded + struct.pack("<I", boot_crc(padded))


@pytest.mark.parametrize("flags", [[], ["--interpreted"]])
def test_a_masked_interrupt_that_waits_ends_sleep(tmp_path: Path, flags: list[str]) -> None:
    """Armv6-M: WFI ends where an interrupt pends, whether or not PRIMASK keeps it from being taken."""
    prefix = "arm-none-eabi-"
    subprocess.run([f"{prefix}as", "-o", tmp_path / "a.o", "-"], input=SLEEPER, text=True, check=True)
    subprocess.run([f"{prefix}objcopy", "-O", "binary", tmp_path / "a.o", tmp_path / "a.bin"], check=True)
    image = tmp_path / "image.bin"
    image.write_bytes(boot_stage((tmp_path / "a.bin").read_bytes()))
    command = ["node", MACHINE, *flags, PACKAGE, image]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as machine:
        try:
            output, _ = machine.communicate(timeout=20)
        finally:
            machine.kill()
    assert output == b"k"


@pytest.mark.parametrize("board_id", [PICO])
def test_a_stream_is_heard_in_the_same_cycles(
    firmware: Callable[..., Path], run_folder: Path, board_id: str
) -> None:
    """The same lines, cycles, instructions and overruns, and the same end, to the nanosecond."""
    board = load_board(board_id)
    clip = wav.read_wav(run_folder / "clips" / "yes_0.wav", 16000)
    quiet = np.zeros(10_077, np.int16)
    played = play(board, np.concatenate([quiet, clip, quiet]))
    path = firmware(board_id, "earshot", run_folder / "c")
    said: list[list[str]] = []
    results: list[EmulatedRun | None] = []
    for flags in ([], ["--interpreted"]):
        microphone = EmulatedMicrophone(board, path, played, Patience(60))
        microphone._command[2:2] = flags
        said.append(list(microphone.lines()))
        results.append(microphone.result)
    assert said[0] == said[1]
    assert len(said[0]) == 3, "a word is heard"
    assert results[0] == results[1]
