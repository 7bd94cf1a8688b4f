"""How long a board is waited for: one number, from which every wait on a line follows."""

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """Waits, all of them in proportion to the first; docs/PROTOCOL.md says what ends when.

    Attributes:
        answer_s: for an answer, which is asked for again and again meanwhile.
    """

    answer_s: float = 20.0

    @property
    def first_s(self) -> float:
        """Until it is asked for again; then twice as long each time, up to ``most_s``."""
        return self.answer_s / 40

    @property
    def most_s(self) -> float:
        """See ``first_s``."""
        return self.answer_s / 5

    @property
    def stuck_s(self) -> float:
        """How long answers may come that bring nothing further."""
        return 3 * self.answer_s

    @property
    def reopen_s(self) -> float:
        """For a board that restarts: it may leave the USB and come back."""
        return self.answer_s / 4


PATIENCE = Patience()


class Deadline:
    """The end of a wait."""

    def __init__(self, limit_s: float) -> None:
        """It is so many seconds from now."""
        self.limit_s = limit_s
        self.restart()

    def restart(self) -> None:
        """Wait as long again, from now on."""
        self._end_s = time.monotonic() + self.limit_s

    @property
    def left_s(self) -> float:
        """What is left of the wait, 0 or more."""
        return max(0.0, self._end_s - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether nothing is."""
        return time.monotonic() >= self._end_s


class AnswerWait:
    """How long the next answer is waited for: learned from those that came, doubled by each silence.

    Attributes:
        silences: waits in a row that ended without an answer; while there are any, the board may be busy, and
            its memory full of what was sent before.
        silent_s: how long these were together.
    """

    def __init__(self, patience: Patience) -> None:
        """It has not begun; what was learned outlives ``begin_anew``."""
        self._patience, self._usual_s = patience, patience.first_s
        self.begin_anew()

    def begin_anew(self) -> None:
        """Wait from now on, with no silence before."""
        self.silences, self.silent_s = 0, 0.0
        self.begin()

    def begin(self) -> None:
        """Wait from now on."""
        self._turn = Deadline(min(self._usual_s * 2**self.silences, self._patience.most_s))

    @property
    def left_s(self) -> float:
        """See ``Deadline``."""
        return self._turn.left_s

    @property
    def is_over(self) -> bool:
        """See ``Deadline``."""
        return self._turn.is_over

    def note_silence(self) -> None:
        """It ended without an answer."""
        self.silent_s += self._turn.limit_s
        self.silences += 1

    def note_answer(self, took_s: float) -> None:
        """Learn how long answers take, longer at once, shorter slowly; and begin anew."""
        patience = self._patience
        self._usual_s = min(max(patience.first_s, 3 * took_s, 0.99 * self._usual_s), patience.most_s)
        self.begin_anew()
