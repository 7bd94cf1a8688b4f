"""Chooses and measures thresholds on streams made of a corpus: operating_points.json."""

import dataclasses
import math
from pathlib import Path

import numpy as np

from train.core import runfolder
from train.core.console import warn
from train.core.layout import TESTING, VALIDATION
from train.core.metrics import poisson_interval
from train.core.operating_point import (
    INFERENCE_STRIDE_ROWS,
    TUNED,
    OperatingPoints,
    Point,
    Points,
    SplitStreams,
    StreamContent,
    Streams,
    original,
)
from train.core.spec import ModelSpec
from train.data.dataset import AudioSource, Split
from train.data.job_data import gather
from train.detection.labelled_stream import StreamSettings, Word, make_stream
from train.detection.reference_listener import stream_scores
from train.detection.scoring import MS_PER_HOUR
from train.detection.threshold_search import Evidence, Track, choose, curves, measure
from train.settings.job import trained_job
from train.settings.sampling import Sampling
from train.tflite.tflm import TflmModel, int8_model

# Every clip of another word: they are what false accepts come from.
_SAMPLING = Sampling(silence_percentage=0, unknown_percentage=10_000)
_PIECE_MINUTES = 60.0  # of a stream that is made at a time: it takes 400 MB


def tune(
    run: Path,
    spec: ModelSpec,
    data: str | None,
    target_per_hour: float,
    settings: StreamSettings,
    suppress_each_word: bool = True,
) -> OperatingPoints:
    """Choose a point on validation clips, measure it and the original's on test clips.

    Args:
        data: where the clips are; None: where the run was trained from.
        target_per_hour: false accepts of all words together.
        settings: of each of the four streams.
        suppress_each_word: as in ``OperatingPoint``; of the point that is chosen.
    Raises:
        UserError: no such corpus, a word without a clip in a split, or a target that cannot be reached.
    """
    needed_minutes = math.ceil(60 * poisson_interval(0)[1] / target_per_hour)
    if settings.minutes < needed_minutes:
        warn(
            f"{settings.minutes:g} minutes are too few to be sure of {target_per_hour:g} false accepts an "
            f"hour: not even none in them would prove it (95 %); that takes --minutes {needed_minutes}"
        )
    job = dataclasses.replace(trained_job(run, spec, data), sampling=_SAMPLING)
    material = gather(job, (VALIDATION, TESTING))
    tflite = run / runfolder.TFLITE
    model = int8_model(tflite.read_bytes(), str(tflite))
    validation, test = (
        _evidence(model, material.audio_of(name), material.splits[name], spec, settings)
        for name in (VALIDATION, TESTING)
    )
    inference_ms = INFERENCE_STRIDE_ROWS * spec.front_end.window_stride_ms
    point, windows = choose(validation, target_per_hour, inference_ms, suppress_each_word)
    first = original(len(spec.labels))
    return OperatingPoints(
        model_sha256=spec.artefacts[runfolder.TFLITE],
        labels=spec.labels,
        in_force=TUNED,
        target_false_accepts_per_hour=target_per_hour,
        points=Points(
            original=Point(settings=first, test=measure(test, first)),
            tuned=Point(settings=point, test=measure(test, point)),
        ),
        curves=curves(test, point),
        windows=windows,
        streams=Streams(validation=_about(validation), testing=_about(test)),
        settings={**dataclasses.asdict(settings), "inference_stride_rows": INFERENCE_STRIDE_ROWS},
        corpus_sha256=material.tested.corpus.sha256,
    )


def _evidence(
    model: TflmModel, audio: AudioSource, split: Split, spec: ModelSpec, settings: StreamSettings
) -> Evidence:
    """Make and score both streams of a split, each with random draws of its own."""
    without = dataclasses.replace(settings, unknown_percentage=100, seed=settings.seed + 1)
    spoken, others = (_track(model, audio, split, spec, made) for made in (settings, without))
    return Evidence(spoken, others, spec.labels, spec.front_end.clip_duration_ms)


def _track(
    model: TflmModel, audio: AudioSource, split: Split, spec: ModelSpec, settings: StreamSettings
) -> Track:
    """Make and score a stream; a long one is made in pieces that follow each other."""
    pieces = math.ceil(settings.minutes / _PIECE_MINUTES)
    scores = []
    times_ms: list[int] = []
    words: list[Word] = []
    duration_ms = 0
    for piece in range(pieces):
        # Seeds of pieces are far apart: the two streams of a split have neighbouring ones.
        made = dataclasses.replace(
            settings, minutes=settings.minutes / pieces, seed=settings.seed + 1000 * piece
        )
        stream = make_stream(audio, split, spec, made)
        found, found_ms = stream_scores(model, stream.samples, spec.front_end, INFERENCE_STRIDE_ROWS)
        scores.append(found)
        times_ms += [duration_ms + time_ms for time_ms in found_ms]
        words += [_later(word, duration_ms) for word in stream.words]
        duration_ms += 1000 * len(stream.samples) // spec.front_end.sample_rate_hz
    return Track(np.concatenate(scores), times_ms, tuple(words), duration_ms)


def _later(word: Word, by_ms: int) -> Word:
    moved = {
        name: value + by_ms
        for name in ("time_ms", "start_ms", "end_ms")
        if (value := getattr(word, name)) is not None
    }
    return dataclasses.replace(word, **moved)


def _about(evidence: Evidence) -> SplitStreams:
    return SplitStreams(spoken=_content(evidence.spoken), others=_content(evidence.others))


def _content(track: Track) -> StreamContent:
    return StreamContent(
        hours=round(track.duration_ms / MS_PER_HOUR, 4),
        words=len(track.words),
        clips=len({word.source for word in track.words}),
    )
