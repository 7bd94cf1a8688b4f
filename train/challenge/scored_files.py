"""What was made of files, one by one in the order of their names, until all of them are done."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from train.core.resumable import ResumableRows

_SUFFIX = ".part"  # after the name of what becomes of the rows


class ScoredFiles(ResumableRows):
    """Rows in ``FILE.part``; the first value of each is the name of a file."""

    again = "remove the file to start again, or choose another with --out"
    elsewhere = "choose another with --out"
    meanings: ClassVar[dict[str, str]] = {
        "graph_sha256": "graph",
        "names_sha256": "list of files",
        "models_sha256": "set of trained models",
        "tta": "--tta",
    }

    def __init__(self, path: Path) -> None:
        """Find what there is of the rows that are to become ``path``.

        Raises:
            UserError: its partial file is not one.
        """
        self.path = path
        super().__init__(path.with_name(path.name + _SUFFIX))

    def rows(self) -> Iterator[list[Any]]:
        """Read all rows from the disk.

        Raises:
            UserError: the file is damaged, or a name does not come behind the one before.
        """
        last = b""
        for row in super().rows():
            try:
                name = os.fsencode(row[0])
            except (TypeError, LookupError) as error:
                raise self.damaged() from error
            if name <= last:
                raise self.damaged()
            last = name
            yield row

    def kept(self) -> str:
        """What an interrupted command tells of its rows."""
        if not self.count:
            return "nothing was scored yet"
        return f"{self.count:,} rows are kept in {self.part}: the same command goes on behind them"
