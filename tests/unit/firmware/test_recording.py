"""The last moments of a board's microphone: firmware/microphone/recording.c."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest
from places import ROOT

KEPT = 4096
COMPILER = shutil.which("cc")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler (cc)")


class Recording(ctypes.Structure):
    _fields_ = [
        ("id", ctypes.c_uint32),
        ("first", ctypes.c_uint32),
        ("end", ctypes.c_uint32),
        ("is_on", ctypes.c_int),
        ("samples", ctypes.c_int16 * KEPT),
    ]


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> ctypes.CDLL:
    path = tmp_path_factory.mktemp("recording") / "recording.so"
    source = ROOT / "firmware" / "microphone" / "recording.c"
    subprocess.run(
        [COMPILER, "-Wall", "-Wextra", "-Wconversion", "-Werror", "-shared", "-fPIC", "-o", path, source],
        check=True,
    )
    loaded = ctypes.CDLL(str(path))
    loaded.kws_recording_read.restype = ctypes.c_size_t
    loaded.kws_recording_add.argtypes = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t
    loaded.kws_recording_add.restype = None
    return loaded


def add(library, recording, block: np.ndarray) -> None:
    library.kws_recording_add(ctypes.byref(recording), block.ctypes.data, len(block))


def read(library, recording, following: int, capacity: int = 508) -> tuple[int, np.ndarray]:
    buffer, first = ctypes.create_string_buffer(2 * capacity), ctypes.c_uint32()
    count = library.kws_recording_read(
        ctypes.byref(recording),
        ctypes.c_uint32(following),
        buffer,
        ctypes.c_size_t(capacity),
        ctypes.byref(first),
    )
    return first.value, np.frombuffer(buffer.raw[: 2 * count], "<i2")


@pytest.mark.parametrize("step", [1, 300, 508, 2000, 5000])
def test_samples_come_in_order_and_what_is_missing_is_known(library, step):
    heard = np.random.default_rng(2).integers(-32768, 32768, 40_000).astype(np.int16)
    recording = Recording()
    library.kws_recording_start(ctypes.byref(recording), ctypes.c_uint32(7))
    assert (recording.id, recording.is_on) == (7, 1)
    following = lost = 0
    for start in range(0, min(len(heard), 200 * step), step):
        block = np.ascontiguousarray(heard[start : start + step])
        library.kws_recording_add(
            ctypes.byref(recording), block.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(len(block))
        )
        first, samples = read(library, recording, following)
        assert first >= following
        assert np.array_equal(samples, heard[first : first + len(samples)])
        assert np.array_equal(read(library, recording, following)[1], samples), "a lost answer is had again"
        lost += first - following
        following = first + len(samples)
    assert (lost > 0) == (step > 508)


def test_what_nobody_can_have_is_not_believed(library):
    recording = Recording()
    library.kws_recording_start(ctypes.byref(recording), ctypes.c_uint32(1))
    block = np.arange(100, dtype=np.int16)
    library.kws_recording_add(
        ctypes.byref(recording), block.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(100)
    )
    assert read(library, recording, 5000)[0] == 0
    first, samples = read(library, recording, 100)
    assert (first, len(samples)) == (100, 0)


def test_what_is_kept_is_forgotten_with_a_loss(library):
    recording = Recording()
    library.kws_recording_start(ctypes.byref(recording), ctypes.c_uint32(1))
    add(library, recording, np.arange(100, dtype=np.int16))
    library.kws_recording_lose(ctypes.byref(recording), ctypes.c_uint32(30))
    add(library, recording, np.arange(500, 510, dtype=np.int16))
    first, samples = read(library, recording, 0)
    assert (first, samples.tolist()) == (130, list(range(500, 510)))
