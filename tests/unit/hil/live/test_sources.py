"""Sound from files and pipes comes whole, at the model's rate, with a second of silence behind it."""

import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from live_sounds import RATE_HZ, noisy
from numpy.typing import NDArray

from hil.live.resampler import Resampler
from hil.live.sources import RawSource, Source, WavSource
from train.audio import wav
from train.audio.recording import read_recording
from train.core.errors import UserError


def whole(source: Source) -> NDArray[np.int16]:
    return np.concatenate(list(source.pieces()))


def check(found: NDArray[np.int16], samples: NDArray[np.int16]) -> None:
    assert np.array_equal(found[: len(samples)], samples)
    assert not found[len(samples) :].any()
    assert RATE_HZ <= len(found) - len(samples) < RATE_HZ + 512
    assert len(found) % 512 == 0, "a board is sent whole blocks"


def test_a_recording(tmp_path: Path) -> None:
    samples = noisy(1.3, seed=1)
    path = tmp_path / "größe.wav"
    path.write_bytes(wav.encode_wav(samples, RATE_HZ))
    check(whole(WavSource(path, RATE_HZ, in_real_time=False)), samples)
    with pytest.raises(UserError, match="cannot be read"):
        WavSource(tmp_path / "none.wav", RATE_HZ, in_real_time=False)


def test_a_recording_in_real_time(tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    path.write_bytes(wav.encode_wav(noisy(0.1, seed=1), RATE_HZ))
    start_s = time.monotonic()
    found = whole(WavSource(path, RATE_HZ, in_real_time=True))
    assert time.monotonic() - start_s >= len(found) / RATE_HZ


def test_raw_samples_of_a_pipe_in_odd_pieces(tmp_path: Path) -> None:
    samples = noisy(0.5, seed=2)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def write() -> None:
        data = samples.astype("<i2").tobytes() + b"x"  # half a sample is no sample
        with fifo.open("wb", buffering=0) as file:
            for place in range(0, len(data), 333):
                file.write(data[place : place + 333])

    writer = threading.Thread(target=write)
    writer.start()
    check(whole(RawSource(str(fifo), RATE_HZ, None)), samples)
    writer.join()


def test_raw_samples_of_another_rate_become_what_a_recording_of_them_does(tmp_path: Path) -> None:
    samples = noisy(0.5, seed=3)
    (tmp_path / "raw").write_bytes(samples.astype("<i2").tobytes())
    (tmp_path / "sound.wav").write_bytes(wav.encode_wav(samples, 44_100))
    expected = read_recording(tmp_path / "sound.wav", RATE_HZ).samples
    found = whole(RawSource(str(tmp_path / "raw"), RATE_HZ, 44_100))
    assert np.abs(found[: len(expected)].astype(int) - expected).max() <= 1
    assert not found[len(expected) + 1 :].any()


def test_what_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"x")
    with pytest.raises(UserError, match="held no sample; expected 16-bit little-endian"):
        whole(RawSource(str(tmp_path / "empty"), RATE_HZ, None))
    for rate_hz in (0, -1, 10**9):
        with pytest.raises(UserError, match=f"--raw-rate-hz is {rate_hz}, expected 1000 to 768000"):
            RawSource(str(tmp_path / "empty"), RATE_HZ, rate_hz)
    (tmp_path / "sound.wav").write_bytes(wav.encode_wav(noisy(0.1, seed=3), RATE_HZ))
    for name, fault in (
        ("sound.wav", "is a recording with a header; take --wav "),
        ("nowhere", "cannot be read: No such file or directory"),
        (".", "is a folder; expected a file of 16-bit samples"),
    ):
        with pytest.raises(UserError, match=f"--raw .*: {fault}"):
            RawSource(str(tmp_path / name), RATE_HZ, None)


def test_without_soxr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    Resampler(RATE_HZ, RATE_HZ, "the rate")
    with pytest.raises(UserError, match=r"soxr, .* pip install 'earshot-kws\[live\]'"):
        Resampler(44_100, RATE_HZ, "the rate of a microphone")
