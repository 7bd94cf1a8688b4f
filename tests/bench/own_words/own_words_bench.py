"""Words of one's own with thirty takes by one person: ``make bench-own-words``, to out/bench/own_words.json.

The takes are made: phrases of two words, joined from recordings of one speaker of Speech Commands, one after
the other in a recording of 44.1 kHz stereo. ``earshot record --wav`` cuts them, ``earshot train`` trains on
them with German voices. The firmware's C then listens, at the operating point that the training chose: to
takes that share no recording with those trained on, to other words of the speaker, and to an hour of German.

Flags go to ``earshot train``: ``python tests/bench/own_words/own_words_bench.py --training-steps 200``. A
finished run is measured again; ``rm -r out/own_words`` begins again.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from hil.live.detector import Detection, Detector
from train.audio.excerpt import PHRASE_PAUSE_MS, sounding_parts
from train.audio.wav import read_wav
from train.core import runfolder
from train.core.console import say
from train.core.installation import cache_root
from train.core.layout import TESTING
from train.core.metrics import poisson_interval, wilson_interval
from train.core.operating_point import in_force
from train.core.spec import UNKNOWN_LABEL
from train.data.sources import root_of
from train.synth import sentences

_RECORDINGS = Path("../shared/data/speech_commands_dev.tar.xz")
_OUT = Path("out/own_words")
_SPEAKER, _WORDS = "893705bb", {"ap on": ("up", "on"), "ap go": ("up", "go")}
_HALVES = "up on go"
_OTHERS = "stop no right left yes down zero two follow nine five forward eight off"
_RATE_HZ, _DEVICE_HZ = 16000, 44100
_TAKES = {"training": 24, "validation": 3, "testing": 3}
_MEASURED_TAKES = 12
# Which recordings of a word make takes of which split; no recording is in two.
_FIRST = {"training": slice(0, 6), "validation": slice(6, 7), "testing": slice(7, 10)}
_SECOND = {"training": slice(0, 5), "validation": slice(5, 6), "testing": slice(6, 8)}
_SPEECH_MINUTES = 60.0
Clip = tuple[str, NDArray[np.int16]]  # what is said, and its samples


def main() -> None:
    """Record, train, listen, write and print."""
    rng = np.random.default_rng(7)
    corpus = root_of(str(_RECORDINGS), ())
    recordings: dict[str, NDArray[np.int16]] = {}
    held_out: list[Clip] = []
    for phrase, words in _WORDS.items():
        joined = {split: list(_phrases(corpus, words, split, rng)) for split in _TAKES}
        takes = [take for split, count in _TAKES.items() for take in joined[split][:count]]
        recordings[phrase] = np.concatenate(takes)
        held_out += [(phrase, take) for take in joined[TESTING][-_MEASURED_TAKES:]]
    run = _OUT / "run"
    if not (run / runfolder.TFLITE).is_file():
        _train(recordings, run, sys.argv[1:])
    result = measure(run, corpus, held_out, rng)
    runfolder.write_json(Path("out/bench/own_words.json"), result)
    say(json.dumps(result, indent=2))


def _train(recordings: Mapping[str, NDArray[np.int16]], run: Path, flags: Sequence[str]) -> None:
    """Cut the takes out of a recording of each phrase, and train on them, as a user does."""
    shutil.rmtree(_OUT, ignore_errors=True)
    _OUT.mkdir(parents=True)
    takes = _OUT / "mine"
    for phrase, samples in recordings.items():
        path = _OUT / f"{phrase}.wav"
        audio = soxr.resample(samples / 32768, _RATE_HZ, _DEVICE_HZ)
        soundfile.write(path, np.stack([audio, 0.8 * audio], axis=1), _DEVICE_HZ, subtype="PCM_16")
        _earshot("record", "--words", phrase, "--wav", path, "--out", takes, "--speaker", "anna")
    _earshot("train", "--words", ",".join(recordings), "--data", takes, "--language", "de",
             "--preset", "best", "--out", run, *flags)  # fmt: skip


def measure(run: Path, corpus: Path, held_out: Sequence[Clip], rng: np.random.Generator) -> dict[str, object]:
    """What the firmware's C hears: takes held out, other words of the speaker, an hour of German speech."""
    spec = runfolder.read_spec(run)
    spoken = sentences.speak(
        tuple(_WORDS), cache_root(), seed=spec.seed, language="de", minutes=_SPEECH_MINUTES
    )
    speech = np.concatenate([read_wav(path, _RATE_HZ) for path in spoken[TESTING]])
    stream, said = _stream(held_out, rng)
    found = _heard(run, stream)
    heard = sum(any(_is_of(word, item) for item in found) for word in said)
    wrong = sum(not any(_is_of(word, item) for word in said) for item in found)
    hours = len(speech) / _RATE_HZ / 3600
    false_accepts = _heard(run, speech)
    _, point = in_force(run, spec)
    return {
        "label": "host",
        "command": runfolder.read_json(run / runfolder.JOB)["command"],
        "window_ms": point.window_ms,
        "thresholds": dict(zip(spec.words, point.thresholds[-len(spec.words) :], strict=True)),
        "takes": len(said),
        "heard": heard,
        "heard_interval": wilson_interval(heard, len(said)),
        "heard_wrongly": wrong,
        "halves_of_the_speaker": _wrongly_heard(run, corpus, _HALVES, rng),
        "other_words_of_the_speaker": _wrongly_heard(run, corpus, _OTHERS, rng),
        "speech_hours": round(hours, 2),
        "false_accepts": len(false_accepts),
        "false_accepts_in_ten_minutes": sum(item.time_ms < 600_000 for item in false_accepts),
        "false_accepts_per_hour": round(len(false_accepts) / hours, 1),
        "false_accepts_interval": [round(bound / hours, 1) for bound in poisson_interval(len(false_accepts))],
        "tflite_bytes": (run / runfolder.TFLITE).stat().st_size,
        "clip_duration_ms": spec.front_end.clip_duration_ms,
    }


def _heard(run: Path, samples: NDArray[np.int16]) -> list[Detection]:
    """The words of the model that are heard, at the operating point in force."""
    with Detector.load(run) as detector:
        return [found for found in detector.push(samples) if found.word != UNKNOWN_LABEL]


def _wrongly_heard(run: Path, corpus: Path, words: str, rng: np.random.Generator) -> dict[str, int]:
    """How many other words of the speaker are said, and how often one of the model's is heard in them."""
    paths = [path for word in words.split() for path in sorted((corpus / word).glob(f"{_SPEAKER}*"))]
    stream, said = _stream([(path.parent.name, read_wav(path, _RATE_HZ)) for path in paths], rng)
    return {"said": len(said), "heard": len(_heard(run, stream))}


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
    clips: Sequence[Clip], rng: np.random.Generator
) -> tuple[NDArray[np.int16], list[tuple[str, float, float]]]:
    """The clips in random order, a second of quiet between them; and when each word may be heard, in ms."""
    quiet = lambda: rng.normal(0, 20, _RATE_HZ).astype(np.int16)  # noqa: E731
    pieces, said = [quiet(), quiet()], []
    for index in rng.permutation(len(clips)):
        word, samples = clips[index]
        start = sum(map(len, pieces))
        pieces += [samples, quiet()]
        end = start + len(samples) + _RATE_HZ
        said.append((word, 1000 * start / _RATE_HZ, 1000 * end / _RATE_HZ))
    return np.concatenate([*pieces, quiet()]), said


def _is_of(said: tuple[str, float, float], heard: Detection) -> bool:
    word, start_ms, end_ms = said
    return word == heard.word and start_ms <= heard.time_ms <= end_ms


def _earshot(*arguments: str | Path) -> None:
    command = "from train.__main__ import earshot; earshot()"
    subprocess.run([sys.executable, "-c", command, *arguments], check=True)


if __name__ == "__main__":
    main()
