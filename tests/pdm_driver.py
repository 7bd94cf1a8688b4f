"""What each driver of a PDM microphone must do that hands on words of bits, against a made-up device."""

import ctypes
from pathlib import Path

import numpy as np
import pytest
from made_up_device import Device, check_blocks, compiled, heard_while_written_over
from numpy.typing import NDArray

BLOCK = 512  # words of 16 bits
RING = 8192
_WRAP = 65536  # a word is its number


def compiled_driver(folder: Path, device: str, board: str) -> Path:
    """As ``made_up_device.compiled``, with what makes samples of bits."""
    flag = f"-DKWS_MICROPHONE_SAMPLES={RING}u"
    return compiled(folder, device, board, flag, readers=("pdm.c", "pdm_words.c", "blocks.c"))


def pdm_words_of_a_tone(hz: float, amplitude: float, samples: int) -> NDArray[np.uint16]:
    """Bits of a first-order modulator, 64 a sample, in words of 16, the first bit highest: (4 * samples,)."""
    time_s = np.arange(64 * samples) / 1_024_000
    error, bits = 0.0, np.empty(len(time_s), np.uint8)
    for index, value in enumerate((amplitude * np.sin(2 * np.pi * hz * time_s)).tolist()):
        bits[index] = value > error
        error += (1.0 if bits[index] else -1.0) - value
    return np.packbits(bits).view(">u2").astype(np.uint16)


def hear_words(device: Device, words: NDArray[np.uint16]) -> NDArray[np.int16]:
    """What the driver makes of them, its interrupt in time: (n,)."""
    heard = []
    for part in words.reshape(-1, BLOCK // 2):
        device.c.device_receive_words(part.ctypes.data_as(ctypes.POINTER(ctypes.c_uint16)), len(part))
        device.c.device_interrupt()
        heard.append(device.read())
    return np.concatenate(heard)


def words_of(device: Device) -> NDArray[np.int64]:
    """Words of 16 bits that the interrupt handed on, in place of the main loop: (n,) 0 to 65535."""
    buffer = np.empty(RING, np.uint16)
    pointer = buffer.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))
    device.c.device_words.restype = ctypes.c_size_t
    return buffer[: device.c.device_words(pointer, ctypes.c_size_t(RING))].astype(np.int64)


def check_tone(samples: NDArray[np.int16], hz: float, amplitude: float) -> None:
    """That they are a sine of full scale times ``amplitude``."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.argmax(spectrum) == pytest.approx(hz * len(samples) / 16_000, abs=1)
    assert samples.std() * np.sqrt(2) / 32768 == pytest.approx(amplitude, rel=0.03)


def check_a_tone(device: Device) -> None:
    """From bits to samples: 500 Hz, 20 dB louder."""
    check_tone(hear_words(device, pdm_words_of_a_tone(500, 0.05, 4096))[2000:], 500, 0.5)
    assert device.lost == 0


def check_late_interrupts(device: Device, late: int) -> None:
    """They lose whole blocks, and say so. It does not begin with a block.

    Args:
        late: by so many blocks, now and then.
    """
    heard, received = [], 77
    device.c.device_hear(received)
    for turn in range(60):
        count = BLOCK * (late if turn % 7 == 3 else 1)
        device.c.device_hear(count)
        received += count
        device.c.device_interrupt()
        heard.append(words_of(device))
    handed = np.concatenate(heard)
    missing = check_blocks(handed, BLOCK, handed, _WRAP)
    assert (missing > 0) == (late > 1)
    assert (device.c.device_words_lost() > 0) == (late > 1)
    assert device.c.device_words_lost() <= received - len(handed)


def check_written_over(device: Device, accesses: int, blocks: int) -> None:
    """What is written over while it is copied is not handed on; see ``heard_while_written_over``."""
    handed = heard_while_written_over(device, BLOCK, accesses, blocks, lambda: words_of(device))
    missing = check_blocks(handed, BLOCK, handed, _WRAP)
    assert (device.c.device_words_lost() > 0) == (missing > 0)


def check_late_main_loop(device: Device) -> None:
    """The oldest is kept, the rest counted."""
    for _ in range(RING // BLOCK + 3):
        device.c.device_hear(BLOCK)
        device.c.device_interrupt()
    np.testing.assert_array_equal(words_of(device), np.arange(RING))
    assert device.lost == 3 * BLOCK // 4
