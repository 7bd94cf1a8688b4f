"""The microphones of nRF52840 and nRF52833 against a made-up chip: in time, late, and while it copies."""

from pathlib import Path

import numpy as np
import pytest
from made_up_device import RING, Device, check_blocks, compiled, needs_compiler
from numpy.typing import NDArray

BLOCK, WRAP = 128, 16384
LIBRARIES = {"PDM": "-DDEVICE_PDM", "SAADC": "-DDEVICE_SAADC"}

pytestmark = needs_compiler


@pytest.fixture(scope="module", params=LIBRARIES)
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, compiled(folder, "nrf52.cc", "nordic", LIBRARIES[request.param])


@pytest.fixture
def device(library: tuple[str, Path], tmp_path: Path) -> Device:
    return Device(library[1], tmp_path)


def level(samples: NDArray[np.int64], gain: int) -> list[int]:
    """firmware/boards/microphones/level.h."""
    dc, out = 0, []
    for sample in samples.tolist():
        rest = gain * 256 * sample - (dc >> 24)
        dc += rest << 15
        out.append(max(-32768, min(32767, (rest + 128) >> 8)))
    return out


def test_every_sample_in_time_and_as_loud_as_said(library: tuple[str, Path], device: Device) -> None:
    heard = []
    for _ in range(100):
        device.c.device_hear(BLOCK // 2)
        device.c.device_interrupt(0)
        heard.append(device.read())
    gain = {"PDM": 1, "SAADC": 8}[library[0]]
    assert np.concatenate(heard).tolist() == level(np.arange(50 * BLOCK), gain)
    assert device.lost == 0


@pytest.mark.parametrize("late_blocks", [1, 2, 3, 4, 5, 8, 100])
def test_late_interrupts_lose_whole_blocks_and_count_each(device: Device, late_blocks: int) -> None:
    heard, sampled = [], 37  # an interrupt is a third of a block late, always
    device.c.device_hear(sampled)
    for turn in range(60):
        count = BLOCK * (late_blocks if turn % 7 == 3 else 1)
        device.c.device_hear(count)
        sampled += count
        device.c.device_interrupt(1)
        heard.append(device.read())
    samples = np.concatenate(heard)
    missing = check_blocks(samples, BLOCK, samples, WRAP) if late_blocks < 100 else None
    assert missing is None or (missing > 0) == (late_blocks > 1)
    assert device.lost == sampled // BLOCK * BLOCK - len(samples), "exactly, as a counter tells"


@pytest.mark.parametrize("accesses", range(1, 12))
@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_blocks_that_start_in_the_midst_of_the_interrupt(device: Device, accesses: int, blocks: int) -> None:
    """A stalled core: whole blocks come between two accesses to registers."""
    heard, sampled = [], 0
    for turn in range(40):
        sampled += BLOCK
        device.c.device_hear(BLOCK)
        if turn % 5 == 2:
            device.c.device_hear_later(accesses, BLOCK * blocks)
            sampled += BLOCK * blocks
        device.c.device_interrupt(1)
        heard.append(device.read())
    device.c.device_hear_later(0, 0)
    samples = np.concatenate(heard)
    missing = check_blocks(samples, BLOCK, samples, WRAP)
    assert (device.lost > 0) == (missing > 0)
    assert device.lost <= sampled - len(samples)


def test_a_main_loop_that_comes_late_keeps_the_oldest(device: Device) -> None:
    for _ in range(RING // BLOCK + 3):
        device.c.device_hear(BLOCK)
        device.c.device_interrupt(1)
    np.testing.assert_array_equal(device.read(), np.arange(RING))
    assert device.lost == 3 * BLOCK


def test_registers_are_those_of_the_product_specification(library: tuple[str, Path], device: Device) -> None:
    """nRF52840 Product Specification 1.7, 6.15.7 and 6.23.10."""
    peek = device.c.device_peek
    if library[0] == "PDM":
        wanted = {
            0x504: 0x0A000000,
            0x520: 1,
            0x508: 1,
            0x518: 0x50,
            0x540: 26,
            0x544: 25,
            0x500: 1,
            0x564: 128,
        }
        base = 0x4001D000
    else:
        wanted = {0x510: 4, 0x518: 0x20700, 0x5F0: 3, 0x5F8: 0x13E8, 0x500: 1, 0x630: 128, 0x004: 1}
        base = 0x40007000
    assert {offset: peek(base + offset) for offset in wanted} == wanted
