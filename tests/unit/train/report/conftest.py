"""A run folder of plausible figures, with its report and without."""

import shutil
from pathlib import Path

import pytest
from report_runs import Page, make_run

from train.report.run_report import write_report


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with its report; tests only read it."""
    folder = make_run(tmp_path_factory.mktemp("finished") / "run")
    assert write_report(folder) == folder / "report.html"
    return folder


@pytest.fixture(scope="session")
def page(finished: Path) -> Page:
    return Page(finished / "report.html")


@pytest.fixture
def drawn(finished: Path, tmp_path: Path) -> Path:
    """A run folder without a report, to change and to report on."""
    leave_out = shutil.ignore_patterns("report.html", "plots")
    return shutil.copytree(finished, tmp_path / "run", ignore=leave_out)


@pytest.fixture
def run(drawn: Path, without_pictures: None) -> Path:
    """The same, whose report takes less time."""
    return drawn
