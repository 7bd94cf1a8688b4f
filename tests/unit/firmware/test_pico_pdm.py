"""The Pico's PDM microphone: a made-up PIO runs the driver's program; in time, late, on a bus that stalls."""

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

FIFO = 8  # words that the state machine keeps

pytestmark = needs_compiler


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled_driver(tmp_path_factory.mktemp("pio"), "pico_pdm.cc", "rp2")


@pytest.fixture
def device(library: Path, tmp_path: Path) -> Device:
    return Device(library, tmp_path)


def test_a_tone_of_pdm_is_heard(device: Device) -> None:
    check_a_tone(device)


def test_every_bit_in_time_and_in_order(device: Device) -> None:
    heard = []
    for _ in range(40):
        device.c.device_hear(BLOCK // 2)
        device.c.device_interrupt()
        heard.append(words_of(device))
    np.testing.assert_array_equal(np.concatenate(heard), np.arange(20 * BLOCK))
    assert device.lost == 0


def test_the_clock_is_exact(device: Device) -> None:
    """RP2040 Datasheet, 3.5.5: the divider is 16.8 bits, and each bit takes two instructions."""
    divider = device.c.device_divider() / 65536
    assert 125e6 / divider / 2 == 1_024_000


def test_registers_are_those_of_the_datasheet(device: Device) -> None:
    """RP2040 Datasheet, 2.5.7 (DMA), 3.7 (PIO), 2.19.6 (pins)."""
    for channel in (0, 1):
        control = device.c.device_control(channel)
        assert control >> 11 & 15 == 1 - channel
        assert (control >> 6 & 15, control >> 10 & 1) == (10, 1), "a ring of 1024 bytes to write to"
        assert (control >> 2 & 3, control >> 5 & 1, control >> 4 & 1) == (1, 1, 0)
        assert control >> 15 & 63 == 4, "paced by what the first machine of PIO0 received"
        assert device.c.device_peek(0x50000000 + 64 * channel) == 0x50200020
    assert device.c.device_peek(0x502000D0) >> 31 & 1 == 1, "both FIFOs receive"
    assert [device.c.device_peek(0x40014004 + 8 * pin) for pin in (2, 3)] == [6, 6]
    assert [device.c.device_peek(0x4001C004 + 4 * pin) >> 6 & 3 for pin in (2, 3)] == [1, 1]


@pytest.mark.parametrize("late", [1, 2, 3, 4, 5, 8])
def test_late_interrupts_lose_whole_blocks_and_say_so(device: Device, late: int) -> None:
    check_late_interrupts(device, late)


@pytest.mark.parametrize("accesses", range(1, 9))
@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_what_is_written_over_while_it_is_copied_is_not_handed_on(
    device: Device, accesses: int, blocks: int
) -> None:
    check_written_over(device, accesses, blocks)


@pytest.mark.parametrize("stalled", [1, FIFO - 1, FIFO, FIFO + 1, 3 * FIFO])
def test_a_bus_that_stalls_is_counted_and_got_over(device: Device, stalled: int) -> None:
    """Until the FIFO is full nothing is lost. Then the microphone's clock stops: no bit is, but time."""
    device.c.device_hear(100)
    device.c.device_stall(stalled)
    for _ in range(4):
        device.c.device_hear(BLOCK // 2)
        device.c.device_interrupt()
    np.testing.assert_array_equal(words_of(device), np.arange(2 * BLOCK))
    assert device.c.device_words_lost() == (1 if stalled > FIFO else 0)


def test_a_main_loop_that_comes_late_keeps_the_oldest(device: Device) -> None:
    check_late_main_loop(device)
