"""Result files: versions, files of before, and what is said of those that cannot be read."""

import json
from pathlib import Path

import pytest
from report_runs import make_history, make_metrics, make_run

from train.core import runfolder
from train.core.errors import UserError
from train.core.results.boards import BenchResult, FirmwareSize, ProofResult, StreamResult
from train.core.results.boards_report import BoardsReport
from train.core.results.pi import EMULATE, FILES, REMOTE, PiSubmission
from train.core.results.training import ClipList, History, KeptClip, Metrics, MistakeList

SIZE = FirmwareSize(
    model_sha256="ab",
    program="earshot",
    engine="tflm",
    arena_bytes=1,
    flash_bytes=2,
    ram_bytes=3,
    stack_bytes=None,
)


def test_written_with_a_version_and_read_again(tmp_path: Path) -> None:
    path = FirmwareSize.path_of(tmp_path, "pico")
    SIZE.write(path)
    content = json.loads(path.read_text())
    assert path == tmp_path / "hil" / "pico" / "size.json"
    assert next(iter(content.items())) == ("version", 1)
    assert content["stack_bytes"] is None
    assert FirmwareSize.read(path) == SIZE


def test_a_file_without_a_version_is_of_the_first(tmp_path: Path) -> None:
    path = FirmwareSize.path_of(tmp_path, "pico")
    SIZE.write(path)
    content = json.loads(path.read_text())
    del content["version"]
    runfolder.write_json(path, {**content, "colour": "what nobody reads"})
    assert FirmwareSize.read(path) == SIZE


def test_lists_of_before_are_read(tmp_path: Path) -> None:
    path = tmp_path / "clips.json"
    runfolder.write_json(path, [{"file": "a.wav", "label": "yes"}])
    old = ClipList.read(path)
    assert old == ClipList(clips=(KeptClip(file="a.wav", label="yes"),))
    old.write(path)
    assert ClipList.read(path) == old
    runfolder.write_json(path, {"version": 1, "clips": [{"file": "../a.wav", "label": "yes"}]})
    with pytest.raises(
        UserError, match=r"clips\[0\]: file is '\.\./a\.wav', expected a file beside the list"
    ):
        ClipList.read(path)
    runfolder.write_json(path, [])
    assert MistakeList.read(path) == MistakeList(mistakes=())


@pytest.mark.parametrize("version", ["1", 0, -1, 1.0, True, None])
def test_a_version_that_is_none(tmp_path: Path, version: object) -> None:
    path = tmp_path / "run" / "hil" / "pico" / "size.json"
    runfolder.write_json(path, {"version": version})
    with pytest.raises(UserError, match=r"size\.json: version: is .*, expected a whole number from 1 on"):
        FirmwareSize.read(path)


def test_a_newer_version_says_so(tmp_path: Path) -> None:
    path = tmp_path / "run" / "hil" / "pico" / "size.json"
    runfolder.write_json(path, {"version": 2, "planets": 9})
    with pytest.raises(UserError) as caught:
        FirmwareSize.read(path)
    assert str(caught.value) == (
        f"{path}: is of version 2, made by a newer Earshot; this one reads up to version 1: "
        f"update Earshot, or make it again with: earshot build --board pico {tmp_path / 'run'}"
    )


@pytest.mark.parametrize(
    ("kind", "path", "command"),
    [
        (ProofResult, "out/a/hil/pico/result.json", "earshot test --board pico out/a"),
        (StreamResult, "out/a/hil/pico/stream.json", "earshot stream --board pico out/a"),
        (FirmwareSize, "out/a/hil/pico/size.json", "earshot build --board pico out/a"),
        (BenchResult, "out/a/hil/pico/bench.json", "earshot bench --board pico out/a"),
        (BoardsReport, "out/a/hil/report.json", "earshot report out/a"),
        (FILES[REMOTE], "out/a/pi/remote.json", "earshot pi out/a --host USER@HOST"),
        (FILES[EMULATE], "out/a/pi/emulate.json", "earshot pi out/a --emulate"),
        (PiSubmission, "out/a/pi/submission.json", "earshot pi out/a --submission FOLDER"),
        (Metrics, "out/a/metrics.json", "earshot train --resume out/a"),
        (History, "out/a/history.json", "earshot train --resume out/a"),
        (ClipList, "out/a/clips/clips.json", "earshot train --resume out/a"),
        (MistakeList, "out/a/mistakes/mistakes.json", "earshot train --resume out/a"),
    ],
)
def test_each_file_names_what_makes_it(kind, path, command, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=f"^{path}: there is no such file; make it with: {command}$"):
        kind.read(Path(path))
    runfolder.write_text(Path(path), '{"clips": [')
    with pytest.raises(UserError, match=rf"^{path}: is not JSON \(.*\); make it again with: {command}$"):
        kind.read(Path(path))
    runfolder.write_json(Path(path), 3)
    with pytest.raises(UserError, match=f"^{path}: is 3, expected an object; make it again with: {command}$"):
        kind.read(Path(path))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read \(is a folder, expected a file\)"):
        History.read(tmp_path)


def test_figures_of_a_run_are_read_as_they_were_written(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    for kind, name, content in (
        (Metrics, runfolder.METRICS, make_metrics()),
        (History, runfolder.HISTORY, make_history()),
    ):
        found = kind.read(run / name)
        found.write(run / name)
        assert json.loads((run / name).read_text()) == {"version": 1, **content}
    metrics = Metrics.read(run / runfolder.METRICS)
    assert list(metrics.by_kind) == ["float", "graphdef", "int8"]
    assert metrics.by_kind["float"].artefact == runfolder.KERAS
    assert Metrics.fields_of(metrics.by_kind)["float32"] == metrics.float32
    assert Metrics.fields_of({"int8": metrics.by_kind["int8"]})["float32"] is None
