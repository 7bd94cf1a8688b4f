"""Hours of sound with words in it, in a file, and what Python makes of it, a minute at a time."""

import ctypes
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from c_front_end import CFrontEnd
from numpy.typing import NDArray

from train.audio.wav import read_wav
from train.core import runfolder
from train.core.console import progress
from train.core.operating_point import OperatingPoint
from train.core.spec import FrontEnd, ModelSpec
from train.detection.reference_listener import Heard, RowStream, recognize
from train.tflite.tflm import TflmModel

_WORDS_A_MINUTE = 20
_STATE_BYTES = 1 << 16


class SoundFile:
    """(n,) int16 in a file: what a stream needs of an array."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._length = path.stat().st_size // 2
        self._file = path.open("rb")

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, part: slice) -> NDArray[np.int16]:
        start, end, _ = part.indices(self._length)
        self._file.seek(2 * start)
        return np.frombuffer(self._file.read(2 * (end - start)), "<i2").astype(np.int16)


def write_sound(path: Path, minutes: int, run: Path, rate_hz: int) -> SoundFile:
    """Noise of changing loudness and the clips of a run at random places; the same every time."""
    clips = [read_wav(file, rate_hz) for file in sorted((run / runfolder.CLIPS).glob("*.wav"))]
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.stat().st_size != 2 * 60 * rate_hz * minutes:
        with path.open("wb") as file:
            for minute in range(minutes):
                file.write(_minute(np.random.default_rng(minute), clips, rate_hz).astype("<i2").tobytes())
    return SoundFile(path)


def _minute(
    generator: np.random.Generator, clips: list[NDArray[np.int16]], rate_hz: int
) -> NDArray[np.int16]:
    sound = generator.normal(0, generator.uniform(20, 1500), 60 * rate_hz)
    for _ in range(_WORDS_A_MINUTE):
        clip = clips[int(generator.integers(len(clips)))]
        start = int(generator.integers(len(sound) - len(clip)))
        sound[start : start + len(clip)] += generator.uniform(0.2, 1.2) * clip
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


class CRows(CFrontEnd):
    """Rows of the C front end from sound in pieces."""

    def __init__(self, folder: Path, front_end: FrontEnd) -> None:
        super().__init__(folder, front_end)
        self._state = (ctypes.c_uint64 * (_STATE_BYTES // 8))()
        self._zero_point = front_end.input_zero_point
        self._library.kws_frontend_reset(self._state)

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.int8]:
        """The rows that samples complete: (rows, bins) int8, as the model takes them."""
        row, ready = (ctypes.c_uint8 * self._bins)(), ctypes.c_int()
        found, start = [], 0
        while start < len(samples):
            start += self._library.kws_frontend_push(
                self._state,
                ctypes.c_void_p(samples.ctypes.data + 2 * start),
                ctypes.c_uint32(len(samples) - start),
                row,
                ctypes.byref(ready),
            )
            if ready.value:
                found.append(bytes(row))
        rows = np.frombuffer(b"".join(found), np.uint8).reshape(-1, self._bins)
        return (rows.astype(np.int16) + self._zero_point).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Twin:
    """What a board must make of a sound.

    Attributes:
        scores: (inferences, labels) int8: TFLite-Micro's, of the rows that the C front end makes.
        times_ms: of each.
        features, features_differing, features_max_difference: of these rows and those of Python.
    """

    scores: NDArray[np.int8]
    times_ms: list[int]
    features: int
    features_differing: int
    features_max_difference: int

    def crc(self, inferences: int) -> int:
        """As a board computes it."""
        return zlib.crc32(np.ascontiguousarray(self.scores[:inferences]).tobytes())

    def heard(self, point: OperatingPoint) -> list[Heard]:
        """The detections."""
        return recognize(self.scores, self.times_ms, point)


def make_twin(sound: SoundFile, model: TflmModel, spec: ModelSpec, stride_rows: int, folder: Path) -> Twin:
    """Listen in Python, minute by minute."""
    front_end = spec.front_end
    c_rows, python_rows = CRows(folder, front_end), RowStream(front_end)
    rows = np.zeros((0, front_end.bins), np.int8)  # from where the next inference begins
    scores, count, differing, most = [], 0, 0, 0
    for piece in _minutes(sound, front_end.sample_rate_hz):
        new, expected = c_rows.push(piece), python_rows.push(piece)
        difference = np.abs(new.astype(np.int16) - expected)
        count, differing = count + new.size, differing + int(np.count_nonzero(difference))
        most = max(most, int(difference.max(initial=0)))
        rows = np.concatenate([rows, new])
        if len(rows) < front_end.frames:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(rows, front_end.frames, axis=0)
        due = windows[::stride_rows].transpose(0, 2, 1)
        scores.append(model.run(np.ascontiguousarray(due)))
        rows = rows[len(due) * stride_rows :].copy()
    all_scores = np.concatenate(scores)
    ends = front_end.frames + stride_rows * np.arange(len(all_scores))
    samples = front_end.window_samples + (ends - 1) * front_end.stride_samples
    times_ms = (samples * 1000 // front_end.sample_rate_hz).tolist()
    return Twin(all_scores, times_ms, count, differing, most)


def _minutes(sound: SoundFile, rate_hz: int) -> Iterator[NDArray[np.int16]]:
    length = 60 * rate_hz
    starts = range(0, len(sound), length)
    with progress("Python listens (minutes)", len(starts)) as advance:
        for start in starts:
            yield sound[start : start + length]
            advance()
