"""Whether firmware is fit for use, as far as streams of test clips tell."""

from dataclasses import dataclass

FIT, NOT_YET, NOT = "fit", "not yet", "not"
ENOUGH_HEARD, FEWEST_HEARD = 0.9, 0.5  # shares of the words; with fewer it is not fit yet, or not
FAR_TOO_MANY = 10  # times the target: false accepts with which it is not fit
WEAK_FRONT_END = "average"  # hears least (docs/FRONT_ENDS.md): another is what helps first
MOST_CONFUSED = 0.05  # of the words: heard as another, or twice


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a maker has to know of an operating point.

    Attributes:
        fitness: "fit", "not yet" or "not".
        for_whom: whom it was measured on.
        reasons: why it is not fit; empty where it is.
        advice: what to do about it; empty where there is nothing to do.
    """

    fitness: str
    for_whom: str
    reasons: tuple[str, ...]
    advice: tuple[str, ...]
