"""A program that somebody built, given other recordings: they are found in it and replaced."""

import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

_TIMEOUT_S = 60


class Program:
    """An executable of this computer, of which copies with other contents are run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content = path.read_bytes()

    def holds(self, data: bytes) -> bool:
        """Whether these bytes lie in it, once."""
        return self._content.count(data) == 1

    def output(self, replaced: Iterable[tuple[bytes, bytes]]) -> str:
        """What it prints on both streams, with each of these found once and replaced.

        Raises:
            ValueError: it does not hold one of them, or more than once.
        """
        content = bytearray(self._content)
        for old, new in replaced:
            if not self.holds(old) or len(old) != len(new):
                raise ValueError(f"{self.path}: expected these {len(old)} bytes once, for {len(new)} others")
            place = self._content.index(old)
            content[place : place + len(old)] = new
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / self.path.name
            copy.write_bytes(content)
            copy.chmod(0o700)
            ended = subprocess.run(
                [copy], capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
            )
        return ended.stdout + ended.stderr


def counts(output: str, what: str) -> list[int]:
    """Numbers that a program printed before some words."""
    return [int(number) for number in re.findall(rf"(\d+) {what}", output)]
