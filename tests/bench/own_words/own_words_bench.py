"""Words of one's own with thirty takes by one person: ``make bench-own-words``, to out/bench/own_words.json.

The takes are made: phrases of two words, joined from recordings of one speaker of Speech Commands, one after
the other in a recording of 44.1 kHz stereo. ``earshot record --wav`` cuts them, ``earshot train`` trains on
them with German voices. Takes for the measurement share no recording with the others.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from train.audio.excerpt import PHRASE_PAUSE_MS, sounding_parts
from train.audio.wav import read_wav
from train.core import runfolder
from train.core.console import say
from train.core.installation import cache_root
from train.core.layout import TESTING, VALIDATION
from train.core.metrics import poisson_interval
from train.core.operating_point import INFERENCE_STRIDE_ROWS
from train.data.sources import root_of
from train.detection.reference_listener import Heard, Smoothed, decide, smooth, stream_scores
from train.synth import sentences
from train.tflite.tflm import int8_model

_RECORDINGS = Path("../shared/data/speech_commands_dev.tar.xz")
_OUT = Path("out/own_words")
_SPEAKER, _WORDS = "893705bb", {"ap on": ("up", "on"), "ap go": ("up", "go")}
_OTHERS = "stop no right left yes down zero two follow nine five forward eight off"
_RATE_HZ, _DEVICE_HZ = 16000, 44100
_TAKES = {"training": 24, "validation": 3, "testing": 3}
_MEASURED_TAKES = 12
# Which recordings of a word make takes of which split; no recording is in two.
_FIRST = {"training": slice(0, 6), "validation": slice(6, 7), "testing": slice(7, 10)}
_SECOND = {"training": slice(0, 5), "validation": slice(5, 6), "testing": slice(6, 8)}
_SPEECH_MINUTES = 30.0
_WINDOW_MS, _SUPPRESSION_MS, _TARGET_PER_HOUR = 400, 1500, 0.5
_TRAINING = "--preprocess log_mel --architecture spectro_temporal --recipe strong"


@dataclass(frozen=True)
class Said:
    """A word of a stream, and when it may be heard."""

    label: int
    start_ms: float
    end_ms: float


def main() -> None:
    rng = np.random.default_rng(7)
    corpus = root_of(str(_RECORDINGS), ())
    takes, run = _OUT / "mine", _OUT / "run"
    measured: list[tuple[int, NDArray[np.int16]]] = []
    for number, (phrase, words) in enumerate(_WORDS.items()):
        joined = {split: list(_phrases(corpus, words, split, rng)) for split in _TAKES}
        recording = [take for split, count in _TAKES.items() for take in joined[split][:count]]
        measured += [(2 + number, take) for take in joined["testing"][-_MEASURED_TAKES:]]
        _OUT.mkdir(parents=True, exist_ok=True)
        path = _OUT / f"{phrase}.wav"
        audio = soxr.resample(np.concatenate(recording) / 32768, _RATE_HZ, _DEVICE_HZ)
        soundfile.write(path, np.stack([audio, 0.8 * audio], axis=1), _DEVICE_HZ, subtype="PCM_16")
        _earshot("record", "--words", phrase, "--wav", str(path), "--out", str(takes), "--speaker", "anna")
    if not (run / runfolder.TFLITE).is_file():
        words_flag = ",".join(_WORDS)
        flags = ["--words", words_flag, "--data", str(takes), "--language", "de", "--out", str(run)]
        _earshot("train", *flags, *(sys.argv[1:] or _TRAINING.split()))
    result = measure(run, corpus, measured, rng)
    runfolder.write_json(Path("out/bench/own_words.json"), result)
    say(json.dumps(result, indent=2))


def measure(
    run: Path, corpus: Path, takes: list[tuple[int, NDArray[np.int16]]], rng: np.random.Generator
) -> dict[str, object]:
    """What the int8 model hears of takes, of other words of the same speaker, and of German speech.

    One threshold for all words is chosen on the speech of validation voices.
    """
    spec = runfolder.read_spec(run)
    model = int8_model((run / runfolder.TFLITE).read_bytes(), str(run))
    spoken = sentences.speak(
        tuple(_WORDS), cache_root(), seed=spec.seed, language="de", minutes=_SPEECH_MINUTES
    )
    speech = {
        split: np.concatenate([read_wav(path, _RATE_HZ) for path in paths]) for split, paths in spoken.items()
    }

    def smoothed(samples: NDArray[np.int16]) -> Smoothed:
        scores, times_ms = stream_scores(model.run, samples, spec.front_end, INFERENCE_STRIDE_ROWS)
        return smooth(scores, times_ms, _WINDOW_MS, 2)

    def heard_in(stream: Smoothed, threshold: int) -> list[Heard]:
        return decide(stream, (threshold,) * len(spec.labels), _SUPPRESSION_MS, True)

    allowed = _TARGET_PER_HOUR * len(speech[VALIDATION]) / _RATE_HZ / 3600
    validation = smoothed(speech[VALIDATION])
    threshold = next(value for value in range(60, 256) if len(heard_in(validation, value)) <= allowed)
    stream, said = _stream(takes, rng)
    found = heard_in(smoothed(stream), threshold)
    heard = sum(any(_is_it(word, item) for item in found) for word in said)
    wrong = sum(not any(_is_it(word, item) for word in said) for item in found)
    others = [
        read_wav(path, _RATE_HZ)
        for word in _OTHERS.split()
        for path in sorted((corpus / word).glob(f"{_SPEAKER}*"))
    ]
    false_accepts = heard_in(smoothed(speech[TESTING]), threshold)
    other_stream, _ = _stream([(0, clip) for clip in others], rng)
    hours = len(speech[TESTING]) / _RATE_HZ / 3600
    return {
        "label": "host",
        "threshold": threshold,
        "takes": len(said),
        "heard": heard,
        "heard_wrongly": wrong,
        "other_words_of_the_speaker": len(others),
        "other_words_heard": len(heard_in(smoothed(other_stream), threshold)),
        "speech_hours": round(hours, 2),
        "false_accepts": len(false_accepts),
        "false_accepts_in_ten_minutes": sum(item.time_ms < 600_000 for item in false_accepts),
        "false_accepts_per_hour": round(len(false_accepts) / hours, 1),
        "interval": [round(bound / hours, 1) for bound in poisson_interval(len(false_accepts))],
        "tflite_bytes": (run / runfolder.TFLITE).stat().st_size,
        "clip_duration_ms": spec.front_end.clip_duration_ms,
    }


def _phrases(
    corpus: Path, words: tuple[str, str], split: str, rng: np.random.Generator
) -> Iterator[NDArray[np.int16]]:
    """Two words one after the other, in a room with a little noise: takes and, of testing, others."""
    first, second = (_spoken(corpus, word) for word in words)
    pairs = [(a, b) for a in first[_FIRST[split]] for b in second[_SECOND[split]]]
    rng.shuffle(pairs)
    for number in range(_TAKES[split] + _MEASURED_TAKES):
        before, behind = pairs[number % len(pairs)]
        gap = np.zeros(int(rng.uniform(0.03, 0.14) * _RATE_HZ))
        phrase = np.concatenate([before, gap, behind])
        phrase *= rng.uniform(8000, 25_000) / np.abs(phrase).max()
        room = rng.normal(0, rng.uniform(8, 25), int(rng.uniform(2.4, 3.0) * _RATE_HZ))
        start = int(rng.uniform(0.5, 0.9) * _RATE_HZ)
        room[start : start + len(phrase)] += phrase[: len(room) - start]
        yield np.rint(room).astype(np.int16)


def _spoken(corpus: Path, word: str) -> list[NDArray[np.float64]]:
    """The word alone, of each recording of the speaker, in the order of their numbers."""
    paths = sorted((corpus / word).glob(f"{_SPEAKER}_nohash_*.wav"), key=lambda path: int(path.stem[16:]))
    found = []
    for path in paths:
        samples = read_wav(path, _RATE_HZ)
        start, end = max(sounding_parts(samples, _RATE_HZ, PHRASE_PAUSE_MS // 2), key=lambda p: p[1] - p[0])
        found.append(samples[max(0, start - 480) : end + 960].astype(np.float64))
    return found


def _stream(
    clips: list[tuple[int, NDArray[np.int16]]], rng: np.random.Generator
) -> tuple[NDArray[np.int16], list[Said]]:
    """The clips in random order, a second of quiet between them."""
    quiet = lambda: rng.normal(0, 20, _RATE_HZ).astype(np.int16)  # noqa: E731
    pieces, said = [quiet(), quiet()], []
    for index in rng.permutation(len(clips)):
        label, samples = clips[index]
        start = sum(map(len, pieces))
        pieces += [samples, quiet()]
        end = start + len(samples) + _RATE_HZ
        said.append(Said(label, 1000 * start / _RATE_HZ, 1000 * end / _RATE_HZ))
    return np.concatenate([*pieces, quiet()]), said


def _is_it(word: Said, heard: Heard) -> bool:
    return word.label == heard.label and word.start_ms <= heard.time_ms <= word.end_ms


def _earshot(*arguments: str) -> None:
    command = "from train.__main__ import earshot; earshot()"
    subprocess.run([sys.executable, "-c", command, *arguments], check=True)


if __name__ == "__main__":
    main()
