"""Verdicts and figures of streams, worked out by hand; and the decisions of the twin."""

import numpy as np
import pytest

from train.core.metrics import poisson_interval
from train.core.operating_point import original
from train.core.results.boards import DetectionAt, LabelHeard, Latency, StreamFigures
from train.detection.labelled_stream import Word
from train.detection.reference_listener import Heard, recognize
from train.detection.scoring import CORRECT, FALSE_POSITIVE, WRONG, judge, score_stream

LABELS = ("_silence_", "_unknown_", "yes", "no")
UNKNOWN, YES, NO = 1, 2, 3
WORDS = (
    Word("yes", 1000, 1200, 1600),
    Word("no", 4000, 4200, 4700),
    Word("_unknown_", 7000, 7100, 7900),
    Word("yes", 10000, 10300, 10800),
)
TEN_MINUTES_MS = 600_000


def verdicts(*found: tuple[str, float], up_to_ms: float = 1e9) -> list[tuple[str, int | None]]:
    return [(item.verdict, item.word) for item in judge(WORDS, found, 750, up_to_ms)]


def test_the_first_word_near_enough_decides() -> None:
    assert verdicts(("yes", 1200), ("no", 3500), ("yes", 7000), ("yes", 12000)) == [
        (CORRECT, 0),
        (CORRECT, 1),
        (WRONG, 2),
        (FALSE_POSITIVE, None),
    ]


def test_the_tolerance_is_part_of_it() -> None:
    assert verdicts(("yes", 1750), ("yes", 1750.1), ("yes", 250), ("yes", 249.9)) == [
        (CORRECT, 0),
        (FALSE_POSITIVE, None),
        (WRONG, 0),
        (FALSE_POSITIVE, None),
    ]


def test_a_word_counts_once() -> None:
    """The original: right label, but its time was matched before. A wrong match uses it up, too."""
    assert verdicts(("yes", 1000), ("yes", 1100)) == [(CORRECT, 0), (WRONG, 0)]
    assert verdicts(("no", 1000), ("yes", 1100)) == [(WRONG, 0), (WRONG, 0)]


def test_the_first_of_two_near_words_is_taken_even_if_the_second_would_fit() -> None:
    words = (Word("no", 1000), Word("yes", 1500))
    assert [item.word for item in judge(words, [("yes", 1400)], 750, 1e9)] == [0]
    assert judge(words, [("yes", 1400)], 750, 1e9)[0].verdict == WRONG


def test_words_far_behind_the_end_do_not_count() -> None:
    assert verdicts(("yes", 9900), up_to_ms=9200) == [(FALSE_POSITIVE, None)]
    assert verdicts(("yes", 9900), up_to_ms=9250) == [(CORRECT, 3)]


def score(*heard: Heard, heard_ms: float = TEN_MINUTES_MS) -> StreamFigures:
    return score_stream(WORDS, heard, LABELS, clip_ms=1000, tolerance_ms=750, heard_ms=heard_ms)


def test_figures_of_a_stream() -> None:
    figures = score(
        Heard(2200, YES, 230),  # begins at 1200: correct, 600 ms behind the end of the word
        Heard(5100, YES, 210),  # begins at 4100, where "no" was said: wrong
        Heard(8000, UNKNOWN, 220),  # correct
        Heard(11_300, YES, 250),  # correct, 500 ms behind the end
        Heard(50_000, NO, 201),  # nothing was said
        Heard(60_000, UNKNOWN, 201),  # the same, but nothing was accepted
    )
    names = ("words", "matched", "correct", "wrong", "false_positives", "wanted_words", "false_rejects")
    assert [getattr(figures, name) for name in names] == [4, 4, 3, 1, 2, 3, 1]
    assert figures.false_accepts == 2
    assert figures.false_accepts_per_hour == 12
    low, high = poisson_interval(2)
    assert figures.interval == (round(6 * low, 2), round(6 * high, 2))
    assert figures.latency_ms == Latency(median=550.0, p90=590.0)
    assert figures.per_label == (
        LabelHeard(label="_unknown_", words=1, correct=1, heard=2),
        LabelHeard(label="yes", words=2, correct=2, heard=3),
        LabelHeard(label="no", words=1, correct=0, heard=1),
    )
    assert figures.detections[1] == DetectionAt(
        time_ms=5100, label="yes", score=210, verdict=WRONG, said="no"
    )
    assert figures.detections[4].said is None


def test_nothing_heard() -> None:
    figures = score()
    assert (figures.matched, figures.false_rejects, figures.latency_ms) == (0, 3, None)
    assert figures.interval[1] == pytest.approx(6 * 3.6889, abs=0.01)  # -ln(0.025) in ten minutes


def test_a_stream_cut_short_counts_only_what_was_heard() -> None:
    figures = score(Heard(2200, YES, 230), heard_ms=4000)  # words up to 3000 + 750
    assert (figures.words, figures.correct, figures.false_rejects) == (1, 1, 0)
    assert score(heard_ms=0).words == 0


@pytest.mark.parametrize(
    ("events", "low", "high"),
    # F. Garwood's table of 1936, as reprinted everywhere
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (2, 0.242, 7.225), (10, 4.795, 18.390), (100, 81.364, 121.627)],
)
def test_poisson_interval(events: int, low: float, high: float) -> None:
    assert poisson_interval(events) == pytest.approx((low, high), abs=5e-4)


def decisions(*labels: int, step_ms: int = 100, score: int = 127) -> list[tuple[int, int]]:
    """Times and labels of what a stream of sure inferences leads to."""
    scores = np.full((len(labels), len(LABELS)), -128, np.int8)
    scores[np.arange(len(labels)), labels] = score
    times_ms = range(0, step_ms * len(labels), step_ms)
    return [(item.time_ms, item.label) for item in recognize(scores, times_ms, original(len(LABELS)))]


def test_a_decision_needs_three_inferences_and_a_quarter_of_the_window() -> None:
    assert decisions(*[YES] * 5) == [(300, YES)]
    assert decisions(YES, YES, YES, step_ms=125) == [(250, YES)]
    assert decisions(*[YES] * 5, step_ms=300) == [(600, YES)]


def test_the_same_word_is_news_after_the_suppression() -> None:
    assert decisions(*[YES] * 36) == [(300, YES), (1900, YES), (3500, YES)]  # more than 1500 ms apart


def test_another_word_is_news_at_once_and_silence_is_not_told() -> None:
    assert decisions(*[YES] * 4, *[NO] * 9) == [(300, YES), (1200, NO)]  # 9 of 11 are above 200 of 255
    assert decisions(*[YES] * 4, *[0] * 15, *[YES] * 8) == [(300, YES)]
    assert decisions(*[YES] * 4, *[0] * 15, *[YES] * 9) == [(300, YES), (2700, YES)]


def test_the_threshold_must_be_exceeded() -> None:
    assert decisions(*[NO] * 5, score=200 - 128) == []
    assert decisions(*[NO] * 5, score=201 - 128) == [(300, NO)]


def test_the_queue_holds_fifty() -> None:
    """At 20 ms a window holds 51: the newest inference is dropped, as in the original."""
    labels = [YES] * 50 + [NO] * 60
    every_row = decisions(*labels, step_ms=20)
    assert every_row[0] == (260, YES)
    assert every_row[-1][1] == NO
