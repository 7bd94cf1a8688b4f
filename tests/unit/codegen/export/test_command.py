"""earshot export: what is written where, and what stays."""

import json

import pytest
from generated_sources import read_all
from invoke import invoke

from codegen.export import command
from train.core.errors import UserError


def export(run, out, *flags):
    invoke(command, [run, "--to", "c", "--out", out, *flags])
    return {name: content for name, content in read_all(out).items() if isinstance(content, bytes)}


def test_the_same_run_gives_the_same_bytes_and_nobodys_files_are_lost(runs, tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    first = export(runs["one"], out)
    assert capsys.readouterr().out.strip() == str(out)
    assert "yes_gro" in " ".join(first)
    (out / "mine.txt").write_text("mine")
    assert export(runs["one"], out) == {**first, "mine.txt": b"mine"}  # an earlier export is replaced unasked
    other = export(runs["other"], out, "--prefix", "other")
    assert [name for name in other if name.startswith("yes_gro")] == []
    assert other["mine.txt"] == b"mine"


def test_what_somebody_else_made_is_replaced_only_when_asked(runs, tmp_path):
    out = tmp_path / "out"
    export(runs["one"], out)
    (out / "example.c").write_text("int main(void) { return 7; }")
    with pytest.raises(UserError, match=r"example\.c was changed since.*--overwrite"):
        export(runs["one"], out)
    assert b"return 7" in (out / "example.c").read_bytes()
    assert b"return 7" not in export(runs["one"], out, "--overwrite")["example.c"]

    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "manifest.json").write_text('{"format_version": 1}')
    (foreign / "theirs.c").write_text("theirs")
    with pytest.raises(UserError, match=r"holds other files.*--overwrite"):
        export(runs["one"], foreign)
    assert export(runs["one"], foreign, "--overwrite")["theirs.c"] == b"theirs"
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is a file, expected a folder"):
        export(runs["one"], tmp_path / "file")


def test_a_manifest_reaches_nothing_outside_of_its_folder(runs, tmp_path):
    out = tmp_path / "out"
    export(runs["one"], out)
    manifest = json.loads((out / "manifest.json").read_text())
    (tmp_path / "victim").write_text("x")
    manifest["files"]["../victim"] = "0" * 64
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="holds other files"):
        export(runs["one"], out)
    export(runs["one"], out, "--overwrite")
    assert (tmp_path / "victim").read_text() == "x"


def test_mistakes_are_told_before_work_starts(runs, tmp_path):
    for flags, message in (
        (["--to", "platformo", "--out", tmp_path / "x"], "did you mean platformio"),
        (["--to", "c", "--out", tmp_path / "x", "--prefix", "Yes"], "such as yes"),
    ):
        with pytest.raises(UserError, match=message):
            invoke(command, [runs["one"], *flags])
    with pytest.raises(UserError, match="is not there"):
        invoke(command, [tmp_path / "nowhere", "--to", "c", "--out", tmp_path / "x"])
    assert not (tmp_path / "x").exists()


def test_a_model_that_our_kernels_do_not_run_is_for_tflite_micro(float_tflite, tmp_path, capsys):
    (tmp_path / "net.tflite").write_bytes(float_tflite)
    with pytest.raises(UserError, match=r"float.*With --engine tflm, TFLite-Micro does"):
        export(tmp_path / "net.tflite", tmp_path / "out")
    assert "is written" not in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    files = export(tmp_path / "net.tflite", tmp_path / "out", "--engine", "tflm")
    assert b"net_g_model[]" in files["net_model.cpp"]
    assert "net_kernels.c" not in files
