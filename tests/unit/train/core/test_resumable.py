"""Rows that work leaves on disk: gone on with, cut, damaged, of other settings, on a full disk."""

import json
from typing import ClassVar

import pytest
from disk import file_limit

from train.core.errors import UserError
from train.core.resumable import ResumableRows

SETTINGS = {"seed": 1, "names": ["a", "b"]}


class Steps(ResumableRows):
    work, again, elsewhere = "a walk", "walk again", "walk elsewhere"
    meanings: ClassVar[dict[str, str]] = {"seed": "starting point"}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "new" / "steps.jsonl"


def take(file, *rows, **settings):
    with Steps(file).append({**SETTINGS, **settings}) as steps:
        for row in rows:
            steps.add(row)


def test_rows_are_gone_on_with(file):
    take(file, [1, "ä"], {"two": 2})
    take(file, 3)
    steps = Steps(file)
    assert (steps.settings, steps.count) == (SETTINGS, 3)
    assert list(steps.rows()) == [[1, "ä"], {"two": 2}, 3]


def test_nothing_is_there_at_first(file):
    steps = Steps(file)
    assert (steps.settings, steps.count, list(steps.rows())) == (None, 0, [])


@pytest.mark.parametrize("kept", range(len(json.dumps(SETTINGS)) + 1))
def test_a_file_that_was_cut_in_its_settings_begins_anew(file, kept):
    file.parent.mkdir()
    file.write_text(json.dumps(SETTINGS)[:kept])
    take(file, 1)
    assert file.read_text() == json.dumps(SETTINGS) + "\n1\n"


def test_a_cut_last_row_does_not_count(file):
    take(file, 1, 2)
    with file.open("a") as end:
        end.write("345")  # a row of its own, but who knows whether all of it is there
    assert list(Steps(file).rows()) == [1, 2]
    take(file, 3)
    assert list(Steps(file).rows()) == [1, 2, 3]


def test_other_settings_are_refused(file):
    take(file, 1)
    before = file.read_bytes()
    with pytest.raises(
        UserError, match=r"steps\.jsonl: has 1 rows of another starting point \(1, now 2\); walk"
    ):
        take(file, 2, seed=2)
    with pytest.raises(UserError, match=r"another names \(a, b, now a\); walk again"):
        take(file, 2, names=["a"])
    assert file.read_bytes() == before


def test_settings_that_an_earlier_version_did_not_write_are_refused(file):
    take(file, 1)
    with pytest.raises(UserError, match=r"another engine \(None, now tflm\); walk again"):
        take(file, 2, engine="tflm")


@pytest.mark.parametrize("content", ["thesis\n", "thesis", '{"seed"\n', "[1]\n"])
def test_what_is_no_file_of_rows_is_refused(file, content):
    file.parent.mkdir()
    file.write_text(content)
    with pytest.raises(UserError, match=r"steps\.jsonl: not the rows of a walk; walk elsewhere"):
        take(file, 1)
    assert file.read_text() == content


def test_damage_is_told(file):
    take(file, 1)
    with file.open("a") as end:
        end.write("{\n2\n")
    with pytest.raises(UserError, match=r"steps\.jsonl: was changed, or written by two at once; walk again"):
        list(Steps(file).rows())


def test_a_full_disk_is_told_and_the_row_that_did_not_fit_is_cut(file):
    take(file)
    with (
        file_limit(file.stat().st_size + 5),
        pytest.raises(UserError, match=r"steps\.jsonl: cannot be written"),
    ):
        take(file, 1, 2, 333)
    take(file, 3)
    assert list(Steps(file).rows()) == [1, 2, 3]
