"""The Pico's microphone driver against a made-up ADC and DMA: in time, late, interrupted while it copies."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from places import ROOT

FIRMWARE = ROOT / "firmware"
BLOCK, RING = 128, 2048
FLAGS = ["-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fsanitize=undefined", "-fno-sanitize-recover"]
INCLUDES = [ROOT / "tests" / "c" / "registers", FIRMWARE, FIRMWARE / "hal", FIRMWARE / "boards" / "pico"]

pytestmark = pytest.mark.skipif(shutil.which("c++") is None, reason="there is no C++ compiler (c++)")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adc")
    ring = FIRMWARE / "boards" / "microphones" / "ring.c"
    device = ROOT / "tests" / "c" / "registers" / "pico_adc.cc"
    includes = [f"-I{folder}" for folder in INCLUDES]
    command = ["c++", *FLAGS, "-shared", *includes, "-x", "c++", device, ring, "-o", folder / "adc.so"]
    subprocess.run(command, check=True)
    return folder / "adc.so"


class Device:
    """A copy of the library of its own, started."""

    def __init__(self, path: Path) -> None:
        self.c = ctypes.CDLL(str(path))
        self.c.device_start()

    def read(self) -> NDArray[np.int16]:
        buffer = np.empty(2 * RING, np.int16)
        pointer = buffer.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))
        count = self.c.kws_hal_audio_read(pointer, ctypes.c_size_t(len(buffer)))
        return buffer[:count]

    @property
    def lost(self) -> int:
        return int(self.c.kws_hal_audio_lost())


@pytest.fixture
def device(library: Path, tmp_path: Path) -> Device:
    return Device(Path(shutil.copy(library, tmp_path / "adc.so")))


def codes(first: int, count: int) -> NDArray[np.int16]:
    """What conversions number ``first`` and following give."""
    return ((np.arange(first, first + count) % 4096) * 16 - 32768).astype(np.int16)


def test_every_sample_in_time(device: Device) -> None:
    heard = []
    for _ in range(300):
        device.c.device_convert(BLOCK // 2)
        device.c.device_interrupt()
        heard.append(device.read())
    np.testing.assert_array_equal(np.concatenate(heard), codes(0, 150 * BLOCK))
    assert device.lost == 0


def test_channels_start_each_other_and_stay_in_their_blocks(device: Device) -> None:
    """RP2040 Datasheet, 2.5.7: a ring of 256 bytes to write to, half-words, paced by the ADC (DREQ 36)."""
    for channel in (0, 1):
        control = device.c.device_control(channel)
        assert control >> 11 & 15 == 1 - channel
        assert (control >> 6 & 15, control >> 10 & 1) == (8, 1)
        assert (control >> 2 & 3, control >> 5 & 1, control >> 4 & 1) == (1, 1, 0)
        assert control >> 15 & 63 == 36


@pytest.mark.parametrize("late_blocks", [1, 2, 3, 4, 5, 8])
def test_late_interrupts_lose_whole_blocks_and_say_so(device: Device, late_blocks: int) -> None:
    heard = []
    for turn in range(60):
        device.c.device_convert(BLOCK * (late_blocks if turn % 7 == 3 else 1) + 5)
        device.c.device_interrupt()
        heard.append(device.read())
    check(np.concatenate(heard), device, must_lose=late_blocks > 1)


@pytest.mark.parametrize("accesses", range(1, 9))
@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_what_is_written_over_while_it_is_copied_is_not_handed_on(
    device: Device, accesses: int, blocks: int
) -> None:
    heard = []
    for turn in range(40):
        device.c.device_convert(BLOCK)
        if turn % 5 == 2:
            device.c.device_convert_later(accesses, BLOCK * blocks)
        device.c.device_interrupt()
        heard.append(device.read())
    check(np.concatenate(heard), device, must_lose=False)


def check(heard: NDArray[np.int16], device: Device, must_lose: bool) -> None:
    """Blocks are whole and in order; if one is missing, something was counted."""
    assert len(heard) % BLOCK == 0
    starts = (heard[::BLOCK].astype(int) + 32768) // 16 // BLOCK
    for index, start in enumerate(starts):
        np.testing.assert_array_equal(heard[index * BLOCK : (index + 1) * BLOCK], codes(start * BLOCK, BLOCK))
    steps = np.diff(starts) % 32
    assert np.all(steps >= 1)
    missing = int((steps - 1).sum())
    assert (device.lost > 0) == (missing > 0)
    assert missing > 0 or not must_lose


def test_a_main_loop_that_comes_late_keeps_the_oldest(device: Device) -> None:
    for _ in range(RING // BLOCK + 3):
        device.c.device_convert(BLOCK)
        device.c.device_interrupt()
    np.testing.assert_array_equal(device.read(), codes(0, RING))
    assert device.lost == 3 * BLOCK


def test_an_overrun_of_the_converter_is_counted(device: Device) -> None:
    device.c.device_overrun()
    device.c.device_convert(BLOCK)
    device.c.device_interrupt()
    assert device.lost == 1
    assert len(device.read()) == BLOCK
