"""Rates of the UART drivers against made-up registers: what they divide by, and when they change."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up_device import FIRMWARE, REGISTERS, needs_compiler

from hil.protocol.faster_line import RATES

FIRST = 115_200
PICO, STM32, NORDIC = 0x4003_4000, 0x4000_4400, 0x4000_2000
PICO_HZ, STM32_HZ, NORDIC_HZ = 125_000_000, 42_000_000, 16_000_000

pytestmark = needs_compiler

Build = Callable[[str], ctypes.CDLL]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """``build("rp2/uart.c")``: the driver."""

    def make(driver: str) -> ctypes.CDLL:
        boards = FIRMWARE / "boards"
        folders = (REGISTERS, boards / Path(driver).parent, boards / "common")
        library = tmp_path / "driver.so"
        command = [
            *("c++", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"),
            *(f'-DDRIVER="{boards / driver}"', f"-DKWS_UART_BAUD={FIRST}u", f"-DKWS_CORE_HZ={PICO_HZ}u"),
            *(f"-I{folder}" for folder in folders),
            *(REGISTERS / "uart.cc", "-o", library),
        ]
        subprocess.run(list(map(str, command)), check=True)
        return ctypes.CDLL(str(shutil.copy(library, tmp_path / "own.so")))

    return make


def check(
    c: ctypes.CDLL, most_baud: int, rate: Callable[[], float], set_busy: Callable[[bool], None]
) -> None:
    """Each rate is told and set as near as it is told, but not while the last byte goes out."""
    c.kws_uart_nearest_baud.restype = ctypes.c_uint32
    assert rate() == pytest.approx(FIRST, rel=0.005), "as it starts"
    for baud in (*RATES, FIRST, 9600):
        before = rate()
        set_busy(True)
        assert c.kws_uart_set_baud(baud) == 0
        assert rate() == before
        set_busy(False)
        assert c.kws_uart_set_baud(baud) == 1
        wanted = min(baud, most_baud)
        assert rate() == pytest.approx(wanted, rel=0.02)
        assert c.kws_uart_nearest_baud(baud) == pytest.approx(rate(), rel=0.001)


def test_pico(build: Build) -> None:
    """RP2040 Datasheet, 4.2.7.1: clk_peri / (16 * (IBRD + FBRD / 64)); UARTFR bit 3 is BUSY."""
    c = build("rp2/uart.c")
    c.rp2_uart_start(FIRST)

    def rate() -> float:
        assert c.device_get(PICO + 0x30) == 0x301, "on, in both directions"
        divider = c.device_get(PICO + 0x24) + c.device_get(PICO + 0x28) / 64
        return PICO_HZ / (16 * divider)

    check(c, PICO_HZ, rate, lambda is_busy: c.device_set(PICO + 0x18, 8 * is_busy))


def test_stm32f4(build: Build) -> None:
    """RM0090 30.3.4: the bus divided by BRR, which is at least 16; SR bit 6 is TC."""
    c = build("stm32f4/usart.c")
    c.stm32f4_usart_start(STM32, STM32_HZ, 38)
    check(
        c,
        STM32_HZ // 16,
        lambda: STM32_HZ / c.device_get(STM32 + 8),
        lambda is_busy: c.device_set(STM32, 0 if is_busy else 1 << 6),
    )


def test_nordic(build: Build) -> None:
    """nRF51 Series Reference Manual, 29: 2^32 / 16 MHz for each baud; a byte is out with TXDRDY."""
    c = build("nordic/uart.c")
    c.nordic_uart_init(6, 8)

    def set_busy(is_busy: bool) -> None:
        if is_busy:
            c.device_send()
        else:
            c.device_set(NORDIC + 0x11C, 1)
            c.nordic_uart_on_interrupt()

    check(c, 1_000_000, lambda: c.device_get(NORDIC + 0x524) * NORDIC_HZ / 2**32, set_busy)
    assert c.device_get(NORDIC + 0x524) == round(9600 * 2**32 / NORDIC_HZ / 4096) * 4096
