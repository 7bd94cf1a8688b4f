"""The true labels of a submission's files, a CSV of the same form, and how good it is by them."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from train.challenge.submission import HEADER, challenge_names
from train.core.console import warn
from train.core.errors import UserError
from train.core.layout import composed, word_name
from train.core.metrics import summarize
from train.core.results.accuracy import Accuracy


def read_key(path: Path) -> dict[str, str]:
    """Labels by file name, silence and unknown as the challenge calls them.

    Raises:
        UserError: no such file, not such a CSV, or a file that is in it twice.
    """
    key: dict[str, str] = {}
    try:
        for number, (name, label) in enumerate(_rows(path), start=2):
            name, label = composed(name), word_name(label)
            if name in key:
                raise UserError(f"--key {path}:{number}: {name} is in it twice; expected each file once")
            key[name] = label
    except OSError as error:
        raise UserError(f"--key {path}: cannot be read ({error.strerror})") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"--key {path}: not a CSV ({error}); expected {','.join(HEADER)}") from error
    if not key:
        raise UserError(f"--key {path}: has no row; expected {','.join(HEADER)} and a row for each file")
    return dict(zip(key, challenge_names(key.values()), strict=True))


def check_key(path: Path, key: dict[str, str], names: Sequence[str], labels: Sequence[str]) -> None:
    """Make sure that the key is about these files and labels, before they are scored.

    Raises:
        UserError: it has none of the files, or a label that can never be given.
    """
    found = sorted(set(key.values()))
    if foreign := [label for label in found if label not in labels]:
        raise UserError(
            f"--key {path}: has {', '.join(foreign)}, which the run never says (it says "
            f"{', '.join(labels)}); pass a run trained on the key's words; "
            "without --key the CSV is written all the same"
        )
    common = sum(composed(name) in key for name in names)
    if not common:
        raise UserError(
            f"--key {path}: has none of the {len(names):,} files (they are like {names[0]}, the key has "
            f"{next(iter(key))}); expected the key of this folder"
        )
    if unused := [label for label in labels if label not in found]:
        warn(
            f"--key {path}: nothing in it is {', '.join(unused)}, which the run may say; if they are other "
            "words to it, name the words to judge by with --as-words"
        )
    if common < len(names) or common < len(key):
        warn(
            f"--key {path}: {common:,} of its {len(key):,} files are there, of {len(names):,} to be scored; "
            "the score is over those in both"
        )


def score_submission(path: Path, key: dict[str, str], labels: Sequence[str]) -> Accuracy:
    """What ``metrics.summarize`` says of the submission's rows that the key has."""
    index = {label: number for number, label in enumerate(labels)}
    rows = ((composed(name), label) for name, label in _rows(path))
    pairs = [(index[key[name]], index[label]) for name, label in rows if name in key]
    truth, given = zip(*pairs, strict=True)
    return summarize(truth, given, tuple(labels))


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.DictReader(file)
        if not set(HEADER) <= set(reader.fieldnames or ()):
            first = ",".join(reader.fieldnames or ())
            raise UserError(f"{path}: its first line is {first[:60]!r}, expected {','.join(HEADER)}")
        for row in reader:
            name, label = (row[column] for column in HEADER)
            if not name or not label:
                raise UserError(f"{path}:{reader.line_num}: expected a file name and a label")
            yield name, label.strip()
