"""A small corpus that trains in seconds, for the tests that go through the whole chain."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from train.audio import wav

_RATE_HZ = 16000
_TONES_HZ = {"yes": 500, "no": 1500, "bed": 2700, "cat": 4100}  # each "word" is a tone: learnt at once
_TAKES = 2
_LISTED_SPEAKERS = {"validation_list.txt": (8, 9), "testing_list.txt": (10, 11)}


def write_corpus(
    root: Path,
    words: Sequence[str] = tuple(_TONES_HZ),
    *,
    speakers: int = 12,
    lists: bool = True,
    background: bool = True,
) -> Path:
    """Speech Commands layout: two takes of each word by each speaker, who differ in pitch."""
    rng = np.random.default_rng(5)
    seconds = np.arange(_RATE_HZ) / _RATE_HZ

    def write(path: Path, audio: np.ndarray) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav.encode_wav(wav.to_int16(audio.astype(np.float32)), _RATE_HZ))

    for word in words:
        for speaker in range(speakers):
            for take in range(_TAKES):
                tone = np.sin(2 * np.pi * (_TONES_HZ[word] + 15 * speaker) * seconds)
                noise = rng.normal(0, 0.01, _RATE_HZ)
                write(root / word / f"speaker{speaker:02}_nohash_{take}.wav", 0.08 * tone + noise)
    if background:
        write(root / "_background_noise_" / "hum.wav", rng.normal(0, 0.02, 5 * _RATE_HZ))
    for name, listed in _LISTED_SPEAKERS.items() if lists else ():
        lines = [
            f"{word}/speaker{speaker:02}_nohash_{take}.wav\n"
            for word in words
            for speaker in listed
            for take in range(_TAKES)
        ]
        (root / name).write_text("".join(lines), encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def make_corpus() -> Callable[..., Path]:
    """``make_corpus(folder, words=("yes", "no"), speakers=12, lists=True, background=True)``."""
    return write_corpus
