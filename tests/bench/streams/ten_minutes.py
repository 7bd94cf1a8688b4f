"""Streams of ten minutes with what is said in them: test clips of real words in running noise and speech.

They stand beside the hour that operating points are measured on: there, words and what is none of them are
apart; here, as in a room, people talk, somebody says a word, and others go on.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hil.live.detector import Detector
from train.audio.recording import read_recording
from train.audio.wav import to_float, to_int16
from train.core import runfolder
from train.core.installation import cache_root
from train.core.layout import TESTING
from train.core.metrics import poisson_interval, wilson_interval
from train.core.spec import UNKNOWN_LABEL, ModelSpec
from train.data.dataset import AudioSource, Example, Split
from train.data.job_data import gather
from train.detection.labelled_stream import Stream, StreamSettings, Word, mix_in, noise_bed, write_stream
from train.detection.reference_listener import Heard
from train.detection.scoring import TIME_TOLERANCE_MS, score_stream
from train.settings.job import trained_job
from train.synth import sentences

_MINUTES, _STREAMS = 10.0, 3
_WORDS_BETWEEN_TURNS = 8  # clips, a third of them of other words, before somebody talks again
_GAP_S = (0.5, 1.5)


def hear(run: Path, to: Path) -> dict[str, Any]:
    """Make the streams into a folder, let the C of a run hear them at its operating point, judge it.

    Every run of the same words and corpora hears the same streams.
    """
    spec = runfolder.read_spec(run, needs=[runfolder.TFLITE])
    job = trained_job(run, spec, None)
    material = gather(job, (TESTING,))
    audio, split = material.audio_of(TESTING), material.splits[TESTING]
    spoken = sentences.speak(
        job.words, cache_root(), seed=job.seed, language=job.language, minutes=_MINUTES * _STREAMS
    )
    streams = []
    for number in range(_STREAMS):
        settings = StreamSettings(minutes=_MINUTES, seed=job.seed + number)
        stream = _stream(audio, split, spoken[TESTING][number::_STREAMS], spec, settings)
        write_stream(to / str(number), stream, spec.front_end.sample_rate_hz)
        streams.append(_judged(run, spec, stream))
    words, heard, false_accepts = (
        sum(made[name] for made in streams) for name in ("words", "heard", "false_accepts")
    )
    hours = _MINUTES * _STREAMS / 60
    return {
        "words": words,
        "heard": heard,
        "heard_interval": wilson_interval(heard, words),
        "false_accepts": false_accepts,
        "false_accepts_per_hour": false_accepts / hours,
        "false_accepts_interval": [round(bound / hours, 2) for bound in poisson_interval(false_accepts)],
        "hours": hours,
        "streams": streams,
    }


def _stream(
    audio: AudioSource, split: Split, speech: Sequence[Path], spec: ModelSpec, settings: StreamSettings
) -> Stream:
    """Somebody talks, words are said, somebody else talks, in the noise of the corpus."""
    rate_hz = spec.front_end.sample_rate_hz
    rng = np.random.default_rng(settings.seed)
    mixed = noise_bed(audio, split.name, spec, settings, rng)
    clips = _dealt(split, rng)
    turns = iter([speech[place] for place in rng.permutation(len(speech))])
    words: list[Word] = []
    offset = 0
    while True:
        turn = to_float(read_recording(next(turns), rate_hz).samples)
        pieces = [(UNKNOWN_LABEL, "speech", turn)] + [
            (spec.labels[example.label], example.clip.name, audio.clip_audio(example.clip))
            for example in (next(clips) for _ in range(_WORDS_BETWEEN_TURNS))
            if example.clip is not None
        ]
        for label, source, samples in pieces:
            if offset + len(samples) > len(mixed):
                return Stream(to_int16(mixed), tuple(words))
            mix_in(mixed, offset, samples)
            if source != "speech":
                end_ms = 1000 * (offset + len(samples)) / rate_hz
                words.append(Word(label, 1000 * offset / rate_hz, end_ms=end_ms, source=source))
            offset += len(samples) + int(rng.uniform(*_GAP_S) * rate_hz)


def _dealt(split: Split, rng: np.random.Generator) -> Iterator[Example]:
    """The clips of a split in random order, over and over; of silence there is enough between them."""
    said = [example for example in split.examples if example.clip is not None and example.label > 0]
    while True:
        yield from (said[place] for place in rng.permutation(len(said)))


def _judged(run: Path, spec: ModelSpec, stream: Stream) -> dict[str, Any]:
    with Detector.load(run) as detector:
        found = [Heard(item.time_ms, item.label, item.score) for item in detector.push(stream.samples)]
    duration_ms = 1000 * len(stream.samples) / spec.front_end.sample_rate_hz
    clip_ms = spec.front_end.clip_duration_ms
    figures = score_stream(stream.words, found, spec.labels, clip_ms, TIME_TOLERANCE_MS, duration_ms)
    return {
        "words": figures.wanted_words,
        "heard": figures.wanted_words - figures.false_rejects,
        "false_accepts": figures.false_accepts,
        "other_words": figures.words - figures.wanted_words,
        "detections": [dataclasses.asdict(item) for item in figures.detections],
    }
