"""The exported programs for microphones hear what the library hears, with stubs in place of their SDKs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from live_sounds import noisy
from numpy.typing import NDArray
from port_tools import build, compile_library, export, heard, run, system_headers, without_mean

BUFFER_SAMPLES = 2048
SOUND = noisy(3.0, 4)


def cic(bits: NDArray[np.integer]) -> NDArray[np.int64]:
    """(samples,) the mean of the mean of the mean of 128 bits, times 128 to the third."""
    sums = bits.astype(np.int64)
    for _ in range(3):
        sums = np.cumsum(sums)
    values = sums[127::128]
    for _ in range(3):
        values = np.diff(values, prepend=0)
    return values


def density(samples: NDArray[np.int16]) -> NDArray[np.int64]:
    """(128 * samples,) bits whose mean follows the samples, 4 bits quieter."""
    wanted = np.repeat(0.5 + samples / 2**20, 128)
    return np.diff(np.floor(np.cumsum(wanted)), prepend=0).astype(np.int64)


ADC = np.repeat(SOUND // 32 + 1900, 4).astype("<u2")  # the same four times; half of the supply is 2048
BITS = density(SOUND)


@dataclass(frozen=True)
class Program:
    """A program and its microphone.

    Attributes:
        sources: in the folder of the format.
        headers: of its SDK.
        block: samples at a time.
        data: what the microphone gives; ``data_bytes`` are one sample.
        values: (samples,) the same as numbers, before the mean is taken off.
    """

    format: str
    stub: str
    sources: tuple[str, ...]
    headers: frozenset[str]
    block: int
    data: bytes
    data_bytes: int
    values: NDArray[np.integer]
    first_mean: int
    shift: int

    def samples(self, values: NDArray[np.integer]) -> NDArray[np.int16]:
        return without_mean(values, self.first_mean, self.shift)


PICO = frozenset({
    "hardware/adc.h", "hardware/clocks.h", "hardware/dma.h", "hardware/irq.h", "hardware/pio.h",
    "hardware/sync.h", "pico/stdlib.h",
})  # fmt: skip
PROGRAMS = {
    "esp-idf": Program(
        "esp-idf", "esp_idf", ("examples/microphone/main/microphone.c",),
        frozenset({
            "driver/i2s_std.h", "esp_attr.h", "esp_err.h", "esp_log.h", "freertos/FreeRTOS.h",
            "freertos/task.h", "sdkconfig.h",
        }),
        160, (SOUND.astype("<i4") * 4096 + 9_000_000).tobytes(), 4,
        (SOUND.astype(np.int32) * 4096 + 9_000_000) >> 8, 0, 4,
    ),
    "zephyr": Program(
        "zephyr", "zephyr", ("samples/dmic/src/main.c",),
        frozenset({
            "zephyr/audio/dmic.h", "zephyr/device.h", "zephyr/kernel.h", "zephyr/sys/atomic.h",
            "zephyr/sys/printk.h",
        }),
        320, (SOUND // 16 + 40).astype("<i2").tobytes(), 2, SOUND // 16 + 40, 0, -4,
    ),
    "adc": Program(
        "pico", "pico", ("examples/main.c", "examples/adc_microphone.c", "examples/blocks.c"), PICO,
        128, ADC.tobytes(), 8, ADC.reshape(-1, 4).sum(axis=1, dtype=np.int64), 8192, -2,
    ),
    "pdm": Program(
        "pico", "pico", ("examples/main.c", "examples/pdm_microphone.c", "examples/blocks.c"), PICO,
        128, np.packbits(BITS).view(">u4").astype("<u4").tobytes(), 16, cic(BITS), 1 << 20, 1,
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def compiled(once: Callable[..., Path], libraries, compiler) -> Path:
    """The library "one", and the program of the format ``c``."""
    return once("export_compiled", lambda folder: compile_library(libraries["one"], compiler, folder))


@pytest.fixture(scope="session")
def built(once: Callable[..., Path], libraries, compiler, compiled) -> Callable[[str], Path]:
    """``built(name)``: a program of ``PROGRAMS``."""

    def build_one(name: str) -> Path:
        program = PROGRAMS[name]

        def make(folder: Path) -> None:
            exported = export(libraries["one"], program.format, folder)
            sources = [exported / source for source in program.sources]
            assert set().union(*map(system_headers, sources)) <= program.headers
            names = {*program.headers, "pdm.pio.h"}
            build(program.stub, compiled, sources, names, compiler, folder)

        return once(f"export_{name}", make) / "program"

    return build_one


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_hears_what_the_library_hears(built, compiled, name):
    program = PROGRAMS[name]
    samples = program.samples(program.values)
    whole = len(samples) // program.block * program.block
    if program.stub != "pico":  # whose DMA hands over whole blocks alone
        whole = len(samples)
    expected = heard(compiled, samples[:whole])
    assert len(expected) > 3
    found = run(built(name), program.data)
    assert found == ["one listens", *expected]


@pytest.mark.parametrize(
    ("name", "setting", "blocks", "message"),
    [
        ("esp-idf", "burst", 20, "W one: {} samples lost"),
        ("zephyr", "burst", 10, "{} samples lost"),
    ],
)
def test_what_finds_no_room_is_counted(built, compiled, name, setting, blocks, message):
    """The consumer sleeps: the buffer fills, the rest is lost, and what comes then is heard."""
    program = PROGRAMS[name]
    samples = program.samples(program.values)
    burst = blocks * program.block
    kept = np.concatenate([samples[:BUFFER_SAMPLES], samples[burst:]])
    found = run(built(name), program.data, **{setting: blocks})
    lost = message.format(burst - BUFFER_SAMPLES)
    assert lost in found
    assert [line for line in found if line not in (lost, "one listens")] == heard(compiled, kept)


@pytest.mark.parametrize("late", [1, 2, 3])
def test_an_interrupt_that_is_late_loses_blocks_and_nothing_else(built, compiled, late):
    program = PROGRAMS["adc"]
    kept = program.samples(program.values[late * program.block :])
    found = run(built("adc"), program.data, late=late)
    assert found.count("lost 128 samples") == 1
    assert [line for line in found if line not in ("lost 128 samples", "one listens")] == heard(
        compiled, kept[: len(kept) // program.block * program.block]
    )


def test_esp_idf_says_what_the_driver_lost_and_when_nothing_comes(built):
    found = run(built("esp-idf"), PROGRAMS["esp-idf"].data, overflow=1, timeout=1)
    assert "W one: 160 samples lost" in found
    assert "W one: no samples from I2S: ESP_ERR_TIMEOUT" in found


def test_zephyr_starts_a_driver_that_stopped(built, compiled):
    program = PROGRAMS["zephyr"]
    message = "the microphone had stopped, and was started again"
    found = run(built("zephyr"), program.data, stop=1)
    assert found.count(message) == 1
    assert [line for line in found if line not in (message, "one listens")] == heard(
        compiled, program.samples(program.values)
    )


def test_the_clock_of_pdm_is_even_and_data_is_read_before_it_rises(libraries, tmp_path):
    """Of 8 cycles 4 are high; the bit is read in the last of the low ones."""
    text = (export(libraries["one"], "pico", tmp_path) / "examples" / "pdm.pio").read_text()
    body = text.split(".wrap_target")[1].split(".wrap")[0]
    cycles = []
    for line in body.strip().splitlines():
        instruction, _, rest = line.strip().partition("side")
        level, *delay = rest.split()
        count = 1 + int(delay[0].strip("[]") if delay else 0)
        cycles += [
            (int(level), instruction.startswith("in pins, 1") and not number) for number in range(count)
        ]
    assert [level for level, _ in cycles] == [1] * 4 + [0] * 4
    assert [number for number, (_, is_read) in enumerate(cycles) if is_read] == [7]
