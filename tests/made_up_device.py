"""Drivers of microphones, compiled for this computer with a device that is made up (tests/c/registers)."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray
from places import ROOT

FIRMWARE = ROOT / "firmware"
MICROPHONES = FIRMWARE / "boards" / "microphones"
REGISTERS = ROOT / "tests" / "c" / "registers"
RING = 2048  # samples that are kept, unless a board says more
_Value = TypeVar("_Value", bound=np.generic)
_FLAGS = [
    "-O1",
    "-g",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fPIC",
    "-fsanitize=undefined",
    "-fno-sanitize-recover",
]

needs_compiler = pytest.mark.skipif(shutil.which("c++") is None, reason="there is no C++ compiler (c++)")


def compiled(
    folder: Path, device: str, board: str, *flags: str, readers: Sequence[str] = ("samples.c",)
) -> Path:
    """The driver that ``device`` includes, with the ring of microphones, as a library.

    Args:
        folder: for the library.
        device: a file of tests/c/registers.
        board: the folder of the driver.
        readers: of microphones/, what makes of the ring what the HAL gives, and what else the driver needs.
    """
    includes = [f"-I{path}" for path in (REGISTERS, FIRMWARE, FIRMWARE / "hal", FIRMWARE / "boards" / board)]
    sources = [REGISTERS / device, MICROPHONES / "ring.c", *(MICROPHONES / name for name in readers)]
    library = folder / "device.so"
    command = ["c++", *_FLAGS, *flags, "-shared", *includes, "-x", "c++", *map(str, sources), "-o", library]
    subprocess.run(command, check=True)
    return library


class Device:
    """A copy of the library of its own, started."""

    def __init__(self, library: Path, folder: Path) -> None:
        self.c = ctypes.CDLL(str(shutil.copy(library, folder / "own.so")))
        self.c.device_start()

    def read(self) -> NDArray[np.int16]:
        """What the main loop gets: (n,)."""
        buffer = np.empty(4 * RING, np.int16)
        pointer = buffer.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))
        self.c.kws_hal_audio_read.restype = ctypes.c_size_t
        count = self.c.kws_hal_audio_read(pointer, ctypes.c_size_t(len(buffer)))
        return buffer[:count]

    @property
    def lost(self) -> int:
        return int(self.c.kws_hal_audio_lost())


def check_blocks(
    heard: NDArray[np.int16], block: int, number_of: Sequence[int] | NDArray[np.int64], wrap: int
) -> int:
    """How many blocks are missing: those that came are whole and in order.

    Args:
        heard: (n,) as it was read.
        number_of: (n,) the number of each sample, as it was converted, modulo ``wrap``.
    """
    numbers = np.asarray(number_of)
    assert len(heard) % block == 0
    blocks = numbers.reshape(-1, block)
    np.testing.assert_array_equal(
        (blocks - blocks[:, :1]) % wrap, np.tile(np.arange(block), (len(blocks), 1))
    )
    assert np.all(blocks[:, 0] % block == 0)
    steps = np.diff(blocks[:, 0]) % wrap // block
    assert np.all(steps >= 1)
    return int((steps - 1).sum())


def heard_while_written_over(
    device: Device, block: int, accesses: int, blocks: int, read: Callable[[], NDArray[_Value]]
) -> NDArray[_Value]:
    """What ``read`` gives in all, where blocks are now and then written over while they are copied.

    Args:
        block: values of one.
        accesses: to registers, behind which more is written, in the midst of the interrupt.
        blocks: that are written then.
    """
    heard = []
    for turn in range(40):
        device.c.device_hear(block)
        if turn % 5 == 2:
            device.c.device_hear_later(accesses, block * blocks)
        device.c.device_interrupt()
        heard.append(read())
    return np.concatenate(heard)
