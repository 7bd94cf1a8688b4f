"""``earshot compare``: what it prints, how wide, and what it does with folders that hold no run."""

from pathlib import Path

import pytest
from invoke import invoke
from report_runs import make_run

from hil.commands import compare
from train.core.errors import UserError


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five runs; tests only read them."""
    folder = tmp_path_factory.mktemp("runs")
    return [make_run(folder / f"run{number}") for number in range(5)]


@pytest.mark.parametrize(("count", "heads"), [(2, 1), (4, 1), (5, 2)])
def test_it_fits_80_columns(runs: list[Path], count: int, heads: int, monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    invoke(compare, runs[:count])
    printed = capsys.readouterr().out
    table = printed.partition("\nAccuracy: ")[0]
    assert all(len(line) <= 80 for line in table.splitlines())
    assert all(table.count(run.name) == 1 for run in runs[:count])
    assert table.count("model.tflite") == heads
    assert table.count("18,912") == count


@pytest.mark.parametrize(
    ("run_count", "width", "sizes"),
    [(2, 80, [2]), (4, 80, [4]), (5, 80, [2, 3]), (9, 80, [3, 3, 3]), (2, 30, [1, 1])],
)
def test_runs_are_divided_among_tables(run_count: int, width: int, sizes: list[int]) -> None:
    found = [len(range(run_count)[part]) for part in compare.parts(run_count, width)]
    assert found == sizes


def test_what_holds_no_run_is_left_out_in_a_line(runs: list[Path], tmp_path: Path, capsys) -> None:
    (tmp_path / "empty").mkdir()
    invoke(compare, [runs[0], tmp_path / "nowhere", runs[1], tmp_path / "empty", runs[0]])
    told = capsys.readouterr()
    assert told.err.count("left out: ") == 2
    assert "nowhere: there is no such folder" in told.err
    assert told.out.count("run0") == 1
    with pytest.raises(UserError, match=r"expected two finished runs or more.*, 1 can be compared"):
        invoke(compare, [runs[0], runs[0], tmp_path / "empty"])


def test_only_an_earlier_page_is_replaced(runs: list[Path], tmp_path: Path, capsys) -> None:
    page = tmp_path / "compare.html"
    invoke(compare, [*runs[:2], "--page", page])
    assert f"page: {page}" in capsys.readouterr().out
    invoke(compare, [*runs[2:4], "--page", page])
    assert "run3" in page.read_text(encoding="utf-8")
    page.write_text("my own", encoding="utf-8")
    with pytest.raises(UserError, match=r"--page .*: exists and is no earlier comparison; add --overwrite"):
        invoke(compare, [*runs[:2], "--page", page])
    assert page.read_text(encoding="utf-8") == "my own"
    invoke(compare, [*runs[:2], "--page", page, "--overwrite"])
    assert "run1" in page.read_text(encoding="utf-8")
