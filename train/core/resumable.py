"""Rows that long work leaves on disk one by one, so that it goes on where it was stopped."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from train.core.errors import UserError
from train.core.files.plain import open_plain
from train.core.run_lock import lock_file
from train.core.typed_json import Mismatch, parse

_LONGEST_BYTES = 10_000_000  # of a line


class ResumableRows:
    """A file of rows, each on disk before the next is asked for.

    The file has a JSON text a line: first the settings, an object, then the rows. A last line that is cut,
    as a full disk or a crash leaves it, does not count.
    """

    # For messages; each kind of work has its own.
    work: str  # whose rows these are
    again: str  # what to do about rows that the work cannot go on with
    elsewhere: str  # what to do about a file that is somebody else's
    meanings: ClassVar[
        Mapping[str, str]
    ] = {}  # what a user knows a setting by, where its name does not say so

    def __init__(self, file: Path) -> None:
        """Find the settings and count the rows; there may be none.

        Raises:
            UserError: the file is something else.
        """
        self.part = file
        self.settings: dict[str, Any] | None = None
        self.count = 0
        self._end_bytes = 0  # of the whole lines
        if not file.is_file():
            return
        with open_plain(file) as lines:
            for number, line in enumerate(iter(lambda: lines.readline(_LONGEST_BYTES), b"")):
                if number == 0 and not line.startswith(b"{"):
                    raise self.foreign()
                if not line.endswith(b"\n"):
                    break
                if number == 0:
                    self.settings = self._settings_of(line)
                self._end_bytes += len(line)
                self.count = number

    def _settings_of(self, line: bytes) -> dict[str, Any]:
        try:
            found: dict[str, Any] = parse(line, str(self.part))
        except Mismatch as error:
            raise self.foreign() from error
        return found

    def foreign(self) -> UserError:
        """The error for a file that holds something else."""
        return UserError(f"{self.part}: not the rows of {self.work}; {self.elsewhere}")

    def damaged(self) -> UserError:
        """The error for rows that nobody can have written as they are."""
        return UserError(f"{self.part}: was changed, or written by two at once; {self.again}")

    def check(self, **settings: Any) -> None:
        """Make sure that the rows that are there were made with these settings.

        Raises:
            UserError: they were not.
        """
        if self.settings is None:
            return
        for name, now in settings.items():
            then = self.settings.get(name)
            if then != now:
                raise UserError(
                    f"{self.part}: has {self.count:,} rows of another {self.meanings.get(name, name)} "
                    f"({_short(then)}, now {_short(now)}); {self.again}"
                )

    @contextlib.contextmanager
    def append(self, settings: dict[str, Any]) -> Iterator[Self]:
        """Open the file, so that rows can be added; a new one begins with the settings.

        Raises:
            UserError: the rows that are there have other settings; the disk is full; another process is
                adding rows.
        """
        self.check(**settings)
        self.part.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: what is written is in the file, and closing it cannot fail once more.
        with self.part.open("r+b" if self._end_bytes else "ab", buffering=0) as self._file:
            if not lock_file(self._file.fileno()):
                raise UserError(f"{self.part}: another process adds rows to it; wait until that is done")
            self._file.truncate(self._end_bytes)
            self._file.seek(self._end_bytes)
            if not self._end_bytes:
                self._write(settings)
            yield self

    def add(self, row: Any) -> None:
        """Keep a row.

        Raises:
            UserError: the disk is full.
        """
        self._write(row)
        self.count += 1

    def _write(self, content: Any) -> None:
        line = json.dumps(content).encode() + b"\n"
        try:
            written = self._file.write(line)
        except OSError as error:
            raise UserError(f"{self.part}: cannot be written ({error.strerror})") from error
        if written != len(line):
            raise UserError(f"{self.part}: cannot be written (the disk is full)")

    def rows(self) -> Iterator[Any]:
        """Read all rows from the disk.

        Raises:
            UserError: the file is damaged.
        """
        if not self.part.is_file():
            return
        with open_plain(self.part) as file:
            file.readline(_LONGEST_BYTES)  # the settings
            for line in iter(lambda: file.readline(_LONGEST_BYTES), b""):
                if not line.endswith(b"\n"):
                    return
                try:
                    yield parse(line, str(self.part))
                except Mismatch as error:
                    raise self.damaged() from error


def _short(value: Any) -> str:
    """A setting on a line; hashes are cut."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:12]}…"
