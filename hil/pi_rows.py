"""The rows of a submission: kept on disk as they are scored, written as a CSV when all are there."""

import contextlib
import csv
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from train import runfolder
from train.errors import UserError

_HEADER = ("fname", "label")
_PART, _ERRORS = ".part", ".errors.txt"  # after the name of the CSV
_MEANT = {"graph_sha256": "graph", "names_sha256": "list of files", "tta": "--tta"}  # by settings


class Row(NamedTuple):
    """A file and its label; ``fault`` is why it could not be scored."""

    name: str
    label: str
    fault: str | None = None


class Rows:
    """Rows in the order of their names, each on disk before the next is asked for.

    The file ``FILE.csv.part`` has a JSON text a line: the settings, then ``[name, label, fault]``. A last
    line that is cut, as a full disk leaves it, does not count.
    """

    def __init__(self, path: Path) -> None:
        """What there is of the CSV at ``path``.

        Raises:
            UserError: its partial file is not one.
        """
        self.path, self.part = path, path.with_name(path.name + _PART)
        self.errors = path.with_name(path.name + _ERRORS)
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
        return UserError(f"{self.part}: not the rows of an unfinished submission; choose another with --out")

    def check(self, **settings: Any) -> None:
        """Make sure that the rows that are there were scored with these settings.

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

    def add(self, row: Row) -> None:
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

    def finish(self) -> tuple[Counter[str], list[Row]]:
        """Write the CSV, and the list of faults if there are any; the partial file goes.

        Returns:
            How often each label is given; the rows with a fault.
        Raises:
            UserError: the partial file was damaged meanwhile, or the CSV cannot be written.
        """
        try:
            labels, faults = self._write_csv()
            self.errors.unlink(missing_ok=True)
            if faults:
                lines = [f"{row.name}: {row.fault} -> {row.label}\n" for row in faults]
                runfolder.write_bytes(self.errors, "".join(lines).encode(errors="surrogateescape"))
        except OSError as error:
            raise UserError(f"{self.path}: cannot be written ({error.strerror})") from error
        self.part.unlink()
        return labels, faults

    def _write_csv(self) -> tuple[Counter[str], list[Row]]:
        labels: Counter[str] = Counter()
        faults = []
        with (
            runfolder.atomic_path(self.path) as temporary,
            temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_HEADER)
            for row in self._read():
                writer.writerow((row.name, row.label))
                labels[row.label] += 1
                if row.fault is not None:
                    faults.append(row)
        return labels, faults

    def _read(self) -> Iterator[Row]:
        damaged = UserError(f"{self.part}: was changed, or written by two at once; remove it and start again")
        last = b""
        with self.part.open("rb") as file:
            file.readline()  # the settings
            for line in file:
                try:
                    row = Row(*json.loads(line))
                    name = os.fsencode(row.name)
                except (TypeError, ValueError) as error:
                    raise damaged from error
                if name <= last:
                    raise damaged
                last = name
                yield row


def _short(value: Any) -> str:
    """A setting on a line; hashes are cut."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:12]}…"
