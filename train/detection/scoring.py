"""Judges a stream of detections by what was said: the figures of stream.json.

Detections are matched as by TensorFlow's test_streaming_accuracy: one after the other, each with the first
word that is near enough.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from train.core.metrics import poisson_interval
from train.core.results.boards import DetectionAt, FalseAccepts, LabelHeard, Latency, StreamFigures
from train.core.spec import UNKNOWN_LABEL
from train.detection.labelled_stream import Word
from train.detection.reference_listener import Heard

CORRECT, WRONG, FALSE_POSITIVE = "correct", "wrong", "false positive"
TIME_TOLERANCE_MS = 750  # the original's in C++
MS_PER_HOUR = 3_600_000


@dataclass(frozen=True)
class Judged:
    """A detection with its verdict. ``word``: index of the word it was matched with; None: there was none."""

    verdict: str
    word: int | None


def judge(
    words: Sequence[Word], found: Sequence[tuple[str, float]], tolerance_ms: float, up_to_ms: float
) -> list[Judged]:
    """Judge each detection.

    A detection is matched with the first word at most ``tolerance_ms`` before or after it, even where another
    detection was matched with that word before. It is correct if the label is the same and it is the word's
    first match, wrong if not, and a false positive if there is no such word.

    Args:
        words: sorted by time.
        found: label, and time on the scale of ``Word.time_ms``.
        up_to_ms: how far the stream was heard; later words count only within the tolerance.
    Source:
        CalculateAccuracyStats of speech_commands/accuracy_utils.
    """
    matched: set[int] = set()
    judged = []
    starts_ms = [word.time_ms for word in words]
    for label, time_ms in found:
        around_ms = (time_ms - tolerance_ms - 1, time_ms + tolerance_ms + 1)  # 1: whatever is rounded
        near = (
            index
            for index in range(bisect_left(starts_ms, around_ms[0]), bisect_left(starts_ms, around_ms[1]))
            if abs(starts_ms[index] - time_ms) <= tolerance_ms and starts_ms[index] <= up_to_ms + tolerance_ms
        )
        index = next(near, None)
        if index is None:
            judged.append(Judged(FALSE_POSITIVE, None))
            continue
        is_correct = words[index].label == label and index not in matched
        matched.add(index)
        judged.append(Judged(CORRECT if is_correct else WRONG, index))
    return judged


def score_stream(
    words: Sequence[Word],
    heard: Sequence[Heard],
    labels: Sequence[str],
    clip_ms: int,
    tolerance_ms: float,
    heard_ms: float,
) -> StreamFigures:
    """Compute all figures of a stream.

    A detection counts at the time where its clip began, ``clip_ms`` before the detection's own time. The
    original does the same, and the truth holds such times. False accepts are detections of a word of the
    model, not of ``_unknown_``, that are not correct; false rejects are such words without a correct
    detection.

    Args:
        heard_ms: how far the stream was heard.
    """
    up_to_ms = heard_ms - clip_ms
    found = [(labels[item.label], item.time_ms - clip_ms) for item in heard]
    judged = judge(words, found, tolerance_ms, up_to_ms)
    counted = [word for word in words if word.time_ms <= up_to_ms + tolerance_ms]
    correct = {item.word for item in judged if item.verdict == CORRECT}
    said = Counter(word.label for word in counted)
    rightly = Counter(word.label for index, word in enumerate(counted) if index in correct)
    times_heard = Counter(label for label, _ in found)
    false_accepts = sum(
        item.verdict != CORRECT and label != UNKNOWN_LABEL
        for (label, _), item in zip(found, judged, strict=True)
    )
    return StreamFigures(
        **vars(per_hour(false_accepts, heard_ms)),
        words=len(counted),
        matched=len({item.word for item in judged} - {None}),
        correct=len(correct),
        wrong=sum(item.verdict == WRONG for item in judged),
        false_positives=sum(item.verdict == FALSE_POSITIVE for item in judged),
        wanted_words=sum(word.label != UNKNOWN_LABEL for word in counted),
        false_rejects=sum(
            word.label != UNKNOWN_LABEL and index not in correct for index, word in enumerate(counted)
        ),
        latency_ms=_latency(words, heard, judged),
        per_label=tuple(
            LabelHeard(
                label=label,
                words=said[label],
                correct=rightly[label],
                heard=times_heard[label],
            )
            for label in labels[1:]
        ),
        detections=tuple(
            DetectionAt(
                time_ms=item.time_ms,
                label=labels[item.label],
                score=item.score,
                verdict=verdict.verdict,
                said=words[verdict.word].label if verdict.word is not None else None,
            )
            for item, verdict in zip(heard, judged, strict=True)
        ),
    )


def per_hour(false_accepts: int, heard_ms: float) -> FalseAccepts:
    """Turn a count of false accepts into a rate with its 95 % interval."""
    hours = max(heard_ms, 1) / MS_PER_HOUR
    low, high = poisson_interval(false_accepts)
    return FalseAccepts(
        false_accepts=false_accepts,
        false_accepts_per_hour=round(false_accepts / hours, 2),
        interval=(round(low / hours, 2), round(high / hours, 2)),
    )


def _latency(words: Sequence[Word], heard: Sequence[Heard], judged: Sequence[Judged]) -> Latency | None:
    """Time from the end of a word to its detection; None where no word's end is known."""
    latencies_ms = []
    for item, verdict in zip(heard, judged, strict=True):
        if verdict.verdict != CORRECT or verdict.word is None:
            continue
        word = words[verdict.word]
        if word.label != UNKNOWN_LABEL and word.end_ms is not None:
            latencies_ms.append(item.time_ms - word.end_ms)
    if not latencies_ms:
        return None
    median_ms, p90_ms = np.percentile(latencies_ms, [50, 90])
    return Latency(median=round(float(median_ms), 1), p90=round(float(p90_ms), 1))
