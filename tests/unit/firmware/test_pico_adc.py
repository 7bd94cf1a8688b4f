"""The Pico's microphone driver against a made-up ADC and DMA: in time, late, interrupted while it copies."""

from pathlib import Path

import numpy as np
import pytest
from made_up_device import RING, Device, check_blocks, compiled, heard_while_written_over, needs_compiler
from numpy.typing import NDArray

BLOCK = 128

pytestmark = needs_compiler


@pytest.fixture(scope="module", params=["RP2040", "RP2350"])
def chip(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def library(chip: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adc")
    flags = ["-DKWS_RP2350=1"] if chip == "RP2350" else []
    return compiled(folder, "pico_adc.cc", "rp2", *flags, readers=("samples.c", "blocks.c"))


@pytest.fixture
def device(library: Path, tmp_path: Path) -> Device:
    return Device(library, tmp_path)


def codes(first: int, count: int) -> NDArray[np.int16]:
    """What conversions number ``first`` and following give."""
    return ((np.arange(first, first + count) % 4096) * 16 - 32768).astype(np.int16)


def test_every_sample_in_time(device: Device) -> None:
    heard = []
    for _ in range(300):
        device.c.device_hear(BLOCK // 2)
        device.c.device_interrupt()
        heard.append(device.read())
    np.testing.assert_array_equal(np.concatenate(heard), codes(0, 150 * BLOCK))
    assert device.lost == 0


def test_channels_start_each_other_and_stay_in_their_blocks(chip: str, device: Device) -> None:
    """RP2040 Datasheet, 2.5.7; RP2350's, 12.6.10: a ring of 256 bytes to write to, paced by the ADC."""
    chain, ring, is_written, counts_up, request = (
        (11, 6, 10, 5, 15) if chip == "RP2040" else (13, 8, 12, 6, 17)
    )
    for channel in (0, 1):
        control = device.c.device_control(channel)
        assert control >> chain & 15 == 1 - channel
        assert (control >> ring & 15, control >> is_written & 1) == (8, 1)
        assert (control >> 2 & 3, control >> counts_up & 1, control >> 4 & 1) == (1, 1, 0)
        assert control >> request & 63 == (36 if chip == "RP2040" else 48)
        fifo = 0x4004C00C if chip == "RP2040" else 0x400A000C
        assert device.c.device_peek(0x50000000 + 64 * channel) == fifo


@pytest.mark.parametrize("late_blocks", [1, 2, 3, 4, 5, 8])
def test_late_interrupts_lose_whole_blocks_and_say_so(device: Device, late_blocks: int) -> None:
    heard = []
    for turn in range(60):
        device.c.device_hear(BLOCK * (late_blocks if turn % 7 == 3 else 1) + 5)
        device.c.device_interrupt()
        heard.append(device.read())
    check(np.concatenate(heard), device, must_lose=late_blocks > 1)


@pytest.mark.parametrize("accesses", range(1, 9))
@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_what_is_written_over_while_it_is_copied_is_not_handed_on(
    device: Device, accesses: int, blocks: int
) -> None:
    check(heard_while_written_over(device, BLOCK, accesses, blocks, device.read), device, must_lose=False)


def check(heard: NDArray[np.int16], device: Device, must_lose: bool) -> None:
    """Blocks are whole and in order; if one is missing, something was counted."""
    missing = check_blocks(heard, BLOCK, (heard.astype(int) + 32768) // 16, 4096)
    assert (device.lost > 0) == (missing > 0)
    assert missing > 0 or not must_lose


def test_a_main_loop_that_comes_late_keeps_the_oldest(device: Device) -> None:
    for _ in range(RING // BLOCK + 3):
        device.c.device_hear(BLOCK)
        device.c.device_interrupt()
    np.testing.assert_array_equal(device.read(), codes(0, RING))
    assert device.lost == 3 * BLOCK


def test_an_overrun_of_the_converter_is_counted(device: Device) -> None:
    device.c.device_overrun()
    device.c.device_hear(BLOCK)
    device.c.device_interrupt()
    assert device.lost == 1
    assert len(device.read()) == BLOCK
