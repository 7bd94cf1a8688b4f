"""Chooses thresholds on some recorded streams, and measures them on others.

An operating point is judged by two streams. One has the words of the model in it and shows what is missed.
The other has everything but these words; each of them that is heard in it is a false accept.
"""

import dataclasses
import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.core.errors import UserError
from train.core.metrics import wilson_interval
from train.core.operating_point import (
    INFERENCE_STRIDE_ROWS,
    NEVER,
    Curve,
    OperatingPoint,
    PointFigures,
    PointTest,
    TriedWindow,
    WordFigures,
    original,
)
from train.core.results.boards import StreamFigures
from train.core.results.hearing import FEWEST_HEARD
from train.data.dataset import UNKNOWN_INDEX
from train.detection.labelled_stream import Word
from train.detection.reference_listener import Heard, Smoothed, decide, smooth
from train.detection.scoring import CORRECT, MS_PER_HOUR, TIME_TOLERANCE_MS, judge, per_hour, score_stream

ALL_WORDS = "all words"
_LEVEL_EVENTS = 10  # false accepts of a word
_WINDOWS_MS = (1000, 750, 500, 400, 300, 200, 100)  # tried; of equals the longest is taken


@dataclass(frozen=True, eq=False)
class Track:
    """A stream as the model scored it, and what is said in it.

    Attributes:
        scores: (inferences, labels) int8; ``times_ms``: of each, the end of the audio it is about.
        speech: running speech, which is none of the ``words``: from when to when, and its recording.
    """

    scores: NDArray[np.int8]
    times_ms: Sequence[int]
    words: tuple[Word, ...]
    duration_ms: float
    speech: tuple[Word, ...] = ()


@dataclass(frozen=True, eq=False)
class Evidence:
    """The two streams that a point is judged by.

    Attributes:
        spoken: words of the model, other words, noise.
        others: other words, running speech, noise; every word of the model heard in it is a false accept.
    """

    spoken: Track
    others: Track
    labels: tuple[str, ...]
    clip_ms: int

    @property
    def words(self) -> range:
        """The labels of the words of the model."""
        return range(UNKNOWN_INDEX + 1, len(self.labels))


class Smoothing:
    """The scores of both streams, smoothed in one way, to try thresholds on."""

    def __init__(self, evidence: Evidence, point: OperatingPoint) -> None:
        """Smooth as a point says; its thresholds are not used."""
        self._evidence = evidence
        self._suppression_ms, self._suppress_each_word = point.suppression_ms, point.suppress_each_word
        self._spoken, self._others = (
            smooth(track.scores, track.times_ms, point.window_ms, point.minimum_count)
            for track in (evidence.spoken, evidence.others)
        )

    def false_accepts(self, thresholds: Sequence[int]) -> list[Heard]:
        """The words of the model that are heard in the stream without any."""
        return self._heard(self._others, thresholds)

    def spoken_figures(self, thresholds: Sequence[int]) -> StreamFigures:
        """``score_stream`` of the stream with the words; ``_unknown_`` counts as nothing heard."""
        evidence = self._evidence
        heard = self._heard(self._spoken, thresholds)
        track = evidence.spoken
        return score_stream(
            track.words, heard, evidence.labels, evidence.clip_ms, TIME_TOLERANCE_MS, track.duration_ms
        )

    def heard_rightly(self, thresholds: Sequence[int]) -> int:
        """How many words of the stream with the words are heard: what the figures say, found quickly."""
        evidence = self._evidence
        heard = self._heard(self._spoken, thresholds)
        found = [(evidence.labels[item.label], item.time_ms - evidence.clip_ms) for item in heard]
        judged = judge(
            evidence.spoken.words, found, TIME_TOLERANCE_MS, evidence.spoken.duration_ms - evidence.clip_ms
        )
        return sum(verdict.verdict == CORRECT for verdict in judged)

    def scores_on_top(self, word: int) -> set[int]:
        """Every mean score with which a word is on top. Thresholds between two of them act alike."""
        return {
            int(score)
            for smoothed in (self._spoken, self._others)
            for score in np.unique(smoothed.scores[smoothed.labels == word])
        }

    def _heard(self, smoothed: Smoothed, thresholds: Sequence[int]) -> list[Heard]:
        heard = decide(smoothed, thresholds, self._suppression_ms, self._suppress_each_word)
        return [item for item in heard if item.label > UNKNOWN_INDEX]


# Choice


def choose(
    evidence: Evidence,
    target_per_hour: float,
    inference_ms: int,
    suppress_each_word: bool = True,
    *,
    settle: bool = False,
    stride_rows: int = INFERENCE_STRIDE_ROWS,
) -> tuple[OperatingPoint, tuple[TriedWindow, ...]]:
    """Choose the point that hears most words with no more false accepts than a target allows.

    For each window, the thresholds of all words fall together, from the highest on, as long as the target is
    kept; how far apart they lie is how far apart the words are where each has many false accepts. So one
    number alone is chosen where there are few: thresholds of ten words, each with no false accept in an hour,
    have ten in the next one (docs/adr/0040-thresholds-fall-together.md). The window with which most words are
    heard is taken.

    Silence and ``_unknown_`` compete for the highest score, but are never reported: without
    ``suppress_each_word`` a report would end the suppression of a word.

    Args:
        target_per_hour: false accepts of all words together.
        inference_ms: from one inference to the next.
        suppress_each_word: as in ``OperatingPoint``.
        settle: where no point within the target hears half of the words, take one that does with the fewest
            false accepts; its thresholds fall together, too.
        stride_rows: as in ``OperatingPoint``.
    Returns:
        the point, and every window that was tried.
    Raises:
        UserError: even the highest thresholds give more false accepts, and nothing is to be settled for.
    """
    base = original(len(evidence.labels), stride_rows)
    base = dataclasses.replace(base, suppress_each_word=suppress_each_word)
    tried: list[tuple[int, OperatingPoint]] = []
    rows: list[TriedWindow] = []
    reachable: list[tuple[int, int]] = []
    smoothed: list[tuple[OperatingPoint, Smoothing]] = []
    said = sum(word.label in evidence.labels[UNKNOWN_INDEX + 1 :] for word in evidence.spoken.words)
    hours = evidence.others.duration_ms / MS_PER_HOUR
    for window_ms in _WINDOWS_MS:
        results_in_window = window_ms // inference_ms + 1
        minimum_count = min(base.minimum_count, results_in_window)
        point = dataclasses.replace(base, window_ms=window_ms, minimum_count=minimum_count)
        smoothing = Smoothing(evidence, point)
        smoothed.append((point, smoothing))
        thresholds, events = _thresholds(smoothing, evidence, target_per_hour * hours)
        if thresholds is None:
            reachable.append((events, window_ms))
            rows.append(TriedWindow(window_ms=window_ms, reaches_target=False))
            continue
        point = dataclasses.replace(point, thresholds=thresholds)
        figures = smoothing.spoken_figures(thresholds)
        heard = figures.wanted_words - figures.false_rejects
        tried.append((heard, point))
        rows.append(
            TriedWindow(
                **vars(per_hour(len(smoothing.false_accepts(thresholds)), evidence.others.duration_ms)),
                window_ms=window_ms,
                reaches_target=True,
                thresholds=thresholds,
                said=figures.wanted_words,
                heard=heard,
            )
        )
    most_heard = max((heard for heard, _ in tried), default=0)
    if settle and most_heard < FEWEST_HEARD * said:
        return _settled(smoothed, evidence, said), tuple(rows)
    if not tried:
        events, window_ms = min(reachable)
        needed = math.ceil(100 * events / hours) / 100
        raise UserError(
            f"--false-accepts-per-hour {target_per_hour:g} cannot be reached on the validation audio: even "
            f"at the highest threshold, {NEVER - 1}, with a window of {window_ms} ms, there are {needed:g} "
            f"an hour; ask for --false-accepts-per-hour {needed:g}, or train a better model"
        )
    return max(tried, key=lambda item: item[0])[1], tuple(rows)


def _thresholds(
    smoothing: Smoothing, evidence: Evidence, most_events: float
) -> tuple[tuple[int, ...] | None, int]:
    """Find the lowest thresholds with at most ``most_events``, of those that fall together.

    Returns:
        them; or None, and the events at the highest ones, which are more.
    """
    lowest = None
    for thresholds in _falling(_levels(smoothing, evidence)):
        events = len(smoothing.false_accepts(thresholds))
        if events > most_events:
            return lowest, events
        lowest = thresholds
    return lowest, 0


def _levels(smoothing: Smoothing, evidence: Evidence) -> dict[int, float]:
    """Each word's threshold where false accepts are many enough to compare words by.

    It is drawn halfway to that of the average word: ten events say what a word's is within a third.
    """
    own = {}
    for word in evidence.words:
        from_the_top = _events_from_the_top(smoothing, word, len(evidence.labels))
        own[word] = next((threshold for threshold, events in from_the_top if events >= _LEVEL_EVENTS), 0)
    average = sum(own.values()) / len(own)
    return {word: (level + average) / 2 for word, level in own.items()}


def _falling(levels: Mapping[int, float]) -> Iterator[tuple[int, ...]]:
    """Thresholds of all labels: from the highest to the levels in even shares, then on, each by one."""
    highest = NEVER - 1
    for step in range(2 * highest + 1):
        share, below = min(step, highest) / highest, max(0, step - highest)
        words = (max(0, round(highest - share * (highest - level)) - below) for level in levels.values())
        yield (NEVER,) * (UNKNOWN_INDEX + 1) + tuple(words)


def _settled(
    smoothed: Sequence[tuple[OperatingPoint, Smoothing]], evidence: Evidence, said: int
) -> OperatingPoint:
    """Of the points that hear half of what is said, or most, one with the fewest false accepts."""
    found = []
    for point, smoothing in smoothed:
        heard, thresholds = _hearing_half(smoothing, evidence, said)
        false_accepts = len(smoothing.false_accepts(thresholds))
        found.append((-heard, false_accepts, dataclasses.replace(point, thresholds=thresholds)))
    return min(found, key=lambda item: item[:2])[2]


def _hearing_half(smoothing: Smoothing, evidence: Evidence, said: int) -> tuple[float, tuple[int, ...]]:
    """The highest thresholds, of those that fall together, with which half of the words are heard, or most.

    Returns:
        how many they hear, but half at most; and they.
    """
    half = FEWEST_HEARD * said
    falling = _falling(_levels(smoothing, evidence))
    most, highest = 0.0, next(falling)
    for thresholds in falling:
        heard = min(half, smoothing.heard_rightly(thresholds))
        if heard > most:
            most, highest = heard, thresholds
        if heard == half:
            break
    return most, highest


def _events_from_the_top(smoothing: Smoothing, word: int, label_count: int) -> Iterator[tuple[int, int]]:
    """Yield thresholds of a word, falling, each with the false accepts of this word."""
    on_top = smoothing.scores_on_top(word)
    events = 0
    thresholds = [NEVER] * label_count
    for threshold in range(NEVER - 1, -1, -1):
        if threshold + 1 in on_top:
            thresholds[word] = threshold
            events = len(smoothing.false_accepts(thresholds))
        yield threshold, events


# What a point is worth


def measure(evidence: Evidence, point: OperatingPoint) -> PointTest:
    """Measure false accepts and false rejects of each word and of all, with 95 % intervals.

    ``false_accept_clips`` says of how many clips the false accepts are (noise alone counts as one each): the
    interval takes each for independent, and is too narrow where one clip is heard again and again.
    """
    smoothing = Smoothing(evidence, point)
    spoken = smoothing.spoken_figures(point.thresholds)
    said = {row.label: row for row in spoken.per_label}
    heard = smoothing.false_accepts(point.thresholds)
    sources = _sources(evidence, heard)
    rows = []
    for word in evidence.words:
        label = evidence.labels[word]
        mine = [source for source, item in zip(sources, heard, strict=True) if item.label == word]
        rows.append(
            WordFigures(
                **_figures(mine, evidence, said[label].words, said[label].correct),
                label=label,
                threshold=point.thresholds[word],
            )
        )
    wanted = spoken.wanted_words
    return PointTest(
        words=tuple(rows),
        all=PointFigures(**_figures(sources, evidence, wanted, wanted - spoken.false_rejects)),
        confused=spoken.false_accepts,
        latency_ms=spoken.latency_ms,
    )


def _figures(false_accepts: list[str], evidence: Evidence, said: int, correct: int) -> dict[str, Any]:
    """The fields of ``PointFigures``; of false accepts the clips are given."""
    rate, missed = per_hour(len(false_accepts), evidence.others.duration_ms), said - correct
    return {
        "false_accepts": rate.false_accepts,
        "false_accepts_per_hour": rate.false_accepts_per_hour,
        "false_accepts_interval": rate.interval,
        "false_accept_clips": len(set(false_accepts)),
        "said": said,
        "false_rejects": missed,
        "false_rejects_interval": wilson_interval(missed, said),
    }


def _sources(evidence: Evidence, heard: Sequence[Heard]) -> list[str]:
    """Name the recording that each detection is about; each one in noise gets a name of its own."""
    words = evidence.others.words
    found = [(evidence.labels[item.label], item.time_ms - evidence.clip_ms) for item in heard]
    judged = judge(words, found, TIME_TOLERANCE_MS, evidence.others.duration_ms)
    return [
        _speech_at(evidence, item.time_ms) if verdict.word is None else words[verdict.word].source
        for item, verdict in zip(heard, judged, strict=True)
    ]


def _speech_at(evidence: Evidence, time_ms: int) -> str:
    """The recording of running speech that is heard at this time, or noise."""
    speech = evidence.others.speech
    place = bisect_right([turn.time_ms for turn in speech], time_ms - evidence.clip_ms // 2) - 1
    if place >= 0 and time_ms - evidence.clip_ms <= (speech[place].end_ms or 0):
        return speech[place].source
    return f"noise at {time_ms}"


def curves(evidence: Evidence, point: OperatingPoint) -> tuple[Curve, ...]:
    """Compute false accepts and false rejects at every threshold, smoothed as a point says.

    Returns:
        for each word alone, and for all with one threshold.
    """
    smoothing = Smoothing(evidence, point)
    groups = [(evidence.labels[word], [word]) for word in evidence.words]
    groups.append((ALL_WORDS, list(evidence.words)))
    return tuple(_curve(smoothing, label, words, len(evidence.labels)) for label, words in groups)


def _curve(smoothing: Smoothing, label: str, words: Sequence[int], label_count: int) -> Curve:
    on_top = set[int]().union(*(smoothing.scores_on_top(word) for word in words))
    points: list[tuple[int, int, int]] = []
    nothing = smoothing.spoken_figures([NEVER] * label_count).per_label
    said = sum(nothing[word - UNKNOWN_INDEX].words for word in words)
    for threshold in range(NEVER, -1, -1):
        if threshold != NEVER and threshold + 1 not in on_top:
            continue
        thresholds = [threshold if index in words else NEVER for index in range(label_count)]
        missed = said - smoothing.heard_rightly(thresholds)
        counts = (len(smoothing.false_accepts(thresholds)), missed)
        if not points or points[-1][1:] != counts:
            points.append((threshold, *counts))
    return Curve(label=label, said=said, points=tuple(points))
