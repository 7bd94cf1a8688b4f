"""A rate above the one that a line begins with, on which both ends agree: docs/PROTOCOL.md, "A faster line".

The board lends it: it returns to the first rate where no whole frame has come for the time of the lease. So
does the host where two questions in a row have no answer. Whatever is lost, the two meet there again.
"""

import random
import time
from collections import Counter
from typing import TypeVar

from hil.link.link import Link, LinkError, RatedLink
from hil.link.patience import Deadline, Patience
from hil.protocol.connection import Conversation
from hil.protocol.framing import MAX_PAYLOAD_BYTES
from hil.protocol.line_messages import (
    FIRST_PACKING,
    Check,
    CheckRequest,
    Line,
    LineRequest,
    Rate,
    RateRequest,
    of_rates,
)
from hil.protocol.payload import Message
from train.core.console import log

_Reply = TypeVar("_Reply", bound=Message)

RATES = (2_000_000, 1_000_000, 921_600, 460_800, 230_400)  # in the order in which they are tried
MOST_BAUD = RATES[0]
_MOST_TRIED = 3  # at a time: each that fails takes the time of a lease
_MOST_FALLS = 2  # from one rate, which is then left alone
_SILENCES = 2  # questions without an answer, until the host returns to the first rate
_TRIES = 2  # of a question here
_LEASE_SHARE, _SHORTEST_LEASE_S = 10, 0.3
_SAFE_SHARE = 0.7  # of a lease: after it, the board may return at any moment
_SETTLE_S = 0.05  # until the board has the new rate: it waits for its last bit to be out
_AFTER_LEASE_S = 0.1  # until the board has returned, too
# What a bad rate spoils: single bits, long ones, and what nobody thought of.
_CHECKS = (
    b"\x55" * MAX_PAYLOAD_BYTES,
    b"\xff\x00\x00\xff" * (MAX_PAYLOAD_BYTES // 4),
    random.Random(1).randbytes(MAX_PAYLOAD_BYTES),
)


class FasterLine:
    """The rate of a conversation's line.

    Attributes:
        packs: whether the board takes packed audio.
        baud: of the line now; 0 where it has none, or none that is this computer's or the board's to choose.
    """

    def __init__(
        self, line: Conversation, link: Link, patience: Patience, most_baud: int = MOST_BAUD
    ) -> None:
        """Agree with the board, or go on as the line is: older firmware knows nothing of this.

        Args:
            line: with nothing under way; it asks for this where a question has no answer.
            link: that of ``line``.
            most_baud: no rate above it is tried.
        Raises:
            LinkError: the line is gone.
            FirmwareError: the board speaks another protocol.
        """
        self._line, self._patience = line, patience
        self._link = link if isinstance(link, RatedLink) else None
        self._first_baud = self._link.baud if self._link else 0
        wanted = [rate for rate in RATES if self._first_baud < rate <= most_baud]
        self._rates = self._link.settable(wanted) if self._link else []
        self._lease_s = max(_SHORTEST_LEASE_S, patience.answer_s / _LEASE_SHARE)
        self._falls: Counter[int] = Counter()
        self._silences = self._frames = 0
        self.packs, self._has_rate = False, True  # until the board says otherwise
        self._agree()
        line.on_question, line.on_silence = self.note_question, self.note_silence
        line.on_close = self._give_back

    @property
    def baud(self) -> int:
        return self._link.baud if self._link and self._has_rate else 0

    def note_question(self) -> None:
        """Agree anew where the board may have returned to the first rate, since nobody asked it anything."""
        if self._is_fast and time.monotonic() - self._line.heard_s > _SAFE_SHARE * self._lease_s:
            self._return()
            self._agree()

    def note_silence(self) -> None:
        """Return to the first rate and agree anew, where two questions in a row had no answer."""
        if self._line.frames_heard != self._frames:
            self._frames, self._silences = self._line.frames_heard, 0
        self._silences += 1
        if self._is_fast and self._silences >= _SILENCES:
            log(f"{self._line.name}: silent at {self.baud:,} baud; back to {self._first_baud:,}")
            self._falls[self.baud] += 1
            self._silences = 0
            self._return()
            self._agree()

    @property
    def _is_fast(self) -> bool:
        return self._link is not None and self._link.baud != self._first_baud

    def _agree(self) -> None:
        rates = [rate for rate in self._rates if self._falls[rate] < _MOST_FALLS]
        answer = self._asked(LineRequest(of_rates(rates)), Line)
        if answer is None:
            return
        self.packs, self._has_rate = bool(answer.packings & FIRST_PACKING), answer.baud > 0
        for rate in [rate for rate in rates if rate in answer.possible_rates][:_MOST_TRIED]:
            if self._change(rate):
                log(f"{self._line.name}: the line runs at {rate:,} baud")
                return
            self._falls[rate] += 1

    def _change(self, rate: int) -> bool:
        """Run at a rate, if it proves good."""
        assert self._link is not None
        request = RateRequest(rate, round(1000 * self._lease_s))
        answer = self._line.ask_once(request, Rate, self._patience.first_s)
        if answer is None or answer.baud != rate:
            if not self._line.was_refused:
                self._return()  # the board may have changed, and only its answer was lost
            return False
        try:
            self._link.set_baud(rate)
        except LinkError:
            self._return()
            return False
        self._drop(_SETTLE_S)
        for content in _CHECKS:
            if not self._comes_back(content):
                self._return()
                return False
        return True

    def _comes_back(self, content: bytes) -> bool:
        check = self._asked(CheckRequest(content), Check)
        return check is not None and check.content == content

    def _return(self) -> None:
        """Wait at the first rate until the board must be there, too."""
        assert self._link is not None
        self._link.set_baud(self._first_baud)
        self._drop(self._lease_s + _AFTER_LEASE_S)

    def _drop(self, wait_s: float) -> None:
        """Wait; what comes meanwhile is nobody's answer."""
        deadline = Deadline(wait_s)
        while not deadline.is_over:
            self._line.receive(deadline.left_s)

    def _give_back(self) -> None:
        """Have the board return at once, for whoever comes next; if that gets lost, the lease ends it."""
        if self._is_fast:
            self._line.ask_once(RateRequest(self._first_baud, 0), Rate, self._patience.first_s)

    def _asked(self, request: Message, kind: type[_Reply]) -> _Reply | None:
        """The answer to a request that may be repeated."""
        for _ in range(_TRIES):
            answer = self._line.ask_once(request, kind, self._patience.first_s)
            if answer is not None or self._line.was_refused:
                return answer
        return None
