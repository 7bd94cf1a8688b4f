"""Rows of a submission on a disk that is full."""

import contextlib
import resource
from collections.abc import Iterator

import pytest

from train.challenge.submission import Row, Rows
from train.core.errors import UserError


@contextlib.contextmanager
def file_limit(size_bytes: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


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
