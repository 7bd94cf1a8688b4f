"""How many clips were told right: what files on models and on boards have in common."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ClassFigures:
    """One label. A share that would divide by zero is None.

    Attributes:
        precision: of the clips told as this, the share that was.
        recall: of the clips of this, the share that was told so.
        f1: the harmonic mean of the two.
        clips: of this label.
    """

    label: str
    precision: float | None
    recall: float | None
    f1: float | None
    clips: int


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Clips that were told right.

    Attributes:
        accuracy: share of clips, 0 to 1; 0 of no clips.
        interval: its 95 % interval, 0 to 1.
        clips: that were scored.
        correct: of these, told right.
        confusion: (labels, labels) clips; rows are what was said, columns what was told.
        per_class: in the order of the labels.
    """

    accuracy: float
    interval: tuple[float, float]
    clips: int
    correct: int
    confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassFigures, ...]
