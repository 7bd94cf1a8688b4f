"""Rows of a submission: on a disk that is full, and of files of any name."""

import os
from collections import Counter

import pytest
from disk import file_limit

from train.challenge.answer_key import read_key
from train.challenge.submission import Row, Rows, Tally
from train.core.errors import UserError


def fill(rows: Rows, count: int) -> None:
    with rows.append({"tta": False}):
        for number in range(count):
            rows.add(Row(f"{number:03}.wav", "yes"))


def test_a_full_disk(tmp_path):
    """A limit on the size of a file stands for it: the row that did not fit is scored again."""
    rows = Rows(tmp_path / "out.csv")
    with file_limit(1000), pytest.raises(UserError, match=r"out\.csv\.part: cannot be written"):
        fill(rows, 100)
    assert rows.part.stat().st_size == 1000
    again = Rows(tmp_path / "out.csv")
    assert again.count == rows.count > 20
    with again.append({"tta": False}):
        again.add(Row(f"{rows.count:03}.wav", "no"))
    assert again.finish() == Tally(Counter({"yes": rows.count, "no": 1}), [], 0)


def test_its_own_reader_reads_every_name_back(tmp_path):
    """Also what CSV, terminals and spreadsheets have rules for; a list of faults is a line for each."""
    names = [" a ", "'", "=1+1", "a\nb", "a\r\nb", "a\rb", "a\x1b[31m", 'a"b', "a,b", "größe", "開始"]
    names = sorted((f"{name}.wav" for name in [*names, "\udcff"]), key=os.fsencode)
    rows = Rows(tmp_path / "out.csv")
    with rows.append({}):
        for name in names:
            rows.add(Row.of_fault(name, "not a WAV", False))
    rows.finish()
    assert list(read_key(rows.path)) == names
    said = rows.errors.read_text(encoding="utf-8")
    assert said.count("\n") == len(said.splitlines()) == len(names)
    assert "\x1b" not in said
