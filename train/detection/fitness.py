"""Whether an operating point is fit for use, why not, and what to do: said once, for all who show it."""

from dataclasses import dataclass

from train.core.metrics import FEW_CLIPS
from train.core.operating_point import PointTest
from train.core.results.hearing import (
    ENOUGH_HEARD,
    FAR_TOO_MANY,
    FEWEST_HEARD,
    FIT,
    MOST_CONFUSED,
    NOT,
    NOT_YET,
    Verdict,
)

_SEVERITY = (FIT, NOT_YET, NOT)


@dataclass(frozen=True)
class MeasuredOn:
    """Whom and what a point was measured on.

    Attributes:
        kind: of the test clips, as ``Source.kind``: "synthetic", "random", or recordings.
        clips: of wanted words, in the test streams.
        speakers: of these.
        are_trained_on: whether the same speakers were trained on.
        is_weak: whether another front end and network are known to hear more.
        lacks_voices: whether it learned from few recordings, of several people, without voices beside them.
    """

    kind: str
    clips: int
    speakers: int
    are_trained_on: bool
    is_weak: bool
    lacks_voices: bool


def judge_point(test: PointTest, target_per_hour: float, on: MeasuredOn) -> Verdict:
    """Judge what was measured on the test streams."""
    false_accepts = _of_false_accepts(test, target_per_hour)
    found = [*_of_words(test), *false_accepts, *_of_evidence(on)]
    fitness = max((severity for severity, _ in found), key=_SEVERITY.index, default=FIT)
    reasons = tuple(reason for _, reason in found)
    is_deaf = 1 - test.all.false_reject_share < ENOUGH_HEARD
    advice = _advice(on, is_deaf, bool(false_accepts)) if found else ()
    return Verdict(fitness=fitness, for_whom=_for_whom(on), reasons=reasons, advice=advice)


def _of_words(test: PointTest) -> list[tuple[str, str]]:
    figures = test.all
    share = 1 - figures.false_reject_share
    found = []
    if not figures.said:
        found.append((NOT, "no word was said to it"))
    elif figures.false_rejects == figures.said:
        found.append((NOT, "it hears none of the words"))
    elif share < FEWEST_HEARD:
        found.append((NOT, "it misses more than half of the words"))
    elif share < ENOUGH_HEARD:
        found.append((NOT_YET, f"it misses one word in {round(1 / (1 - share))}"))
    deaf = [word.label for word in test.words if word.said and word.false_rejects == word.said]
    if deaf and len(deaf) < len(test.words):
        found.append((NOT_YET, f"it never hears {', '.join(deaf)}"))
    if test.confused > MOST_CONFUSED * max(1, figures.said):
        found.append((NOT_YET, f"of {figures.said} words it takes {test.confused} for another, or for two"))
    return found


def _of_false_accepts(test: PointTest, target_per_hour: float) -> list[tuple[str, str]]:
    low, _ = test.all.false_accepts_interval
    if low <= target_per_hour:  # so many may come by chance
        return []
    severity = NOT if low > FAR_TOO_MANY * target_per_hour else NOT_YET
    rate = test.all.false_accepts_per_hour
    return [(severity, f"it hears words that nobody said {rate:g} times an hour, not {target_per_hour:g}")]


def _of_evidence(on: MeasuredOn) -> list[tuple[str, str]]:
    if on.kind == "random":
        return [(NOT, "it was trained on noise with random labels, to try the chain out")]
    if on.kind == "synthetic":
        return [(NOT_YET, "it has heard synthetic voices alone")]
    if on.clips < FEW_CLIPS:
        return [(NOT_YET, f"only {on.clips} recordings of the words were there to test it")]
    return []


def _for_whom(on: MeasuredOn) -> str:
    if on.kind == "random":
        return "nobody"
    if on.kind == "synthetic":
        return "synthetic voices that it was not trained on; how it hears people is not known"
    people = "one speaker" if on.speakers == 1 else f"{on.speakers} speakers"
    if on.are_trained_on:
        return f"{people} whom it was trained on; how it hears others is not known"
    return f"{people} whom it was not trained on"


def _advice(on: MeasuredOn, is_deaf: bool, hears_too_much: bool) -> tuple[str, ...]:
    if on.kind == "random":
        return ("train on recordings (--data FOLDER), or on --data synthetic",)
    advice = []
    if on.is_weak:
        advice.append("train with --preset best")
    advice.append(
        "record people who say the words (earshot record), and train with --data FOLDER"
        if on.kind == "synthetic"
        else "record more: of more people, in more rooms, in the room where it will listen"
    )
    if on.lacks_voices and (is_deaf or hears_too_much):
        advice.append(
            "let synthetic voices say the words, too: --data synthetic --data FOLDER@0.3, and --test-data "
            "with recordings of others"
        )
    if is_deaf and not on.is_weak and not hears_too_much:
        advice.append("if more false accepts will do: earshot tune RUN --false-accepts-per-hour 5")
    return tuple(advice)
