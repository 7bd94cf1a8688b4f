"""The PDM microphone of the STM32F4 against a made-up I2S and DMA: in time, late, on a bus that stalls."""

from pathlib import Path

import numpy as np
import pytest
from made_up_device import Device, needs_compiler
from pdm_driver import (
    BLOCK,
    check_a_tone,
    check_late_interrupts,
    check_late_main_loop,
    check_written_over,
    compiled_driver,
    words_of,
)

pytestmark = needs_compiler


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled_driver(tmp_path_factory.mktemp("stm32f4"), "stm32f4.cc", "stm32f4")


@pytest.fixture
def device(library: Path, tmp_path: Path) -> Device:
    return Device(library, tmp_path)


def test_a_tone_of_pdm_is_heard(device: Device) -> None:
    check_a_tone(device)


@pytest.mark.parametrize("late", [1, 2, 3, 4, 5, 8])
def test_late_interrupts_lose_whole_blocks_and_say_so(device: Device, late: int) -> None:
    check_late_interrupts(device, late)


@pytest.mark.parametrize("accesses", range(1, 10))
@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_what_is_written_over_while_it_is_copied_is_not_handed_on(
    device: Device, accesses: int, blocks: int
) -> None:
    check_written_over(device, accesses, blocks)


def test_a_bus_that_stalls_is_counted_and_got_over(device: Device) -> None:
    """Without the interrupt on errors, nothing would ever come again."""
    device.c.device_hear(BLOCK)
    device.c.device_interrupt()
    before = words_of(device)
    device.c.device_stall(1)
    device.c.device_hear(5)
    device.c.device_stall(0)
    device.c.device_interrupt()
    assert device.lost == 1
    device.c.device_hear(BLOCK)
    device.c.device_interrupt()
    np.testing.assert_array_equal(
        np.concatenate([before, words_of(device)]), [*range(BLOCK), *range(BLOCK + 5, 2 * BLOCK + 5)]
    )


def test_a_main_loop_that_comes_late_keeps_the_oldest(device: Device) -> None:
    check_late_main_loop(device)


def test_registers_are_those_of_the_reference_manual(device: Device) -> None:
    """RM0090, 28.5.8, 28.5.9 (I2S), 10.5.5 (DMA), 7.3.23 (PLLI2S)."""
    peek = device.c.device_peek
    assert peek(0x40023884) == 128 << 6 | 5 << 28
    assert peek(0x40003820) == 25
    assert peek(0x4000381C) == 0xF28
    assert peek(0x40026060) == 0x4000380C
    control = peek(0x40026058)
    assert (control >> 25 & 7, control >> 6 & 3, control >> 11 & 3, control >> 13 & 3) == (0, 0, 1, 1)
    assert (control >> 8 & 1, control >> 10 & 1, control >> 3 & 3, control & 1) == (1, 1, 3, 1)
