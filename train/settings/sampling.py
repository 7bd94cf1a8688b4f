"""How many clips of silence and of other words a split holds."""

import math
from dataclasses import dataclass

from train.core.errors import UserError


@dataclass(frozen=True)
class Sampling:
    """How much silence and unknown a split holds, in percent of its clips of wanted words.

    None means as many clips as the average word has, so that every class weighs the
    same; with the ten words of speech_commands that is its default of 10 %.
    """

    silence_percentage: float | None = None
    unknown_percentage: float | None = None

    def __post_init__(self) -> None:
        for name in ("silence_percentage", "unknown_percentage"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 10000:
                raise UserError(f"--{name.replace('_', '-')} is {value}, expected 0 to 10000 (percent)")

    def resolve(self, wanted_clips: int, word_count: int, unknown_per_word: float = 1.0) -> tuple[int, int]:
        """(silence, unknown) clips that go with this many clips of wanted words, rounded up.

        Args:
            unknown_per_word: how many times the average word's, where there is no percentage.
        """
        usual = wanted_clips / word_count
        silence, unknown = (
            math.ceil(times * usual if percentage is None else wanted_clips * percentage / 100)
            for times, percentage in (
                (1.0, self.silence_percentage),
                (unknown_per_word, self.unknown_percentage),
            )
        )
        return silence, unknown
