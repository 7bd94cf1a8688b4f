"""``earshot pi --submission``: rows, resuming, files that cannot be scored, messages."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bad_clips import BAD, GOOD, noise
from small_graphs import make_graph

from hil import __main__ as hil
from hil.pi.bundle import bundle
from hil.pi.remote.graphdef import parse_graph
from hil.pi.remote.wav import to_float
from train.audio import wav
from train.challenge.submission import Rows
from train.core import runfolder
from train.core.errors import Interrupted, UserError
from train.core.spec import ModelSpec

LABELS = ["_silence_", "_unknown_", "yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"]
AS_THE_CHALLENGE_HAS_THEM = ["silence", "unknown", *LABELS[2:]]
FILES = [f"clip_{number:02}.wav" for number in range(20)]


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    """A folder with a graph, its labels, and clips; tests take a copy."""
    folder = tmp_path_factory.mktemp("clean")
    make_graph(folder)
    (folder / "labels.txt").write_text("\n".join(LABELS))
    (folder / "clips").mkdir()
    for number, name in enumerate(FILES):
        (folder / "clips" / name).write_bytes(wav.encode_wav(noise(number), 16000))
    return folder


@pytest.fixture
def work(clean, tmp_path, monkeypatch) -> Path:
    shutil.copytree(clean, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def submit(work, monkeypatch):
    """``submit("--tta")``: rows of ``out.csv``."""

    def run(*arguments: object, engine: str = "numpy", graph: str = "model.pb") -> list[list[str]]:
        default = ["--local", "--submission", "clips", "--out", "out.csv", "--engine", engine]
        monkeypatch.setattr(sys, "argv", ["hil", "pi", graph, *default, *map(str, arguments)])
        hil.main()
        with (work / "out.csv").open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            return list(csv.reader(file))

    return run


def plain_scores(work: Path, audio: np.ndarray) -> np.ndarray:
    """What the graph of ``make_graph`` computes: softmax(relu(audio @ weights)); (12,) float64."""
    values = (node.attributes.get("value") for node in parse_graph((work / "model.pb").read_bytes()))
    (weights,) = (value for value in values if np.shape(value) == (16000, 12))
    products = np.maximum(audio.astype(np.float64) @ weights, 0)
    powers = np.exp(products - products.max())
    return powers / powers.sum()


def expected_labels(work: Path, with_tta: bool) -> list[str]:
    labels = []
    for number in range(len(FILES)):
        audio = wav.to_float(noise(number))
        scores = plain_scores(work, audio)
        if with_tta:
            earlier = np.concatenate([audio[1500:], audio[:1500]])
            scores = (scores + plain_scores(work, earlier) + plain_scores(work, 1.2 * audio)) / 3
        labels.append(AS_THE_CHALLENGE_HAS_THEM[int(scores.argmax())])
    return labels


@pytest.mark.parametrize("with_tta", [False, True])
def test_rows_are_those_of_plain_numpy(submit, work, capsys, with_tta):
    rows = submit(*(["--tta"] if with_tta else []))
    assert rows == [["fname", "label"], *map(list, zip(FILES, expected_labels(work, with_tta), strict=True))]
    assert expected_labels(work, False) != expected_labels(work, True)
    said = capsys.readouterr().out
    assert "rows     20: " in said
    assert "clips/s over 20 (host), NumPy" in said
    assert sorted(path.name for path in work.iterdir()) == [
        "clips",
        "labels.txt",
        "model.pb",
        "out.csv",
        "pi",
    ]
    record = json.loads((work / "pi" / "submission.json").read_text())
    assert (record["rows"], record["scored"], record["faults"], record["label"]) == (20, 20, 0, "host")
    assert sum(record["counts"].values()) == 20
    assert record["settings"]["tta"] is with_tta


def test_short_clips_are_padded_and_long_ones_cut(work, submit):
    clip = noise(3)
    for name in FILES:
        (work / "clips" / name).unlink()
    (work / "clips" / "long.WAV").write_bytes(wav.encode_wav(np.concatenate([clip, noise(4)]), 16000))
    (work / "clips" / "same.wav").write_bytes(wav.encode_wav(clip, 16000))
    (work / "clips" / "short.wav").write_bytes(wav.encode_wav(clip[:9000], 16000))
    (work / "clips" / "._same.wav").write_bytes(b"what macOS leaves")
    (work / "clips" / "notes.txt").write_text("x")
    padded = np.pad(wav.to_float(clip[:9000]), (0, 7000))
    label, short = (
        AS_THE_CHALLENGE_HAS_THEM[int(plain_scores(work, audio).argmax())]
        for audio in (wav.to_float(clip), padded)
    )
    assert submit()[1:] == [["long.WAV", label], ["same.wav", label], ["short.wav", short]]
    np.testing.assert_array_equal(to_float(clip[:9000], 16000), padded)
    np.testing.assert_array_equal(to_float(clip, 9000), wav.to_float(clip)[:9000])


def interrupt(monkeypatch, submit, after: int, *arguments: object) -> None:
    """Ctrl-C once so many rows were added."""
    with monkeypatch.context() as patched:
        add = Rows.add

        def add_and_stop(self, row):
            add(self, row)
            if self.count == after:
                raise KeyboardInterrupt

        patched.setattr(Rows, "add", add_and_stop)
        with pytest.raises(
            Interrupted, match=rf"stopped; {after} rows are kept in out\.csv\.part: the same comm"
        ):
            submit(*arguments)


def test_an_interrupted_run_goes_on(work, submit, monkeypatch, capsys):
    (work / "clips" / FILES[3]).write_bytes(b"")
    (work / "clips" / FILES[4]).write_bytes(wav.encode_wav(np.zeros(16001, np.int16), 16000))
    whole = submit()
    (work / "out.csv").unlink()
    interrupt(monkeypatch, submit, 5)
    assert not (work / "out.csv").exists()
    part = work / "out.csv.part"
    kept = part.read_bytes()
    assert kept.count(b"\n") == 6
    part.write_bytes(kept + b'["clip_05.wav", "ye')  # cut, as by a full disk
    interrupt(monkeypatch, submit, 12)
    assert part.read_bytes().startswith(kept + b'["clip_05.wav", ')
    assert submit() == whole
    said = capsys.readouterr()
    assert "going on behind row 12 of 20" in said.err
    assert "cut      1 of 20 files are longer than 1000 ms: scored by their beginning" in said.out
    assert not part.exists()
    # What was found before the interruption is told at the end, too.
    errors = (work / "out.csv.errors.txt").read_text()
    assert errors == "clip_03.wav: file is empty (0 bytes) -> silence\n"
    record = json.loads((work / "pi" / "submission.json").read_text())
    assert (record["rows"], record["scored"], record["faults"], record["cut"]) == (20, 8, 1, 1)


def test_interrupted_at_the_last_row(submit, monkeypatch):
    interrupt(monkeypatch, submit, 20)
    assert len(submit()) == 21


CHANGES = {
    "--tta": (lambda work: None, ["--tta"], r"5 rows of another --tta \(False, now True\)"),
    "graph": (
        lambda work: make_graph(work, extra=3),
        [],
        r"5 rows of another graph \([0-9a-f]{12}…, now [0-9a-f]{12}…\)",
    ),
    "labels": (
        lambda work: (work / "labels.txt").write_text("\n".join(reversed(LABELS))),
        [],
        r"another labels \(silence",
    ),
    "files": (
        lambda work: (work / "clips" / FILES[0]).rename(work / "clips" / "zzz.wav"),
        [],
        r"another list of files \([0-9a-f]{12}…, now ",
    ),
    "folder": (lambda work: shutil.copytree("clips", "others"), ["--submission", "others"], "another folder"),
    "no rows": (
        lambda work: (work / "out.csv.part").write_text("mine\n"),
        [],
        "not the rows of an unfinished submission; choose another with --out",
    ),
    "half a line": (lambda work: (work / "out.csv.part").write_text("mine"), [], "not the rows of"),
    "half a setting": (lambda work: (work / "out.csv.part").write_text('{"tta"\n'), [], "not the rows of"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_rows_of_something_else_are_not_gone_on_with(work, submit, monkeypatch, case):
    change, arguments, message = CHANGES[case]
    interrupt(monkeypatch, submit, 5)
    change(work)
    part = (work / "out.csv.part").read_bytes()
    with pytest.raises(UserError, match=rf"^out\.csv\.part: .*{message}"):
        submit(*arguments)
    assert (work / "out.csv.part").read_bytes() == part
    assert not (work / "out.csv").exists()


def test_rows_of_another_engine_are_not_gone_on_with(work, submit, monkeypatch):
    interrupt(monkeypatch, submit, 5)
    part = (work / "out.csv.part").read_text()
    (work / "out.csv.part").write_text(part.replace(f"NumPy {np.__version__}", "TensorFlow 1.4.0"))
    message = rf"another engine \(TensorFlow 1\.4\.0, now NumPy {np.__version__}\); remove the file"
    with pytest.raises(UserError, match=message):
        submit()


def test_rows_written_by_two_at_once_are_refused(work, submit, monkeypatch):
    interrupt(monkeypatch, submit, 5)
    part = work / "out.csv.part"
    lines = part.read_bytes().splitlines(keepends=True)
    part.write_bytes(b"".join([*lines[:5], lines[4]]))
    with pytest.raises(
        UserError, match=r"out\.csv\.part: was changed, or written by two at once; remove the file"
    ):
        submit()
    assert not (work / "out.csv").exists()


def test_a_finished_csv_is_kept(work, submit):
    whole = submit()
    (work / "out.csv").write_text("mine")
    with pytest.raises(UserError, match=r"^--out out\.csv: is there already; add --overwrite"):
        submit()
    assert (work / "out.csv").read_text() == "mine"
    assert submit("--overwrite") == whole


def test_files_that_cannot_be_scored_have_their_rows(work, submit, capsys):
    whole = submit()
    names = FILES[3 : 3 + len(BAD)]
    for name, (content, _, _) in zip(names, BAD.values(), strict=True):
        (work / "clips" / name).write_bytes(content)
    (work / "clips" / FILES[1]).unlink()
    (work / "clips" / FILES[1]).mkdir()
    capsys.readouterr()
    rows = submit("--overwrite")
    bad_rows = [[name, label] for name, (_, label, _) in zip(names, BAD.values(), strict=True)]
    assert rows == [*whole[:2], [FILES[1], "unknown"], whole[3], *bad_rows, *whole[4 + len(BAD) :]]
    folder, *lines = (work / "out.csv.errors.txt").read_text().splitlines()
    assert folder == f"{FILES[1]}: cannot be read: Is a directory -> unknown"
    for name, line, (_, label, message) in zip(names, lines, BAD.values(), strict=True):
        assert line.startswith(f"{name}: ")
        assert message in line
        assert line.endswith(f" -> {label}")
    head, *shown = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning:")]
    assert head == ("warning: 14 of 20 files could not be scored; all are listed in out.csv.errors.txt")
    assert len(shown) == 11
    assert shown[0] == f"warning:   {FILES[1]}: cannot be read: Is a directory; written as unknown"
    assert shown[-1] == "warning:   … and 4 more"
    (work / "clips" / FILES[1]).rmdir()
    for name in names:
        (work / "clips" / name).write_bytes(GOOD)
    submit("--overwrite")
    assert not (work / "out.csv.errors.txt").exists(), "the faults of an earlier run are gone"


def test_odd_names(work, submit, capsys):
    odd = ['a,"b".wav', "größe.wav", os.fsdecode(b"\xff\xfe.wav"), "new\nline.wav", "-dash.wav"]
    for name in FILES:
        (work / "clips" / name).unlink()
    for name in odd:
        (work / "clips" / name).write_bytes(GOOD)
    (work / "clips" / odd[2]).write_bytes(b"")
    assert [name for name, _ in submit()[1:]] == sorted(odd, key=os.fsencode)
    assert r"warning:   \xff\xfe.wav: file is empty" in capsys.readouterr().err


def run_folder(work: Path) -> Path:
    run = work / "run"
    run.mkdir()
    shutil.copy("model.pb", run / "model.pb")
    (run / "labels.txt").write_text("\n".join(LABELS))
    runfolder.write_spec(run, ModelSpec(labels=tuple(LABELS)), ["model.pb", "labels.txt"])
    return run


def test_a_run_folder(work, submit):
    run = run_folder(work)
    assert submit(graph="run") == submit("--overwrite")
    assert (run / "pi" / "submission.json").is_file()
    (run / "labels.txt").write_text("\n".join(sorted(LABELS)))
    with pytest.raises(UserError, match=r"run/labels\.txt: does not belong to run/spec\.json"):
        submit("--overwrite", graph="run")


def test_labels_that_the_challenge_does_not_know(work, submit, capsys):
    (work / "labels.txt").write_text("\n".join([*LABELS[:10], "bed", "größe"]))
    submit()
    said = capsys.readouterr().err
    assert "warning: not labels of the 2017 challenge, and written all the same: bed, größe" in said


LABEL_FILES = {
    "missing": (None, r"labels\.txt: there is no such file; write one: the label of each score"),
    "too few": ("a\nb", r"labels\.txt: has 2 labels, but model\.pb gives 12 scores"),
    "twice": ("_silence_\nno\nsilence", "has _silence_, no, silence; expected labels, a line each, and none"),
    "empty": ("", "has no line; expected labels"),
    "a gap": ("yes\n\nno", "expected labels, a line each"),
    "Latin-1": (b"gr\xf6\xdfe", r"labels\.txt: is not UTF-8 text"),
}  # fmt: skip


@pytest.mark.parametrize("case", LABEL_FILES)
def test_labels_that_do_not_do(work, submit, case):
    content, message = LABEL_FILES[case]
    if content is None:
        (work / "labels.txt").unlink()
    elif isinstance(content, bytes):
        (work / "labels.txt").write_bytes(content)
    else:
        (work / "labels.txt").write_text(content)
    with pytest.raises(UserError, match=message):
        submit()
    assert not (work / "out.csv.part").exists()


MISTAKES = {
    "no such folder": (["--submission", "nowhere"], r"nowhere: cannot be read \(No such file or directory\)"),
    "a file": (
        ["--submission", "model.pb"],
        r"model\.pb: cannot be read \(Not a directory\); expected a fold",
    ),
    "no wavs": (["--submission", "."], r"\.: there is no \.wav file in it; expected a folder that the clips"),
    "out is a folder": (
        ["--out", "clips"],
        "--out clips: is a folder, expected a file, such as submission.csv",
    ),
    "no such python": (["--python", "./nopython"], r"\./nopython: cannot be run"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes(work, submit, case):
    arguments, message = MISTAKES[case]
    with pytest.raises(UserError, match=message):
        submit(*arguments)
    assert sorted(path.name for path in work.iterdir()) == ["clips", "labels.txt", "model.pb"]


FLAGS = {
    "--estimate": (["--estimate", "--submission", "clips", "--out", "x.csv"], "submission scores with --loc"),
    "no --out": (["--local", "--submission", "clips"], r"add --out FILE\.csv"),
    "no --submission": (["--local", "--tta"], "--out, --tta and --overwrite are of --submission FOLDER"),
}  # fmt: skip


@pytest.mark.parametrize("case", FLAGS)
def test_flags(work, monkeypatch, case):
    arguments, message = FLAGS[case]
    monkeypatch.setattr(sys, "argv", ["hil", "pi", "model.pb", *arguments])
    with pytest.raises(UserError, match=message):
        hil.main()


def test_an_engine_that_breaks_down_halfway(work, submit, monkeypatch):
    """A Python that dies behind some rows: what is scored is kept, and the command says so."""
    (work / "dying").write_text(
        f'#!/bin/sh\n"{sys.executable}" "$@" | head -n 8\necho "MemoryError" >&2\nexit 137\n'
    )
    (work / "dying").chmod(0o755)
    message = r"model\.pb: scoring ended with 137: .*MemoryError; 7 rows are kept in out\.csv\.part: the same"
    with pytest.raises(UserError, match=message) as caught:
        submit("--python", "./dying")
    assert caught.value.exit_code == 4
    assert len(submit()) == 21


def test_a_folder_is_relative_to_the_home_folder(work):
    """Over ssh the program runs in a folder of its own."""
    (work / "program.pyz").write_bytes(bundle("submission"))
    command = [sys.executable, "program.pyz", "model.pb", "--engine", "numpy", "--skip", "18", "--"]
    for folder in ("clips", "~/clips"):
        done = subprocess.run(
            [*command, folder], env={**os.environ, "HOME": str(work)}, capture_output=True, check=True
        )
        begin, *rows = map(json.loads, done.stdout.splitlines())
        assert (begin["folder"], begin["files"], begin["scores"]) == (str(work / "clips"), 20, 12)
        assert [row["name"] for row in rows] == FILES[18:]
