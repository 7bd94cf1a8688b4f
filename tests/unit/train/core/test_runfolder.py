"""The run folder: whole files, hashes that hold, nothing of anybody else's removed."""

import errno
import json
import os
from pathlib import Path

import pytest

from train.core import runfolder
from train.core.errors import UserError
from train.core.spec import ModelSpec, labels_for

SPEC = ModelSpec(labels_for(("yes",)))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_writer_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.pb"
    path.write_bytes(b"old")

    def fail() -> None:
        with runfolder.atomic_path(path) as temporary:
            temporary.write_bytes(b"half of the ne")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        fail()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"model.pb"}


@pytest.mark.skipif(
    not hasattr(os, "fork"), reason="this system has no fork to make a process that ends early"
)
@pytest.mark.parametrize(
    "name", ["spec.json", "model.keras", "operating_points.json", "checkpoints/last.npz"]
)
def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path, name):
    path = tmp_path / name
    child = os.fork()
    if not child:
        with runfolder.atomic_path(path):
            os._exit(0)
    os.waitpid(child, 0)
    (tmp_path / ".mine.json").write_text("{}")
    assert len(names(path.parent) - {".mine.json"}) == 1
    with runfolder.writing(tmp_path):
        assert names(path.parent) - {".lock", ".mine.json"} == set()
    assert (tmp_path / ".mine.json").is_file()


def test_nobody_sees_half_a_file(tmp_path):
    path = tmp_path / "deep" / "model.keras"
    with runfolder.atomic_path(path) as temporary:
        assert temporary.parent == path.parent  # the same disk, so that the rename is one step
        assert temporary.suffix == ".keras"  # Keras goes by it
        temporary.write_bytes(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert names(path.parent) == {"model.keras"}


def test_write_and_read(tmp_path):
    runfolder.write_text(tmp_path / "a.txt", "größe\n")
    assert (tmp_path / "a.txt").read_bytes() == "größe\n".encode()
    content = {"z": [1, None], "a": "größe"}
    runfolder.write_json(tmp_path / "a.json", content)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert "größe" in text
    assert text.index('"z"') < text.index('"a"')
    assert runfolder.read_json(tmp_path / "a.json") == content


def test_json_that_cannot_be_written_leaves_the_old_file(tmp_path):
    runfolder.write_json(tmp_path / "a.json", 1)
    with pytest.raises(TypeError):
        runfolder.write_json(tmp_path / "a.json", {1, 2})
    assert runfolder.read_json(tmp_path / "a.json") == 1


def test_read_json_refuses(tmp_path):
    with pytest.raises(UserError, match=r"a\.json: there is no such file; has this run finished"):
        runfolder.read_json(tmp_path / "a.json")
    for broken in (b"{", b"\xff\xfe"):
        (tmp_path / "a.json").write_bytes(broken)
        with pytest.raises(UserError, match=r"a\.json: is not JSON"):
            runfolder.read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("words", "name"),
    [(("yes", "no"), "yes_no"), (("größe",), "größe"), (("turn on",), "turn-on"), (("a'b$(c)",), "a-b-c-")],
)
def test_run_name(words, name):
    assert runfolder.run_name(words) == name


def write_run(run: Path) -> None:
    runfolder.write_bytes(run / runfolder.GRAPHDEF, b"graph")
    runfolder.write_spec(run, SPEC, [runfolder.GRAPHDEF])


def test_check_free_takes_what_is_empty(tmp_path):
    runfolder.check_free(tmp_path / "new")
    runfolder.check_free(tmp_path)


def test_check_free_takes_a_run_that_had_not_begun_to_train(tmp_path):
    (tmp_path / runfolder.JOB).write_text("{}")
    runfolder.check_free(tmp_path)


def test_check_free_refuses(tmp_path):
    finished, unfinished, foreign = tmp_path / "finished", tmp_path / "unfinished", tmp_path / "foreign"
    write_run(finished)
    with pytest.raises(UserError, match=r"holds a finished run; add --overwrite"):
        runfolder.check_free(finished)
    (unfinished / runfolder.CHECKPOINTS).mkdir(parents=True)
    (unfinished / runfolder.JOB).write_text("{}")
    with pytest.raises(UserError, match=rf"go on with: earshot train --resume {unfinished}"):
        runfolder.check_free(unfinished)
    (foreign / "checkpoints").mkdir(parents=True)  # of another program: there is no job.json
    with pytest.raises(UserError, match="is not a run folder"):
        runfolder.check_free(foreign)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="is not a run folder"):
        runfolder.check_free(tmp_path / "file")


def test_clear_leaves_what_is_not_ours(tmp_path):
    write_run(tmp_path)
    for name in runfolder._FILES:
        (tmp_path / name).write_text("x")
    for name in runfolder._FOLDERS:
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "file").write_text("x")
    # What boards and a Pi made of the old model; the names are those that hil writes.
    for result in ("hil/mps2-an386/result.json", "hil/report.json", "pi/local.json", "pi/local.txt"):
        runfolder.write_text(tmp_path / result, "{}")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "firmware" / "board").mkdir(parents=True)
    runfolder.clear(tmp_path)
    assert names(tmp_path) == {"notes.txt", "firmware"}
    assert (tmp_path / "firmware" / "board").is_dir()


def test_clear_of_nothing(tmp_path):
    runfolder.clear(tmp_path / "missing")
    runfolder.clear(tmp_path)
    assert not (tmp_path / "missing").exists()


def test_clear_refuses_a_folder_that_is_no_run(tmp_path):
    """--out ~/project --overwrite must not remove the project's c/ and logs/."""
    source = tmp_path / "c" / "main.c"
    source.parent.mkdir()
    source.write_text("int main;")
    with pytest.raises(UserError, match="is not a run folder"):
        runfolder.clear(tmp_path)
    assert source.is_file()
    with pytest.raises(UserError, match="is not a run folder"):
        runfolder.clear(source)


def test_spec_knows_its_files(tmp_path):
    write_run(tmp_path)
    spec = runfolder.read_spec(tmp_path, [runfolder.GRAPHDEF])
    assert spec.artefacts == {"model.pb": runfolder.sha256_file(tmp_path / "model.pb")}
    # SHA-256 of "graph", as sha256sum gives it
    assert spec.artefacts["model.pb"].startswith("eef93e1d1448")


def test_writing_the_spec_again_keeps_the_other_hashes(tmp_path):
    write_run(tmp_path)
    runfolder.write_bytes(tmp_path / runfolder.TFLITE, b"lite")
    runfolder.write_spec(tmp_path, runfolder.read_spec(tmp_path), [runfolder.TFLITE])
    runfolder.read_spec(tmp_path, [runfolder.GRAPHDEF, runfolder.TFLITE])


def test_read_spec_refuses(tmp_path):
    with pytest.raises(UserError, match=r"no spec\.json there, so this is not a finished run"):
        runfolder.read_spec(tmp_path)
    write_run(tmp_path)
    with pytest.raises(UserError, match=r"model\.keras: missing"):
        runfolder.read_spec(tmp_path, [runfolder.KERAS])
    (tmp_path / runfolder.KERAS).write_bytes(b"x")  # there, but the spec does not know it
    with pytest.raises(UserError, match=r"model\.keras: does not belong to .*expected none"):
        runfolder.read_spec(tmp_path, [runfolder.KERAS])
    (tmp_path / runfolder.GRAPHDEF).write_bytes(b"another")
    with pytest.raises(UserError, match=r"model\.pb: does not belong to .*SHA-256 is ae448ac8"):
        runfolder.read_spec(tmp_path, [runfolder.GRAPHDEF])
    runfolder.read_spec(tmp_path)  # who does not need the file may go on
    (tmp_path / runfolder.GRAPHDEF).unlink()
    with pytest.raises(UserError, match=r"model\.pb: missing"):
        runfolder.read_spec(tmp_path, [runfolder.GRAPHDEF])
    (tmp_path / runfolder.SPEC).write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"spec\.json: not a spec\.json"):
        runfolder.read_spec(tmp_path)


def test_spec_json_names_every_artefact(tmp_path):
    write_run(tmp_path)
    content = json.loads((tmp_path / runfolder.SPEC).read_text())
    assert list(content["artefacts"]) == ["model.pb"]
    assert content["labels"] == ["_silence_", "_unknown_", "yes"]


def test_the_name_of_many_words_fits_into_a_file_system():
    words = [f"word{number}" for number in range(60)]
    assert len(runfolder.run_name(words)) < 100
    assert runfolder.run_name(words) != runfolder.run_name([*words, "more"])
    assert runfolder.run_name(["yes", "no"]) == "yes_no"


@pytest.mark.parametrize(
    ("name", "version"), [("spec.json", 2), ("metrics.json", 2), ("operating_points.json", 5)]
)
def test_nothing_is_written_beside_what_a_newer_earshot_wrote(
    name: str, version: int, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / name).write_text(json.dumps({"version": version, "new": 1}))
    said = f"{name}: is of version {version}, made by a newer Earshot"
    with pytest.raises(UserError, match=said), runfolder.writing(run):
        pytest.fail("it may be written")
    assert [path.name for path in run.iterdir()] == [name]
    with runfolder.writing(run, replaces=True):
        pass


@pytest.mark.parametrize("word", ["../../up", "/tmp/up", "a\nb", ".hidden", "x" * 200])
def test_words_of_a_spec_are_checked_as_those_of_the_command_line(word: str, tmp_path: Path) -> None:
    spec = ModelSpec(labels_for((word,)))
    runfolder.write_text(tmp_path / "spec.json", spec.to_json())
    with pytest.raises(UserError, match=r"spec.json: .* cannot be a word"):
        runfolder.read_spec(tmp_path)


def test_an_atomic_write_tells_of_the_file_and_not_of_what_stands_for_it(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="No space left") as caught, runfolder.atomic_path(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["c", "checkpoints", "firmware", ".lock"])
def test_links_that_lead_out_of_a_run_are_not_followed(name: str, tmp_path: Path) -> None:
    run, outside = tmp_path / "run", tmp_path / "outside"
    run.mkdir()
    if name != ".lock":
        outside.mkdir()
    (run / name).symlink_to(outside)
    said = r"leads out of the run folder|cannot be written"
    with pytest.raises(UserError, match=said), runfolder.writing(run):
        pytest.fail("it may be written")
    assert outside.exists() is (name != ".lock")
