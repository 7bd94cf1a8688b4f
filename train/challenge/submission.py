"""A submission to the challenge of 2017: ``fname,label`` rows, whoever scores the files."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from train.challenge.scored_files import ScoredFiles
from train.core import runfolder
from train.core.console import printable, say, warn
from train.core.errors import UserError
from train.core.outputs import Output
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL
from train.evaluation.label_folding import WORD_PRESETS

HEADER = ("fname", "label")
_ERRORS = ".errors.txt"  # after the name of the CSV
_SILENCE, _UNKNOWN = "silence", "unknown"  # the challenge's names of them
_NAMES = {SILENCE_LABEL: _SILENCE, UNKNOWN_LABEL: _UNKNOWN}
_LABELS = {_SILENCE, _UNKNOWN, *WORD_PRESETS["challenge"].split(",")}
_SHOWN = 10  # files with a fault, on the terminal
# Nothing in it tells a submission from another CSV, so none is replaced unasked.
CSV = Output("is there already", "", lambda path: True, example="submission.csv")


class Row(NamedTuple):
    """A file and its label; ``fault`` is why it has no score, ``is_cut`` that it is longer than a clip."""

    name: str
    label: str
    fault: str | None = None
    is_cut: bool = False

    @classmethod
    def of_fault(cls, name: str, fault: str, is_empty: bool) -> "Row":
        """The row of a file that cannot be scored."""
        # Where there is no sound, silence is right; of the rest more are other words than any one label.
        return cls(name, _SILENCE if is_empty else _UNKNOWN, fault)


@dataclass(frozen=True)
class Tally:
    """What is in a submission.

    Attributes:
        labels: how often each is given.
        faults: rows of files that could not be scored.
        cut: how many files are longer than a clip.
    """

    labels: Counter[str]
    faults: Sequence[Row]
    cut: int


class Rows(ScoredFiles):
    """Rows kept on disk as they are scored, written as a CSV when all are there."""

    work = "an unfinished submission"

    @property
    def errors(self) -> Path:
        """Where the files are listed that could not be scored."""
        return self.path.with_name(self.path.name + _ERRORS)

    def finish(self) -> Tally:
        """Write the CSV, and the list of faults if there are any; the partial file goes.

        Raises:
            UserError: the partial file was damaged meanwhile, or the CSV cannot be written.
        """
        try:
            tally = self._write_csv()
            self.errors.unlink(missing_ok=True)
            if tally.faults:
                lines = [f"{printable(f'{row.name}: {row.fault} -> {row.label}')}\n" for row in tally.faults]
                runfolder.write_text(self.errors, "".join(lines))
        except OSError as error:
            raise UserError(f"{self.path}: cannot be written ({error.strerror})") from error
        self.part.unlink()
        return tally

    def _write_csv(self) -> Tally:
        labels: Counter[str] = Counter()
        faults, cut = [], 0
        with (
            runfolder.atomic_path(self.path) as temporary,
            temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
        ):
            plain = csv.writer(file, lineterminator="\n")
            # It quotes no carriage return, which every reader takes for the end of a row.
            quoting = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
            plain.writerow(HEADER)
            for row in self._read():
                (quoting if "\r" in row.name + row.label else plain).writerow((row.name, row.label))
                labels[row.label] += 1
                cut += row.is_cut
                if row.fault is not None:
                    faults.append(row)
        return Tally(labels, faults, cut)

    def _read(self) -> Iterator[Row]:
        for content in self.rows():
            try:
                yield Row(*content)
            except TypeError as error:
                raise self.damaged() from error


def challenge_names(labels: Iterable[str]) -> list[str]:
    """Labels as the challenge calls them: silence and unknown without underscores."""
    return [_NAMES.get(label, label) for label in labels]


def warn_of_foreign(labels: Iterable[str]) -> None:
    """Say which labels the challenge does not have."""
    if foreign := [label for label in labels if label not in _LABELS]:
        warn(f"not labels of the 2017 challenge, and written all the same: {', '.join(foreign)}")


def conclude(rows: Rows, clip_duration_ms: int) -> Tally:
    """Write the files and print what is in them."""
    tally = rows.finish()
    labels, faults, count = tally.labels, tally.faults, tally.labels.total()
    if tally.cut:
        say(
            f"cut      {tally.cut:,} of {count:,} files are longer than {clip_duration_ms} ms: scored by "
            "their beginning, as model.pb does; earshot evaluate takes the part with the word"
        )
    if faults:
        warn(f"{len(faults):,} of {count:,} files could not be scored; all are listed in {rows.errors}")
        for row in faults[:_SHOWN]:
            warn(f"  {printable(row.name)}: {row.fault}; written as {row.label}")
        if len(faults) > _SHOWN:
            warn(f"  … and {len(faults) - _SHOWN:,} more")
    said = ", ".join(f"{label} {number:,}" for label, number in labels.most_common())
    say(f"rows     {count:,}: {said}")
    return tally
