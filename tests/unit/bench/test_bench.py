"""What benchmarks share: the runs that they plan, when one is finished, and the tables that they write."""

import dataclasses
import re

import numpy as np
import pytest
from invoke import training_flags
from places import ROOT

from train.commands.flags import job_of
from train.core import runfolder
from train.core.errors import UserError
from train.settings.augmentation import Augmentation

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


def robustness_rows(losses: dict[str, float]) -> list[dict[str, object]]:
    """Rows of two recipes: 0.9 as recorded, and less where it is said, of the best one."""
    from robustness_bench import _CONDITIONS

    return [
        {
            "recipe": recipe,
            "condition": condition,
            "accuracy": 0.9 - losses.get(condition, 0) * (recipe == "best"),
            "clips": 204,
        }
        for recipe in ("original", "best")
        for condition in _CONDITIONS
    ]


def test_the_robustness_table_has_a_line_for_each_condition_and_a_column_for_each_recipe():
    from robustness_bench import table

    lines = table(robustness_rows({"gain 0.1": 0.02})).splitlines()
    assert lines[0] == "| microphone | original | best |"
    assert "| gain 0.1 | 90.0 % | 88.0 % |" in lines
    assert lines[-1] == "204 test clips each, one seed."


def test_robustness_that_was_promised_is_checked():
    from robustness_bench import check

    check(robustness_rows({"gain 0.1": 0.029, "gain 16, clipped": 0.4}))
    check([])
    with pytest.raises(UserError, match=r"best, DC \+1000: loses 5.0 points, expected at most 3"):
        check(robustness_rows({"DC +1000": 0.05}))


def test_robustness_runs_are_planned_each_with_settings_of_its_own():
    from robustness_bench import planned

    jobs = {name: job_of(training_flags(run.flags)) for name, run in planned()}
    assert [job.front_end.dc_block for job in jobs.values()] == [False, True, True, True]
    assert jobs["original"].augmentation == Augmentation()
    assert jobs["best"].recipe.feature_augmentation.varies_level


def test_conditions_of_the_robustness_table():
    """A tone of 5 kHz: gone from a recording at 8 kHz; of 1 kHz: higher where the clock is slow."""
    from robustness_bench import _CONDITIONS

    seconds = np.arange(16000) / 16000
    high, low = (0.1 * np.sin(2 * np.pi * hz * seconds).astype(np.float32)[None] for hz in (5000, 1000))
    assert np.abs(_CONDITIONS["recorded at 8 kHz"](high)).max() < 1e-3
    assert np.abs(_CONDITIONS["recorded at 8 kHz"](low) - low).max() < 1e-3
    spectrum = np.abs(np.fft.rfft(_CONDITIONS["clock 3 % slow"](low)[0, :15000]))
    assert spectrum.argmax() * 16000 / 15000 == pytest.approx(1030, abs=2)
    assert _CONDITIONS["DC +3000"](low).mean() * 32768 == pytest.approx(3000, abs=1)
    assert _CONDITIONS["gain 16, clipped"](low).max() == np.float32(32767 / 32768)
