"""The PDM microphone of the STM32F4 against a made-up I2S and DMA: in time, late, on a bus that stalls."""

from pathlib import Path

import numpy as np
import pytest
from made_up_device import (
    Device,
    check_blocks,
    check_tone,
    compiled,
    hear_words,
    needs_compiler,
    pdm_words_of_a_tone,
    words_handed_on,
)
from numpy.typing import NDArray

HALF, WRAP, RING = 512, 65536, 8192

pytestmark = needs_compiler


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stm32f4")
    flag = f"-DKWS_MICROPHONE_SAMPLES={RING}u"
    return compiled(folder, "stm32f4.cc", "stm32f4", flag, readers=("pdm.c", "pdm_words.c", "blocks.c"))


@pytest.fixture
def device(library: Path, tmp_path: Path) -> Device:
    return Device(library, tmp_path)


def words(device: Device) -> NDArray[np.int64]:
    return words_handed_on(device, RING)


def test_a_tone_of_pdm_is_heard(device: Device) -> None:
    """The sine of 500 Hz, 20 dB louder."""
    heard = hear_words(device, pdm_words_of_a_tone(500, 0.05, 4096), HALF // 2)
    check_tone(heard[2000:], 500, 0.5)
    assert device.lost == 0


@pytest.mark.parametrize("late", [1, 2, 3, 4, 5, 8])
def test_late_interrupts_lose_whole_halves_and_say_so(device: Device, late: int) -> None:
    heard, received = [], 77
    device.c.device_hear(received)
    for turn in range(60):
        count = HALF * (late if turn % 7 == 3 else 1)
        device.c.device_hear(count)
        received += count
        device.c.device_interrupt()
        heard.append(words(device))
    handed = np.concatenate(heard)
    missing = check_blocks(handed, HALF, handed, WRAP)
    assert (missing > 0) == (late > 1)
    assert (device.c.device_words_lost() > 0) == (late > 1)
    assert device.c.device_words_lost() <= received - len(handed)


@pytest.mark.parametrize("accesses", range(1, 10))
@pytest.mark.parametrize("halves", [1, 2, 3])
def test_what_is_written_over_while_it_is_copied_is_not_handed_on(
    device: Device, accesses: int, halves: int
) -> None:
    heard = []
    for turn in range(40):
        device.c.device_hear(HALF)
        if turn % 5 == 2:
            device.c.device_hear_later(accesses, HALF * halves)
        device.c.device_interrupt()
        heard.append(words(device))
    handed = np.concatenate(heard)
    missing = check_blocks(handed, HALF, handed, WRAP)
    assert (device.c.device_words_lost() > 0) == (missing > 0)


def test_a_bus_that_stalls_is_counted_and_got_over(device: Device) -> None:
    """Without the interrupt on errors, nothing would ever come again."""
    device.c.device_hear(HALF)
    device.c.device_interrupt()
    before = words(device)
    device.c.device_stall(1)
    device.c.device_hear(5)
    device.c.device_stall(0)
    device.c.device_interrupt()
    assert device.lost == 1
    device.c.device_hear(HALF)
    device.c.device_interrupt()
    np.testing.assert_array_equal(
        np.concatenate([before, words(device)]), [*range(HALF), *range(HALF + 5, 2 * HALF + 5)]
    )


def test_a_main_loop_that_comes_late_keeps_the_oldest(device: Device) -> None:
    for _ in range(RING // HALF + 3):
        device.c.device_hear(HALF)
        device.c.device_interrupt()
    np.testing.assert_array_equal(words(device), np.arange(RING))
    assert device.lost == 3 * HALF // 4


def test_registers_are_those_of_the_reference_manual(device: Device) -> None:
    """RM0090, 28.5.8, 28.5.9 (I2S), 10.5.5 (DMA), 6.3.23 (PLLI2S)."""
    peek = device.c.device_peek
    assert peek(0x40023884) == 128 << 6 | 5 << 28
    assert peek(0x40003820) == 25
    assert peek(0x4000381C) == 0xF28
    assert peek(0x40026060) == 0x4000380C
    control = peek(0x40026058)
    assert (control >> 25 & 7, control >> 6 & 3, control >> 11 & 3, control >> 13 & 3) == (0, 0, 1, 1)
    assert (control >> 8 & 1, control >> 10 & 1, control >> 3 & 3, control & 1) == (1, 1, 3, 1)
