"""JSON files of strangers: what is in them is right, or one line says what is not."""

import importlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from board_figures import BENCH, SIZE, STREAM, result
from fuzzing import cases
from fuzzing.campaign import ACCEPTED, REFUSED, run_cases
from fuzzing.json_damage import damaged
from invoke import invoke
from kernel_models import random_dense
from report_runs import LABELS, add_operating_points, make_run

from codegen.engines.both import load_engines
from hil.boards.board import BOARD_FILE, BOARDS, load_board
from hil.commands.report import join
from train.core import runfolder
from train.core.errors import UserError
from train.core.manifest import MANIFEST, read_manifest
from train.core.operating_point import read_points
from train.core.terminal.escapes import line
from train.settings.job import Job, read_job, trained_job

FILES = cases(20, 2000)
FOUND = ()  # seeds beyond the first that once showed a fault
REPORT = importlib.import_module("train.commands.report")
HOST_FILES = ("result", "stream", "size", "bench")

Reader = Callable[[Path], object]


def of_spec(run: Path) -> None:
    spec = runfolder.read_spec(run)
    trained_job(run, spec)
    read_points(run, spec)


def of_report(run: Path) -> None:
    invoke(REPORT, [run])


# Which file of the folder, and what reads it.
READERS: dict[str, tuple[Reader, ...]] = {
    runfolder.SPEC: (of_spec, join, of_report),
    runfolder.JOB: (read_job, of_report),
    runfolder.METRICS: (of_report,),
    runfolder.HISTORY: (of_report,),
    runfolder.OPERATING_POINTS: (of_spec, of_report),
    "clips/clips.json": (of_report,),
    "mistakes/mistakes.json": (of_report,),
    f"c/{MANIFEST}": (lambda run: read_manifest(run / "c", "run codegen"),),
    "boards/own/board.json": (lambda run: load_board("own", run / "boards"),),
    **{f"hil/host/{name}.json": (join, of_report) for name in HOST_FILES},
}


def manifest() -> str:
    """Of a small network."""
    pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    return load_engines(random_dense(2), "// Generated", "network").manifest({}).to_json()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every file."""
    for name, nothing in (("png", b""), ("svg", "<svg></svg>")):  # what takes reports longest
        monkeypatch.setattr(f"train.report.plots.{name}", lambda figure, nothing=nothing: nothing)
    run = make_run(tmp_path / "sound")
    add_operating_points(run)
    runfolder.write_text(run / runfolder.JOB, Job(words=LABELS[2:4]).to_json())
    runfolder.write_text(run / "c" / MANIFEST, manifest())
    own = shutil.copytree(BOARDS / "host", run / "boards" / "own") / BOARD_FILE
    own.write_text(json.dumps({**json.loads(own.read_text()), "id": "own"}))
    figures = {"result": result(), "stream": STREAM, "size": SIZE, "bench": BENCH}
    model_sha256 = runfolder.read_spec(run).artefacts[runfolder.TFLITE]
    for name in HOST_FILES:
        runfolder.write_json(
            run / "hil" / "host" / f"{name}.json", {**figures[name], "model_sha256": model_sha256}
        )
    return run


def test_the_files_are_sound(folder: Path) -> None:
    """Otherwise all that is damaged would be refused."""
    for readers in READERS.values():
        for reader in readers:
            reader(folder)


@pytest.mark.fuzz
def test_damaged_json(folder: Path, tmp_path: Path, tell: Callable[[str], None]) -> None:
    names = list(READERS)

    def case(seed: int, place: Path) -> tuple[str, str]:
        run = shutil.copytree(folder, place / "run")
        name = names[seed % len(names)]
        (run / name).write_bytes(damaged(seed, (run / name).read_text()))
        refusals = []
        for reader in READERS[name]:
            try:
                reader(run)
            except UserError as error:
                refusals.append(line(error.message))  # as it is shown: a name may have line ends
        return (REFUSED if refusals else ACCEPTED), f"{name}: {'; '.join(refusals)}"

    campaign = run_cases("json", case, FILES, tmp_path, tell, FOUND)
    campaign.check(**{REFUSED: 1 / 10, ACCEPTED: 1 / 50})
