"""What is read of a run folder is of one state of it, or that is said."""

import json
import re
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest
from report_runs import make_run

from train.core import runfolder
from train.core.errors import UserError
from train.core.results.belonging import stale
from train.core.run_lock import LOCK, RunLock


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


def test_nothing_is_said_where_nothing_changed(run: Path) -> None:
    with runfolder.reading(run):
        (run / "hil").mkdir()
        (run / runfolder.SPEC).write_bytes((run / runfolder.SPEC).read_bytes())


@pytest.mark.parametrize("name", [runfolder.SPEC, runfolder.METRICS, "c/manifest.json"])
def test_a_change_is_told_whatever_was_read(run: Path, name: str) -> None:
    with (
        pytest.raises(UserError, match=rf"run: {name} changed while this ran, .*; run it again"),
        runfolder.reading(run),
    ):
        runfolder.write_text(run / name, "{}")


def test_a_change_explains_an_error(run: Path) -> None:
    with pytest.raises(UserError, match="changed while this ran"), runfolder.reading(run):
        raise FileNotFoundError((run / runfolder.METRICS).unlink())


def test_a_bug_stays_a_bug(run: Path) -> None:
    with pytest.raises(ZeroDivisionError), runfolder.reading(run):
        print(1 / 0)


def test_who_is_at_work_explains_an_error(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = RunLock(run, wait=False)
    who = json.loads((run / LOCK).read_text())
    (run / LOCK).write_text(json.dumps(who | {"process": 1}))
    expected = r"no such word; process 1 on .* writes into .*run: wait until that is done, and run it again"
    with pytest.raises(UserError, match=expected), runfolder.reading(run):
        raise UserError("no such word")
    lock.release()
    with pytest.raises(UserError, match=r"^no such word$"), runfolder.reading(run):
        raise UserError("no such word")


def test_what_this_process_writes_is_its_own_business(run: Path) -> None:
    with runfolder.writing(run), runfolder.reading(run):
        (run / runfolder.METRICS).unlink()


def test_commands_read_their_run(run: Path) -> None:
    @runfolder.reads_run
    def command(flags: Namespace) -> None:
        (flags.run / runfolder.HISTORY).unlink()

    with pytest.raises(UserError, match=r"history\.json changed while this ran"):
        command(Namespace(run=run))


def other_model(run: Path) -> None:
    content = json.loads((run / runfolder.SPEC).read_text())
    content["artefacts"][runfolder.TFLITE] = "0" * 64
    (run / runfolder.SPEC).write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            other_model,
            r"model.tflite: does not belong to .*; make it again with: earshot quantize \S+$",
        ),
        (lambda run: (run / runfolder.SPEC).unlink(), "no spec.json there"),
        (lambda run: (run / runfolder.LABELS).write_text("a\nb"), "labels.txt: .*earshot train --resume"),
        (lambda run: (run / runfolder.METRICS).unlink(), "metrics.json: .*earshot train --resume"),
    ],
)
def test_what_does_not_belong_is_told_with_what_makes_it(
    run: Path, change: Callable[[Path], object], told: str
) -> None:
    change(run)
    assert any(re.search(told, line) for line in stale(run)), stale(run)


def test_an_unfinished_run_says_how_to_go_on(run: Path) -> None:
    (run / runfolder.JOB).write_text("{}")
    (run / runfolder.SPEC).unlink()
    (line,) = stale(run)
    assert line.endswith(f"go on with: earshot train --resume {run}")
