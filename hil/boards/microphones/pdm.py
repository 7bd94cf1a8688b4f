"""Sound as the bits of a PDM microphone, and what the firmware makes of them: its own C, on this computer."""

import ctypes
import functools
import hashlib
import shutil
import sys

import numpy as np
from numpy.typing import NDArray

from train.core import runfolder
from train.core.errors import UserError
from train.core.files.plain import read_plain
from train.core.installation import FIRMWARE_SOURCES, cache_root
from train.core.processes.children import run as run_child

BITS_PER_SAMPLE = 64
_DENSITY = 0.1  # of full scale, which the firmware makes 20 dB louder
_TAPS = 32  # samples around each bit, which it is interpolated from
_AT_A_TIME = 4000  # samples that are modulated: memory, not sound, depends on it
_BEYOND = 3.0  # of an integrator: a modulator that is overdriven comes back

_MICROPHONES = FIRMWARE_SOURCES / "boards" / "microphones"
_SOURCES = ("pdm.c", "pdm_words.c", "ring.c")
_FLAGS = ("-std=gnu11", "-O2", "-shared", "-fPIC")
_FOLDER = "pdm"  # in the cache
_WORDS = 512  # handed over at a time; the ring keeps more


def modulate(samples: NDArray[np.int16]) -> bytes:
    """What a microphone gives for a sound: 64 bits a sample, the first highest in a byte.

    A sigma-delta modulator of second order; the sound is a tenth of full density.

    Args:
        samples: (n,) int16.
    """
    padded = np.pad(samples.astype(np.float64) / 32768, (_TAPS // 2 - 1, _TAPS // 2))
    packed = []
    first = second = 0.0
    for start in range(0, len(samples), _AT_A_TIME):
        count = min(_AT_A_TIME, len(samples) - start)
        fine = _interpolated(padded[start : start + count + _TAPS - 1]) * _DENSITY
        bits = np.empty(len(fine), np.uint8)
        for index, value in enumerate(fine.tolist()):
            out = 1.0 if second >= 0 else -1.0
            bits[index] = out > 0
            first = min(max(first + value - out, -_BEYOND), _BEYOND)
            second = min(max(second + first - out, -_BEYOND), _BEYOND)
        packed.append(np.packbits(bits).tobytes())
    return b"".join(packed)


def decimate(bits: bytes) -> NDArray[np.int16]:
    """The samples that a board with this PDM microphone hears: (n,) int16.

    Args:
        bits: as ``modulate`` gives them.
    Raises:
        UserError: there is no C compiler.
    """
    library = ctypes.CDLL(_library())
    library.kws_hal_audio_read.restype = ctypes.c_size_t
    library.kws_pdm_words_start()
    words = np.frombuffer(bits, ">u2").astype(np.uint16)
    heard = []
    for start in range(0, len(words), _WORDS):
        part = np.ascontiguousarray(words[start : start + _WORDS])
        library.kws_microphone_heard(ctypes.c_void_p(part.ctypes.data), ctypes.c_size_t(len(part)))
        samples = np.empty(_WORDS, np.int16)
        place = ctypes.c_void_p(samples.ctypes.data)
        heard.append(samples[: library.kws_hal_audio_read(place, ctypes.c_size_t(_WORDS))])
    return np.concatenate(heard) if heard else np.zeros(0, np.int16)


def _interpolated(padded: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n * 64,) by a windowed sinc for each of the 64 places between two samples.

    Args:
        padded: (n + _TAPS - 1,), samples with those around them.
    """
    places = np.arange(BITS_PER_SAMPLE)[:, None] / BITS_PER_SAMPLE
    distance = np.arange(_TAPS)[None, :] - (_TAPS // 2 - 1) - places
    taps = np.sinc(distance) * (0.5 + 0.5 * np.cos(np.pi * distance / (_TAPS // 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _TAPS)
    return np.asarray((windows @ taps.T).reshape(-1))


@functools.cache
def _library() -> str:
    compiler = shutil.which("cc")
    if compiler is None:
        raise UserError(
            "cc: no C compiler found, which a PDM microphone is emulated with; install gcc or clang"
        )
    files = [*(_MICROPHONES / name for name in _SOURCES), *sorted(_MICROPHONES.glob("*.h"))]
    key = hashlib.sha256(b"".join(read_plain(file) for file in files)).hexdigest()[:16]
    library = cache_root() / _FOLDER / f"{key}{'.dll' if sys.platform == 'win32' else '.so'}"
    if not library.is_file():
        library.parent.mkdir(parents=True, exist_ok=True)
        with runfolder.atomic_path(library) as temporary:
            include = f"-I{FIRMWARE_SOURCES / 'hal'}"
            done = run_child([compiler, *_FLAGS, include, *files[: len(_SOURCES)], "-o", temporary])
            if done.returncode:  # a bug of Earshot, not of its user
                raise RuntimeError(f"{_MICROPHONES}: does not compile:\n{done.stderr}")
    return str(library)
