"""Rows of a submission on a disk that is full."""

import pytest
from disk import file_limit

from train.challenge.submission import Row, Rows
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
    labels, faults = again.finish()
    assert labels == {"yes": rows.count, "no": 1}
    assert faults == []
