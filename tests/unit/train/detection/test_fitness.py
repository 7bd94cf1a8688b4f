"""Verdicts of made-up figures: each reason alone, and what they are put together to."""

import dataclasses

import pytest

from train.core.operating_point import PointFigures, PointTest, WordFigures
from train.core.results.hearing import FIT, NOT, NOT_YET
from train.detection.fitness import MeasuredOn, judge_point

PEOPLE = MeasuredOn(
    kind="folder", clips=200, speakers=30, are_trained_on=False, is_weak=False, lacks_voices=False
)


def figures(said: int, missed: int, false_accepts: int, low: float) -> dict[str, object]:
    return {
        "false_accepts": false_accepts,
        "false_accepts_per_hour": false_accepts,
        "false_accepts_interval": (low, 9.0),
        "false_accept_clips": false_accepts,
        "said": said,
        "false_rejects": missed,
        "false_rejects_interval": (0.0, 1.0),
    }


def measured(
    missed: tuple[int, int] = (1, 2), false_accepts: int = 0, low: float = 0.0, confused: int = 0
) -> PointTest:
    """Two words, each said fifty times in an hour."""
    words = tuple(
        WordFigures(**figures(50, count, 0, 0.0), label=label, threshold=100)  # type: ignore[arg-type]
        for label, count in zip(("yes", "no"), missed, strict=True)
    )
    everything = PointFigures(**figures(100, sum(missed), false_accepts, low))  # type: ignore[arg-type]
    return PointTest(words=words, all=everything, confused=confused, latency_ms=None)


@pytest.mark.parametrize(
    ("test", "fitness", "reasons"),
    [
        (measured(), FIT, ()),
        (measured((5, 5)), FIT, ()),
        (measured(false_accepts=1, low=0.03), FIT, ()),
        (measured((10, 10)), NOT_YET, ("it misses one word in 5",)),
        (measured((0, 50)), NOT_YET, ("it misses one word in 2", "it never hears no")),
        (measured((30, 40)), NOT, ("it misses more than half of the words",)),
        (measured((50, 50)), NOT, ("it hears none of the words",)),
        (
            measured(false_accepts=4, low=1.1),
            NOT_YET,
            ("it hears words that nobody said 4 times an hour, not 0.5",),
        ),
        (
            measured(false_accepts=20, low=12.2),
            NOT,
            ("it hears words that nobody said 20 times an hour, not 0.5",),
        ),
        (measured(confused=6), NOT_YET, ("of 100 words it takes 6 for another, or for two",)),
    ],
)
def test_figures_of_people(test: PointTest, fitness: str, reasons: tuple[str, ...]) -> None:
    verdict = judge_point(test, 0.5, PEOPLE)
    assert (verdict.fitness, verdict.reasons) == (fitness, reasons)
    assert bool(verdict.advice) == bool(reasons), "who is told what is wrong is told what to do"
    assert verdict.for_whom == "30 speakers whom it was not trained on"


@pytest.mark.parametrize(
    ("changes", "fitness", "for_whom", "advice"),
    [
        ({"kind": "synthetic", "is_weak": True}, NOT_YET, "synthetic voices", "train with --preset best"),
        ({"kind": "random"}, NOT, "nobody", "train on recordings"),
        (
            {"clips": 6, "speakers": 1, "are_trained_on": True},
            NOT_YET,
            "one speaker whom it was",
            "record more",
        ),
        (
            {"speakers": 1, "are_trained_on": True},
            FIT,
            "one speaker whom it was trained on; how it hears",
            "",
        ),
    ],
)
def test_who_was_heard(changes: dict[str, object], fitness: str, for_whom: str, advice: str) -> None:
    verdict = judge_point(measured(), 0.5, dataclasses.replace(PEOPLE, **changes))  # type: ignore[arg-type]
    assert verdict.fitness == fitness
    assert verdict.for_whom.startswith(for_whom)
    assert (verdict.advice or ("",))[0].startswith(advice)


@pytest.mark.parametrize(
    ("test", "lacks_voices", "advice"),
    [
        (measured((10, 10)), False, ("record more", "if more false accepts will do")),
        (measured((10, 10)), True, ("record more", "let synthetic voices", "if more false accepts will do")),
        (measured((10, 10), false_accepts=20, low=12.2), True, ("record more", "let synthetic voices")),
        (measured(false_accepts=20, low=12.2), False, ("record more",)),
        (measured(confused=6), True, ("record more",)),
    ],
)
def test_what_to_do(test: PointTest, lacks_voices: bool, advice: tuple[str, ...]) -> None:
    """Who has more false accepts than asked for is not told to allow more."""
    verdict = judge_point(test, 0.5, dataclasses.replace(PEOPLE, lacks_voices=lacks_voices))
    assert len(verdict.advice) == len(advice)
    assert all(text.startswith(begin) for text, begin in zip(verdict.advice, advice, strict=True))


@pytest.mark.parametrize(
    ("said", "missed", "heard"),
    [(0, 0, "0 of 10"), (50, 50, "0 of 10"), (50, 0, "10 of 10"), (50, 10, "8 of 10"), (300, 1, "99 of 100"),
     (300, 299, "1 of 100"), (100, 5, "95 of 100")],
)  # fmt: skip
def test_a_share_is_rounded_neither_to_all_nor_to_none(said: int, missed: int, heard: str) -> None:
    made = PointFigures(**figures(said, missed, 0, 0.0))  # type: ignore[arg-type]
    assert made.headline == f"hears {heard} words, 0 false accepts an hour (0 to 9)"
