"""A serial line to firmware, whatever it is made of; every wait on it ends."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from train.core.errors import UserError


class LinkError(UserError):
    """The other end is silent or gone; the message says how."""

    exit_code = 3


class Link(Protocol):
    """What a conversation needs of a line.

    Attributes:
        name: for messages.
    """

    name: str

    def send(self, data: bytes) -> None:
        """Hand over bytes; they may go out during ``receive``.

        Raises:
            LinkError: the line is gone, or takes nothing any more.
        """

    def receive(self, timeout_s: float) -> bytes:
        """What has arrived, as soon as anything has; nothing where that takes longer than ``timeout_s``.

        Raises:
            LinkError: the line is gone, and all that came before has been received.
        """

    def close(self) -> None:
        """Give the line back; nothing else may be called then."""


@runtime_checkable
class RatedLink(Link, Protocol):
    """A line whose rate this computer sets.

    Attributes:
        baud: of now.
    """

    baud: int

    def settable(self, rates: Sequence[int]) -> list[int]:
        """Those of some rates that the adapter can have; none where it has no rate of its own."""

    def set_baud(self, baud: int) -> None:
        """Change the rate, at once.

        Raises:
            LinkError: the adapter cannot, or is gone.
        """
