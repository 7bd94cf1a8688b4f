"""Rows that long work leaves on disk one by one, so that it goes on where it was stopped."""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from train.core.errors import UserError

_SUFFIX = ".part"  # after the name of what becomes of the rows
# What a user knows the settings by.
_MEANT = {
    "graph_sha256": "graph",
    "names_sha256": "list of files",
    "models_sha256": "set of trained models",
    "tta": "--tta",
}


class Journal:
    """Rows in the order of their names, each on disk before the next is asked for.

    The file ``FILE.part`` has a JSON text a line: the settings, then the rows, whose first value is a name.
    A last line that is cut, as a full disk leaves it, does not count.
    """

    work = "submission"  # in messages

    def __init__(self, path: Path) -> None:
        """What there is of the rows that are to become ``path``.

        Raises:
            UserError: its partial file is not one.
        """
        self.path, self.part = path, path.with_name(path.name + _SUFFIX)
        self.settings: dict[str, Any] | None = None
        self.count = 0
        self._end_bytes = 0  # of the whole lines
        if not self.part.is_file():
            return
        with self.part.open("rb") as file:
            for number, line in enumerate(file):
                if number == 0 and not line.startswith(b"{"):
                    raise self._foreign()
                if not line.endswith(b"\n"):
                    break
                if number == 0:
                    self.settings = self._settings_of(line)
                self._end_bytes += len(line)
                self.count = number

    def _settings_of(self, line: bytes) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise self._foreign() from error
        return found

    def _foreign(self) -> UserError:
        return UserError(f"{self.part}: not the rows of an unfinished {self.work}; choose another with --out")

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
                what = _MEANT.get(name, name)
                raise UserError(
                    f"{self.part}: has {self.count:,} rows of another {what} ({_short(then)}, now "
                    f"{_short(now)}); remove the file to start again, or choose another with --out"
                )

    @contextlib.contextmanager
    def append(self, settings: dict[str, Any]) -> Iterator[None]:
        """Rows can be added; the first begin with the settings.

        Raises:
            UserError: those that are there have other settings; or the disk is full.
        """
        self.check(**settings)
        self.part.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: what is written is in the file, and closing it cannot fail once more.
        with self.part.open("r+b" if self._end_bytes else "wb", buffering=0) as self._file:
            self._file.truncate(self._end_bytes)
            self._file.seek(self._end_bytes)
            if not self._end_bytes:
                self._write(settings)
            yield

    def add(self, row: Sequence[Any]) -> None:
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

    def rows(self) -> Iterator[list[Any]]:
        """All rows, from the disk.

        Raises:
            UserError: the file was damaged meanwhile.
        """
        damaged = UserError(f"{self.part}: was changed, or written by two at once; remove it and start again")
        last = b""
        with self.part.open("rb") as file:
            file.readline()  # the settings
            for line in file:
                try:
                    row: list[Any] = json.loads(line)
                    name = os.fsencode(row[0])
                except (TypeError, ValueError, LookupError) as error:
                    raise damaged from error
                if name <= last:
                    raise damaged
                last = name
                yield row

    def kept(self) -> str:
        """What an interrupted command tells of its rows."""
        if not self.count:
            return "nothing was scored yet"
        return f"{self.count:,} rows are kept in {self.part}: the same command goes on behind them"


def _short(value: Any) -> str:
    """A setting on a line; hashes are cut."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:12]}…"
