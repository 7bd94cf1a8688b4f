"""Asking a board about what its own microphone hears: RECORD and LISTEN of docs/PROTOCOL.md, and the answers.

A board answers both alike: what it heard, that it knows no such recording, or that it has no microphone.
"""

from collections.abc import Callable
from typing import TypeVar

from hil.link.patience import Deadline, Patience
from hil.protocol.connection import Conversation, FirmwareError
from hil.protocol.messages import Error, ErrorCode
from hil.protocol.payload import Message

MOST_RESTARTS = 20  # without a sample
_SHORTEST_S = 3.0

_Answer = TypeVar("_Answer", bound=Message)


class MicrophoneLine:
    """A conversation about the microphone, for ``purpose``: "listen" or "record"."""

    def __init__(self, conversation: Conversation, patience: Patience, purpose: str) -> None:
        self._conversation, self._purpose = conversation, purpose
        self._limit_s = min(_SHORTEST_S, patience.answer_s)

    def deadline(self) -> Deadline:
        """For its next sample."""
        return Deadline(self._limit_s)

    def ask(
        self, request: Message, wanted: type[_Answer], is_ours: Callable[[_Answer], bool]
    ) -> _Answer | None:
        """The answer; None where the board, maybe since a restart, does not know what it is asked about.

        Raises:
            FirmwareError: it has no microphone, or the answer cannot be.
        """
        answer = self._conversation.ask(request, Message)
        if isinstance(answer, wanted) and is_ours(answer):
            return answer
        if isinstance(answer, Error):
            if answer.code == ErrorCode.NOT_THERE:
                return None
            if answer.code in (ErrorCode.NOT_SUPPORTED, ErrorCode.UNKNOWN_TYPE):
                raise FirmwareError(
                    f"{self._conversation.name}: its firmware has no microphone to {self._purpose} by "
                    f"({answer.text}); flash a board that has one, with this version of Earshot, or "
                    f"{self._purpose} with this computer's, without --port"
                )
        raise self.refused(f"an answer that cannot be, {answer}")

    def gives_nothing(self) -> FirmwareError:
        """What is wrong where its ``deadline`` is over."""
        return self.refused(f"the microphone gives no samples: none for {self._limit_s:g} s")

    def refused(self, what: str) -> FirmwareError:
        """What is wrong with the board at the other end."""
        return FirmwareError(self._conversation.complaint(what))
