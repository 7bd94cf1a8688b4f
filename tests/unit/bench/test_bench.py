"""What benchmarks share: the runs that they plan, when one is finished, and the tables that they write."""

import dataclasses
import re

import pytest
from invoke import training_flags
from places import ROOT

from train.commands.flags import job_of
from train.core import runfolder
from train.core.errors import UserError

BENCH = ROOT / "tests" / "bench"
SEED = 7


@pytest.fixture(autouse=True)
def beside_the_benchmarks(monkeypatch):
    """They are scripts, which import what lies beside them."""
    monkeypatch.syspath_prepend(BENCH)


@pytest.mark.parametrize("module", ["accuracy_sweep", "challenge_bench"])
def test_every_planned_run_has_settings_and_a_folder_of_its_own(module):
    plan = list(__import__(module).planned())
    assert len(plan) > 10
    jobs = [job_of(training_flags(run.flags)) for run in plan]
    folders = [run.folder for run in plan]
    assert len(set(folders)) == len(folders)
    for folder, job in zip(folders, jobs, strict=True):
        assert folder.name.endswith(f"-{job.seed}")
    assert not any(job == other for number, job in enumerate(jobs) for other in jobs[:number])


def test_a_run_is_finished_only_with_the_settings_that_are_planned(tmp_path):
    from sweep import Run

    run = Run.of("group", tmp_path / "run", "--words yes,no --batch-size 32", SEED)
    job = job_of(training_flags(run.flags))
    assert not run.is_finished
    run.folder.mkdir()
    (run.folder / runfolder.JOB).write_text(job.to_json())
    assert not run.is_finished, "there is no report"
    (run.folder / runfolder.REPORT).write_text("<html>")
    assert run.is_finished
    for other in (
        dataclasses.replace(job, recipe=dataclasses.replace(job.recipe, mixup=0.3)).to_json(),
        job.to_json().replace("batch_size", "of_another_version"),
    ):
        (run.folder / runfolder.JOB).write_text(other)
        assert not run.is_finished


def test_tables_go_between_their_marks_and_nowhere_else(tmp_path, monkeypatch):
    import document_table

    monkeypatch.setattr(document_table, "DOCS", tmp_path)
    document = tmp_path / "A.md"
    document.write_text(
        "first\n<!-- make one writes from here -->\n\nold\n\n<!-- to here -->\nbetween\n"
        "<!-- make two writes from here -->\n\nkept\n\n<!-- to here -->\nlast\n"
    )
    document_table.write("A.md", "make one", "| new |\n")
    assert document.read_text() == (
        "first\n<!-- make one writes from here -->\n\n| new |\n\n<!-- to here -->\nbetween\n"
        "<!-- make two writes from here -->\n\nkept\n\n<!-- to here -->\nlast\n"
    )
    with pytest.raises(UserError, match="expected the lines <!-- make three writes from here -->"):
        document_table.write("A.md", "make three", "")


def test_every_table_has_its_marks_in_the_documents():
    import document_table

    calls = [
        found
        for script in BENCH.glob("*.py")
        for found in re.findall(
            r'document_table\.write\(\s*(?:"|_DOCUMENT, ")([^"]+)"(?:, "([^"]+)")?', script.read_text()
        )
    ]
    assert len(calls) >= 6
    marks = "".join(path.read_text(encoding="utf-8") for path in document_table.DOCS.glob("*.md"))
    for names in calls:
        source = names[1] or names[0]
        assert f"<!-- {source} writes from here -->" in marks, source
