"""earshot train up to the chain: new runs, resumed ones, and what is not overwritten."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from every_setting import EVERY_SETTING
from places import ROOT

from train import __main__ as command
from train.commands import train as train_command
from train.core import runfolder
from train.core.errors import UserError
from train.settings.job import Job


@pytest.fixture
def run_command(monkeypatch):
    """Runs earshot train in this process up to the chain: the job, the run folder, resume, stop."""
    asked = []
    monkeypatch.setattr(train_command, "_run_chain", lambda *arguments: asked.append(arguments[:4]))

    def run(*flags) -> tuple:
        monkeypatch.setattr(sys, "argv", ["train", *map(str, flags)])
        command.main()
        return asked.pop()

    return run


def test_a_new_run(run_command, tmp_path):
    run = tmp_path / "run"
    assert run_command("--words", "a", "--out", run) == (Job(("a",)), run, False, False)


def test_resuming_takes_its_settings_from_the_run(run_command, tmp_path):
    runfolder.write_text(tmp_path / runfolder.JOB, EVERY_SETTING.to_json())
    assert run_command("--resume", tmp_path) == (EVERY_SETTING, tmp_path, True, False)
    assert run_command(f"--resume={tmp_path}", "--stop-training") == (EVERY_SETTING, tmp_path, True, True)
    with pytest.raises(UserError, match="leave out --words, --seed=3"):
        run_command("--resume", tmp_path, "--words", "a", "--seed=3")
    with pytest.raises(UserError, match=r"job\.json is missing"):
        run_command("--resume", tmp_path / "missing")
    with pytest.raises(UserError, match="--stop-training goes with --resume"):
        run_command("--words", "a", "--stop-training")


def test_a_finished_run_is_not_overwritten_by_accident(run_command, tmp_path):
    runfolder.write_text(tmp_path / runfolder.SPEC, "{}")
    with pytest.raises(UserError, match="holds a finished run; add --overwrite"):
        run_command("--words", "a", "--out", tmp_path)
    run_command("--words", "a", "--out", tmp_path, "--overwrite")


def overwrite(monkeypatch, run: Path, gather) -> None:
    """earshot train --overwrite with something else in place of reading a corpus."""
    monkeypatch.setattr("train.data.job_data.gather", gather)
    monkeypatch.setattr(sys, "argv", ["train", "--words", "a", "--out", str(run), "--overwrite"])
    command.main()


def test_overwriting_spares_the_run_that_is_there_when_there_is_no_corpus(monkeypatch, tmp_path):
    def gather(*_):
        raise UserError("no such corpus")

    runfolder.write_text(tmp_path / runfolder.SPEC, "{}")
    with pytest.raises(UserError, match="no such corpus"):
        overwrite(monkeypatch, tmp_path, gather)
    assert (tmp_path / runfolder.SPEC).is_file()


def test_overwriting_spares_a_folder_that_is_no_run(monkeypatch, tmp_path):
    source = tmp_path / "c" / "main.c"
    runfolder.write_text(source, "int main;")
    with pytest.raises(UserError, match="is not a run folder"):
        overwrite(monkeypatch, tmp_path, lambda *_: None)
    assert source.is_file()


def test_a_mistake_ends_in_a_sentence_and_exit_code_2(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "train", "--words", "yes,yes"],
        cwd=ROOT,
        env=os.environ | {"EARSHOT_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "error: --words 'yes,yes': yes named more than once\n"
