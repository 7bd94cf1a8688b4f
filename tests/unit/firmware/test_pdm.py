"""One-bit audio to samples, against SciPy's filters and on bits of a sigma-delta modulator made here."""

import ctypes
import re
import shutil
import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray
from places import ROOT
from scipy import signal

MICROPHONES = ROOT / "firmware" / "boards" / "microphones"
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-shared", "-fPIC"]
SANITIZE = ["-fsanitize=undefined", "-fno-sanitize-recover=all"]
RATE_HZ, BITS = 16_000, 64
UNIT = 256
STATE_BYTES = 512  # more than a kws_pdm

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler (cc)")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    path = tmp_path_factory.mktemp("pdm") / "pdm.so"
    subprocess.run(["cc", *FLAGS, *SANITIZE, MICROPHONES / "pdm.c", "-o", path], check=True)
    library = ctypes.CDLL(str(path))
    library.kws_pdm_push.restype = ctypes.c_size_t
    return library


def half_of_taps() -> list[int]:
    text = (MICROPHONES / "pdm.c").read_text()
    found = re.search(r"taps\[[^\]]*\] = \{([^}]*)\}", text)
    assert found is not None
    return [int(number) for number in found[1].replace("\n", " ").split(",") if number.strip()]


TAPS = np.array([*half_of_taps()[::-1], *half_of_taps()])


class Pdm:
    def __init__(self, library: ctypes.CDLL, gain: int = UNIT) -> None:
        self.library = library
        self.state = ctypes.create_string_buffer(STATE_BYTES)
        library.kws_pdm_init(self.state, gain)

    def push(self, data: bytes, is_low_first: bool = True) -> NDArray[np.int16]:
        samples = np.empty(len(data) // 8 + 1, np.int16)
        pointer = samples.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))
        size = ctypes.c_size_t(len(data))
        count = self.library.kws_pdm_push(self.state, data, size, int(is_low_first), pointer)
        return samples[:count]


def modulate(sound: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A second-order sigma-delta modulator: (n * 64,) bits of (n,) samples within -1 to 1."""
    fine = signal.resample_poly(sound, BITS, 1)
    bits = np.empty(len(fine), np.uint8)
    first = second = 0.0
    for index, value in enumerate(fine.tolist()):
        out = 1.0 if second >= 0 else -1.0
        bits[index] = out > 0
        first += value - out
        second += first - out
    return bits


def packed(bits: NDArray[np.uint8]) -> bytes:
    return np.packbits(bits, bitorder="little").tobytes()


def tone(hz: float, amplitude: float, milliseconds: int = 250) -> NDArray[np.float64]:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(RATE_HZ * milliseconds // 1000) / RATE_HZ)


def filtered(bits: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The same filters in SciPy, without gain and DC block: (n // 64,) of full scale 2^15."""
    boxcar = np.ones(32)
    cic = np.convolve(np.convolve(boxcar, boxcar), boxcar)
    sums = signal.lfilter(cic, 1, 2.0 * bits - 1)[31::32]
    return signal.lfilter(TAPS / 2**14, 1, sums)[1::2]


def test_the_same_to_the_bit_as_filters_of_scipy(library: ctypes.CDLL) -> None:
    """Random bits: all frequencies, at any level."""
    bits = np.random.default_rng(1).integers(0, 2, 64 * 3000).astype(np.uint8)
    gain = 700
    loud = np.floor(np.round(filtered(bits) * 2**14) * gain / 2**14).astype(np.int64).tolist()
    wanted, dc = [], 0
    for value in loud:
        rest = value - (dc >> 24)
        dc += rest << 15
        wanted.append(max(-32768, min(32767, (rest + 128) >> 8)))
    np.testing.assert_array_equal(Pdm(library, gain).push(packed(bits)), wanted)


def test_any_pieces_and_both_orders_of_bits(library: ctypes.CDLL) -> None:
    bits = np.random.default_rng(2).integers(0, 2, 64 * 400).astype(np.uint8)
    whole = Pdm(library).push(packed(bits))
    assert len(whole) == 400
    pieces, at = Pdm(library), 0
    parts = []
    for size in np.random.default_rng(3).integers(0, 40, 400).tolist():
        parts.append(pieces.push(packed(bits)[at : at + size]))
        at += size
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    high_first = np.packbits(bits).tobytes()
    np.testing.assert_array_equal(Pdm(library).push(high_first, is_low_first=False), whole)


@pytest.mark.parametrize(("hz", "gain_db"), [(100, 0.1), (1000, 0.1), (4000, 0.15), (6800, 0.25)])
def test_a_tone_comes_out_as_it_went_in(library: ctypes.CDLL, hz: float, gain_db: float) -> None:
    """At a twentieth of full scale, with 20 dB of gain.

    The rest is the modulator's: an ideal low pass leaves -52 dB of it at 1 kHz.
    """
    sound = tone(hz, 0.05)
    heard = Pdm(library, 10 * UNIT).push(packed(modulate(sound)))[1600:] / 32768
    phase = 2 * np.pi * hz * np.arange(len(heard)) / RATE_HZ
    basis = np.stack([np.sin(phase), np.cos(phase), np.ones_like(phase)], axis=1)
    fit = np.linalg.lstsq(basis, heard, rcond=None)[0]
    amplitude = np.hypot(fit[0], fit[1])
    assert 20 * np.log10(amplitude / 0.5) == pytest.approx(0, abs=gain_db)
    rest = heard - basis @ fit
    assert 20 * np.log10(np.sqrt(2) * rest.std() / amplitude) < -51


def test_nothing_is_heard_of_what_lies_above() -> None:
    """CIC and taps together, at all frequencies: what would be folded into 0 to 7 kHz."""
    hz, response = signal.freqz(TAPS / 2**14, worN=4096, fs=2 * RATE_HZ)
    x = hz[1:] / (2 * RATE_HZ)
    cic = np.abs(np.sin(np.pi * x) / (32 * np.sin(np.pi * x / 32))) ** 3
    level_db = 20 * np.log10(np.abs(response[1:]) * cic + 1e-12)
    assert np.all(np.abs(level_db[hz[1:] <= 7000]) < 0.25)
    assert np.all(level_db[hz[1:] >= 9000] < -55)
    assert np.abs(TAPS).sum() * 2**15 < 2**31, "a sum fits into 32 bits"


def test_dc_goes_and_what_is_too_loud_is_clipped(library: ctypes.CDLL) -> None:
    steady = packed(modulate(np.full(RATE_HZ // 2, 0.25)))
    heard = Pdm(library).push(steady)
    assert abs(int(heard[300:340].mean())) > 1000, "slowly, as a microphone's own does"
    assert np.abs(heard[-1000:]).max() <= 40
    loud = Pdm(library, 64 * UNIT).push(packed(modulate(tone(1000, 0.5, 100))))
    assert loud.max() == 32767
    assert loud.min() == -32768
