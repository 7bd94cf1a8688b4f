"""A long recording made of clips and background noise, with what is said in it and when.

The layout is that of TensorFlow's generate_streaming_test_wav. Noise sounds all the time, crossfaded from one
file to the next. Time is divided into stretches of a clip and a gap; each has one word, at a random place.
"""

from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.audio.recording import read_recording
from train.audio.wav import encode_wav, to_int16
from train.core import runfolder
from train.core.console import warn
from train.core.errors import UserError
from train.core.files.plain import read_plain
from train.core.spec import ModelSpec
from train.core.typed_json import Mismatch, decode, parse
from train.data.dataset import UNKNOWN_INDEX, AudioSource, Split

WAV, TRUTH_JSON, TRUTH_TEXT = "stream.wav", "truth.json", "truth.txt"
_CROSSOVER_MS = 500  # of two stretches of noise
_WORD_RAMP_SAMPLES = 500
_PIECE_SAMPLES = 1 << 20
_TAIL_ENERGY = 0.01  # of a clip, before and after the word in it


@dataclass(frozen=True)
class StreamSettings:
    """How a stream is made; the defaults are the original's."""

    minutes: float = 10.0
    seed: int = 59185
    word_gap_ms: int = 2000
    noise_volume: float = 0.1
    unknown_percentage: float = 30.0

    def __post_init__(self) -> None:
        limits = {
            "minutes": (0.05, 24 * 60),
            "seed": (0, 2**63),
            "word_gap_ms": (1, 3_600_000),
            "noise_volume": (0, 1),
            "unknown_percentage": (0, 100),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UserError(f"--{name.replace('_', '-')} is {value:g}, expected {low:g} to {high:g}")


_MOST_TRUTH_BYTES = 100_000_000


@dataclass(frozen=True)
class Word:
    """Something said in a stream.

    Attributes:
        time_ms: where its clip begins. Detections are compared with this; a text file says no more.
        start_ms, end_ms: the stretch with 98 % of the clip's energy; None where that is not known.
        source: name of the clip.
    """

    label: str
    time_ms: float
    start_ms: float | None = None
    end_ms: float | None = None
    source: str = ""


@dataclass(frozen=True, eq=False)
class Stream:
    """(samples,) int16, and the words in it, sorted by time."""

    samples: NDArray[np.int16]
    words: tuple[Word, ...]


def make_stream(audio: AudioSource, split: Split, spec: ModelSpec, settings: StreamSettings) -> Stream:
    """Make a stream of the clips of a split; the same clips and settings give the same stream.

    Each clip is heard once before any is heard again. Silence is no word; it lies between the words.

    Raises:
        UserError: the split holds no clip of a label, or the stream no word.
    """
    rate_hz, clip_samples = spec.front_end.sample_rate_hz, spec.front_end.clip_samples
    generator = np.random.default_rng(settings.seed)
    mixed = noise_bed(audio, split.name, spec, settings, generator)
    gap = settings.word_gap_ms * rate_hz // 1000
    clips = _Clips(split, generator)
    words = []
    for start in range(0, len(mixed) - clip_samples - gap + 1, clip_samples + gap):
        is_unknown = 100 * generator.random() < settings.unknown_percentage
        words_to_choose = len(spec.labels) - UNKNOWN_INDEX - 1
        label = UNKNOWN_INDEX if is_unknown else UNKNOWN_INDEX + 1 + int(generator.integers(words_to_choose))
        clip = clips.next(label, spec.labels[label])
        samples = audio.clip_audio(clip)
        offset = start + int(generator.integers(gap))
        mix_in(mixed, offset, samples)
        first, last = (1000 * (offset + place) / rate_hz for place in _word_in(samples))
        words.append(Word(spec.labels[label], 1000 * offset / rate_hz, first, last, clip.name))
    if not words:
        raise UserError(
            f"--minutes is {settings.minutes:g}: too short for a word of "
            f"{spec.front_end.clip_duration_ms} ms and a gap of {settings.word_gap_ms} ms (--word-gap-ms)"
        )
    return Stream(_as_int16(mixed), tuple(words))


def _as_int16(mixed: NDArray[np.float32]) -> NDArray[np.int16]:
    """Piece by piece: at once, an hour would take a gigabyte."""
    samples = np.empty(len(mixed), np.int16)
    for first in range(0, len(mixed), _PIECE_SAMPLES):
        samples[first : first + _PIECE_SAMPLES] = to_int16(mixed[first : first + _PIECE_SAMPLES])
    return samples


def noise_bed(
    audio: AudioSource, split: str, spec: ModelSpec, settings: StreamSettings, generator: np.random.Generator
) -> NDArray[np.float32]:
    """(samples,) float32: the background of a stream, crossfaded every clip's length."""
    rate_hz, clip_samples = spec.front_end.sample_rate_hz, spec.front_end.clip_samples
    mixed = np.zeros(round(settings.minutes * 60 * rate_hz), np.float32)
    crossover = _CROSSOVER_MS * rate_hz // 1000
    for offset in range(0, len(mixed), clip_samples):
        noise = audio.background(split, generator, clip_samples + crossover)
        volume = np.float32(generator.uniform(0, settings.noise_volume))
        mix_in(mixed, offset, volume * noise, crossover // 2)
    return mixed


class _Clips:
    """Deals the clips of each label in random order, over and over."""

    def __init__(self, split: Split, generator: np.random.Generator) -> None:
        self._split = split.name
        self._by_label: dict[int, list[Any]] = defaultdict(list)
        for example in split.examples:
            if example.clip is not None:
                self._by_label[example.label].append(example.clip)
        for clips in self._by_label.values():
            generator.shuffle(clips)
        self._numbers: dict[int, count[int]] = defaultdict(count)

    def next(self, label: int, name: str) -> Any:
        clips = self._by_label.get(label)
        if not clips:
            raise UserError(
                f"there is no {self._split} clip of {name} to make a stream of; choose another --split"
            )
        return clips[next(self._numbers[label]) % len(clips)]


def mix_in(
    mixed: NDArray[np.float32],
    offset: int,
    samples: NDArray[np.float32],
    ramp_samples: int = _WORD_RAMP_SAMPLES,
) -> None:
    """Add samples, faded in and out, as far as there is room."""
    place = np.arange(len(samples))
    ramp = np.clip(np.minimum(place, len(samples) - place) / ramp_samples, 0, 1).astype(np.float32)
    part = mixed[offset : offset + len(samples)]
    part += (samples * ramp)[: len(part)]


def _word_in(samples: NDArray[np.float32]) -> tuple[int, int]:
    """Find the first and last sample of the word in a clip."""
    energy = np.cumsum(np.square(samples, dtype=np.float64))
    first, last = np.searchsorted(energy, energy[-1] * np.array([_TAIL_ENERGY, 1 - _TAIL_ENERGY]))
    return int(first), int(last)


def write_stream(folder: Path, stream: Stream, rate_hz: int) -> None:
    """Write stream.wav, truth.json, and truth.txt in the form of the original: ``label, time_ms``."""
    runfolder.write_bytes(folder / WAV, encode_wav(stream.samples, rate_hz))
    runfolder.write_json(folder / TRUTH_JSON, [asdict(word) for word in stream.words])
    lines = (f"{word.label}, {word.time_ms:f}\n" for word in stream.words)
    runfolder.write_text(folder / TRUTH_TEXT, "".join(lines))


def read_stream(wav_file: Path, truth_file: Path, spec: ModelSpec) -> Stream:
    """Read a user's own recording.

    Raises:
        UserError: not a recording, or a truth that is not about it.
    """
    samples = read_recording(wav_file, spec.front_end.sample_rate_hz).samples
    words = sorted(read_truth(truth_file), key=lambda word: word.time_ms)
    if not words:
        raise UserError(f"{truth_file}: holds no word; expected lines such as: yes, 1250.0")
    duration_ms = 1000 * len(samples) / spec.front_end.sample_rate_hz
    for word in words:
        if word.label not in spec.labels[1:]:
            raise UserError(
                f"{truth_file}: {word.label!r} is no label of the model, expected one of "
                f"{', '.join(spec.labels[1:])}"
            )
        if not 0 <= word.time_ms < duration_ms:
            raise UserError(
                f"{truth_file}: {word.label} at {word.time_ms:g} ms, expected 0 to {duration_ms:g} ms, "
                f"the length of {wav_file}"
            )
    return Stream(samples, tuple(words))


def read_truth(path: Path) -> list[Word]:
    """Read the words of a file that ``write_stream`` wrote, or of one in the form of the original.

    Raises:
        UserError: neither of the two.
    """
    try:
        text = read_plain(path, _MOST_TRUTH_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: is not UTF-8 text ({error}); expected lines such as: yes, 1250.0"
        ) from error
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}; expected a file with lines such as: yes, 1250.0"
        ) from error
    if path.suffix == ".json":
        try:
            words = decode(tuple[Word, ...], parse(text, "it"), "it", allow_unknown=False)
            return [replace(word, time_ms=float(word.time_ms)) for word in words]
        except Mismatch as error:
            raise UserError(f"{path}: is not a truth as hil stream writes it ({error})") from error
    found = []
    skipped = 0
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split(",")
        if len(parts) != 2:
            skipped += bool(line.strip())
            continue
        try:
            found.append(Word(parts[0].strip(), float(parts[1])))
        except ValueError as error:
            raise UserError(f"{path}:{number}: {line.strip()!r}, expected: label, time in ms") from error
    if skipped:
        warn(f"{path}: {skipped} lines without exactly one comma were skipped")
    return found
