"""What readers of archives give, and how they refuse."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from train.core.errors import UserError

_SHOWN = 100  # characters of a member's name


class Content(Protocol):
    """The bytes of a member, from front to back."""

    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True)
class Member:
    """One entry: ``content`` is None for a folder; ``position_bytes`` is how far into the archive."""

    name: str
    size_bytes: int
    position_bytes: int
    content: Content | None


def refusal(
    archive: Path, name: str, fault: str, remedy: str = "Get the archive from a source you trust"
) -> UserError:
    """The error for an archive with a member that is not taken."""
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    return UserError(
        f"{archive}: refused: member {shown!r}: {fault}; expected only files and folders "
        f"that stay below the folder unpacked to. {remedy}"
    )
