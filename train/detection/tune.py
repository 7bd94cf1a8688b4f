"""Chooses and measures thresholds on streams made of a job's clips: operating_points.json."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.core import runfolder
from train.core.console import log, warn
from train.core.errors import UserError
from train.core.installation import cache_root
from train.core.layout import TESTING, VALIDATION
from train.core.operating_point import (
    INFERENCE_STRIDE_ROWS,
    TARGET_PER_HOUR,
    TUNED,
    OperatingPoint,
    OperatingPoints,
    Point,
    Points,
    SplitStreams,
    StreamContent,
    Streams,
    original,
)
from train.core.results.hearing import WEAK_FRONT_END
from train.core.spec import SILENCE_LABEL, ModelSpec
from train.data.dataset import UNKNOWN_INDEX, Split, make_split
from train.data.job_data import Material
from train.data.sources import SYNTHETIC
from train.data.takes import FEW_RECORDINGS
from train.detection.fitness import MeasuredOn, judge_point
from train.detection.labelled_stream import Stream, StreamSettings, Word, make_stream
from train.detection.reference_listener import stream_scores
from train.detection.running_speech import make_speech_stream
from train.detection.scoring import MS_PER_HOUR
from train.detection.threshold_search import Evidence, Track, choose, curves, measure
from train.settings.job import Job
from train.settings.sampling import Sampling
from train.synth import sentences
from train.synth.lexicon import is_made_for_training
from train.tflite.tflm_pool import Scorer

# Every clip of another word: they are what false accepts come from.
_ALL_OTHERS = 10_000  # percent
_PIECE_MINUTES = 60.0  # of a stream that is made at a time: it takes 400 MB
# An hour without the words tells a target of 0.5 an hour from one of 4; others need as many events.
_MINUTES_AT_1_PER_HOUR = 30.0
_FEWEST_MINUTES, _MOST_MINUTES = 2.0, 60.0
_SPOKEN_SHARE = 1 / 3  # of the minutes without the words: as many with them, at most
_SPEECH_SHARE = 0.5  # of the minutes without the words: running speech


@dataclass(frozen=True)
class Wish:
    """What an operating point is chosen for.

    Attributes:
        target_per_hour: false accepts of all words together, on the validation streams.
        seed: of all streams.
        minutes: of each of four streams; None: as many as target and clips need.
        suppress_each_word: as in ``OperatingPoint``.
        settle: take the point with fewest false accepts where none keeps the target.
        in_force: the point that the firmware is to decide by.
        stride_rows: as in ``OperatingPoint``.
    """

    target_per_hour: float = TARGET_PER_HOUR
    seed: int = StreamSettings.seed
    minutes: float | None = None
    suppress_each_word: bool = True
    settle: bool = False
    in_force: str = TUNED
    stride_rows: int = INFERENCE_STRIDE_ROWS

    @property
    def others_minutes(self) -> float:
        """Of a stream without the words."""
        if self.minutes is not None:
            return self.minutes
        return min(max(_FEWEST_MINUTES, _MINUTES_AT_1_PER_HOUR / self.target_per_hour), _MOST_MINUTES)

    def spoken_minutes(self, words: int, stretch_ms: int) -> float:
        """Of a stream with the words, so that each clip is heard once if that does not take too long."""
        if self.minutes is not None:
            return self.minutes
        each_once = words * stretch_ms / 60_000 / (1 - StreamSettings.unknown_percentage / 100)
        return max(_FEWEST_MINUTES, min(each_once, _SPOKEN_SHARE * self.others_minutes))


def tune(spec: ModelSpec, job: Job, material: Material, score: Scorer, wish: Wish) -> OperatingPoints:
    """Choose a point on validation clips, measure it and the original's on test clips.

    Args:
        material: of the job; with clips for validation and testing.
        score: the scores of the run's model.tflite.
    Raises:
        UserError: no such corpus, clips without audio, or a target that cannot be reached and is not to be
            settled for.
    """
    speech = _running_speech(job, wish.others_minutes * _SPEECH_SHARE)
    streams = {name: _SplitStreams(spec, material, name, speech.get(name, ()), wish) for name in _SPLITS}
    log(
        f"operating point: listening to {sum(made.minutes for made in streams.values()):.0f} minutes of "
        "words, other words, speech and noise"
    )
    validation, test = (made.evidence(score) for made in streams.values())
    point, windows = choose(
        validation,
        wish.target_per_hour,
        wish.stride_rows * spec.front_end.window_stride_ms,
        wish.suppress_each_word,
        settle=wish.settle,
        stride_rows=wish.stride_rows,
    )
    measured_on = _measured_on(job, material, streams[TESTING].split)

    def judged(settings: OperatingPoint) -> Point:
        figures = measure(test, settings)
        verdict = judge_point(figures, wish.target_per_hour, measured_on)
        return Point(settings=settings, test=figures, verdict=verdict)

    return OperatingPoints(
        model_sha256=spec.artefacts[runfolder.TFLITE],
        labels=spec.labels,
        in_force=wish.in_force,
        target_false_accepts_per_hour=wish.target_per_hour,
        points=Points(original=judged(original(len(spec.labels), wish.stride_rows)), tuned=judged(point)),
        curves=curves(test, point),
        windows=windows,
        streams=Streams(validation=_about(validation), testing=_about(test)),
        settings={
            **dataclasses.asdict(StreamSettings(minutes=wish.others_minutes, seed=wish.seed)),
            "inference_stride_rows": wish.stride_rows,
        },
        corpus_sha256=material.tested.corpus.sha256,
    )


_SPLITS = (VALIDATION, TESTING)


def _running_speech(job: Job, minutes: float) -> dict[str, tuple[Path, ...]]:
    """Recordings of running speech for each split; none where the voices cannot speak here."""
    try:
        return sentences.speak(job.words, cache_root(), seed=job.seed, language=job.language, minutes=minutes)
    except UserError as error:
        warn(f"no running speech to count false accepts in: {error}")
        return {}


def _measured_on(job: Job, material: Material, split: Split) -> MeasuredOn:
    """Whom the test streams are made of."""
    clips = {example.clip for example in split.examples if example.label > UNKNOWN_INDEX} - {None}
    has_few = material.recordings_per_word(job.words) < FEW_RECORDINGS
    has_voices = SYNTHETIC in (material.main.source.kind, *(extra.where for extra in job.extra_data))
    is_of_takes = material.tested.corpus.split_rule == "takes"
    return MeasuredOn(
        kind=material.tested.source.kind,
        clips=len(clips),
        speakers=len({clip.speaker for clip in clips if clip}),
        are_trained_on=material.tested is material.main and is_of_takes,
        is_weak=job.front_end.name == WEAK_FRONT_END,
        lacks_voices=has_few and not has_voices and not is_of_takes,
    )


class _SplitStreams:
    """The streams of a split: one with the words, one with all but them."""

    def __init__(
        self, spec: ModelSpec, material: Material, name: str, speech: Sequence[Path], wish: Wish
    ) -> None:
        self._spec, self._name, self._speech = spec, name, speech
        self._stride_rows = wish.stride_rows
        self._audio = material.audio_of(name)
        corpus = material.divided_from[name]
        known = {*spec.words, SILENCE_LABEL}
        has_others = any(
            clip.split == name and clip.word not in known and not is_made_for_training(clip.word)
            for clip in corpus.clips
        )
        sampling = Sampling(0, _ALL_OTHERS if has_others else 0)
        self.split = _of_ordinary_words(make_split(corpus, spec.labels, name, sampling, spec.seed))
        wanted = sum(example.label > UNKNOWN_INDEX for example in self.split.examples)
        stretch_ms = spec.front_end.clip_duration_ms + StreamSettings.word_gap_ms
        spoken = StreamSettings(
            minutes=round(wish.spoken_minutes(wanted, stretch_ms), 2),
            seed=wish.seed,
            unknown_percentage=StreamSettings.unknown_percentage if has_others else 0,
        )
        # Each with random draws of its own.
        others = dataclasses.replace(spoken, minutes=wish.others_minutes, seed=wish.seed + 1)
        speech_share = (_SPEECH_SHARE if has_others else 1.0) if speech else 0.0
        self._spoken = spoken
        self._other_words = _part(others, 1 - speech_share, 100) if has_others else None
        self._running = _part(others, speech_share, 0) if speech else None
        self.minutes = sum(made.minutes for made in (spoken, self._other_words, self._running) if made)

    def evidence(self, score: Scorer) -> Evidence:
        """Make and score all streams.

        Raises:
            UserError: there is nothing to count false accepts in.
        """
        spec, stride_rows = self._spec, self._stride_rows
        spoken = _track(score, spec, stride_rows, _in_pieces(self._spoken, self._words_in))
        parts = []
        if self._other_words:
            parts.append(_track(score, spec, stride_rows, _in_pieces(self._other_words, self._words_in)))
        if self._running:
            said = _track(score, spec, stride_rows, _in_pieces(self._running, self._speech_in))
            parts.append(dataclasses.replace(said, words=(), speech=said.words))
        if not parts:
            raise UserError(
                f"there is neither another word nor running speech for {self._name}, so nothing to count "
                "false accepts in; add folders of other words"
            )
        return Evidence(spoken, _joined(parts), spec.labels, spec.front_end.clip_duration_ms)

    def _words_in(self, settings: StreamSettings) -> Stream:
        return make_stream(self._audio, self.split, self._spec, settings)

    def _speech_in(self, settings: StreamSettings) -> Stream:
        return make_speech_stream(self._audio, self._name, self._speech, self._spec, settings)


def _of_ordinary_words(split: Split) -> Split:
    """Without what was made for training alone, such as near misses: an hour of life holds few of them."""
    ordinary = (
        example
        for example in split.examples
        if not (example.label == UNKNOWN_INDEX and example.clip and is_made_for_training(example.clip.word))
    )
    return dataclasses.replace(split, examples=tuple(ordinary))


def _part(settings: StreamSettings, share: float, unknown_percentage: float) -> StreamSettings:
    minutes = settings.minutes * share
    return dataclasses.replace(settings, minutes=minutes, unknown_percentage=unknown_percentage)


def _in_pieces(settings: StreamSettings, make: Callable[[StreamSettings], Stream]) -> Iterator[Stream]:
    """A stream; a long one is made in pieces that follow each other."""
    pieces = math.ceil(settings.minutes / _PIECE_MINUTES)
    for piece in range(pieces):
        # Seeds of pieces are far apart: the two streams of a split have neighbouring ones.
        seed = settings.seed + 1000 * piece
        yield make(dataclasses.replace(settings, minutes=settings.minutes / pieces, seed=seed))


def _track(score: Scorer, spec: ModelSpec, stride_rows: int, pieces: Iterator[Stream]) -> Track:
    """Score streams that follow each other, every ``stride_rows`` rows."""
    tracks = []
    for stream in pieces:
        scores, times_ms = stream_scores(score, stream.samples, spec.front_end, stride_rows)
        duration_ms = 1000 * len(stream.samples) // spec.front_end.sample_rate_hz
        tracks.append(Track(scores, times_ms, stream.words, duration_ms))
    return _joined(tracks)


def _joined(tracks: Sequence[Track]) -> Track:
    times_ms: list[int] = []
    words: list[Word] = []
    speech: list[Word] = []
    duration_ms = 0.0
    for track in tracks:
        times_ms += [int(duration_ms) + time_ms for time_ms in track.times_ms]
        words += [_later(word, duration_ms) for word in track.words]
        speech += [_later(turn, duration_ms) for turn in track.speech]
        duration_ms += track.duration_ms
    scores = np.concatenate([track.scores for track in tracks])
    return Track(scores, times_ms, tuple(words), duration_ms, tuple(speech))


def _later(word: Word, by_ms: float) -> Word:
    moved = {
        name: value + by_ms
        for name in ("time_ms", "start_ms", "end_ms")
        if (value := getattr(word, name)) is not None
    }
    return dataclasses.replace(word, **moved)


def _about(evidence: Evidence) -> SplitStreams:
    return SplitStreams(spoken=_content(evidence.spoken), others=_content(evidence.others))


def _content(track: Track) -> StreamContent:
    speech_ms = sum((turn.end_ms or 0) - (turn.start_ms or 0) for turn in track.speech)
    return StreamContent(
        hours=round(track.duration_ms / MS_PER_HOUR, 4),
        words=len(track.words),
        clips=len({word.source for word in track.words}),
        speech_hours=round(speech_ms / MS_PER_HOUR, 4),
    )
