"""``earshot submit``: rows, going on, files that cannot be scored, keys."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from invoke import invoke
from tone_runs import write_run

from train.audio.wav import encode_wav, read_wav
from train.challenge import scorers
from train.challenge.submission import Rows
from train.commands import submit as submit_command
from train.core.errors import Interrupted, UserError

WORDS = ("yes", "no", "bed", "cat")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "plain")


@pytest.fixture(scope="module")
def other_run(tmp_path_factory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "more", ("yes", "no", "bed"))


@pytest.fixture(scope="module")
def tones(make_corpus, tmp_path_factory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("corpus") / "tones", speakers=6, lists=False)


@pytest.fixture(autouse=True)
def work(tones, tmp_path, monkeypatch) -> Path:
    """The folder that commands run in: 20 clips, numbers 7 and 11 of them spoiled, and their key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scorers, "_BLOCK_CLIPS", 8)
    Path("clips").mkdir()
    lines = ["fname,label\n"]
    for number in range(20):
        word = WORDS[number % 4]
        shutil.copyfile(tones / word / f"speaker{number // 4:02}_nohash_0.wav", f"clips/{number:02}.wav")
        lines.append(f"{number:02}.wav,{word if word in ('yes', 'no') else 'unknown'}\n")
    Path("clips/07.wav").write_bytes(Path("clips/07.wav").read_bytes()[:999])
    Path("clips/11.wav").write_bytes(b"")
    Path("clips/12.wav").write_bytes(longer(Path("clips/12.wav")))
    Path("clips/notes.txt").write_text("not a clip")
    Path("key.csv").write_text("".join(lines))
    return tmp_path


def longer(path: Path) -> bytes:
    """The clip with half a second of silence behind it."""
    return encode_wav(np.append(read_wav(path, 16000), np.zeros(8000, np.int16)), 16000)


def submit(*arguments: object) -> None:
    invoke(submit_command, [*map(str, arguments), "--test", "clips", "--out", "out.csv"])


def test_rows_faults_and_score(run, capsys):
    submit(run, "--key", "key.csv")
    lines = Path("out.csv").read_text().splitlines()
    assert lines[:5] == ["fname,label", "00.wav,yes", "01.wav,no", "02.wav,unknown", "03.wav,unknown"]
    assert len(lines) == 21
    assert (lines[8], lines[12]) == ("07.wav,unknown", "11.wav,silence")
    assert Path("out.csv.errors.txt").read_text() == (
        "07.wav: header announces 32000 bytes of samples, file holds 955 -> unknown\n"
        "11.wav: file is empty (0 bytes) -> silence\n"
    )
    record = json.loads(Path("out.csv.json").read_text())
    assert (record["rows"], record["faults"], record["cut"]) == (20, 2, 1)
    assert (record["score"]["correct"], record["score"]["clips"]) == (19, 20)
    said = capsys.readouterr()
    assert "95.0 %" in said.out
    assert "cut      1 of 20 files are longer than 1000 ms: scored by their beginning" in said.out
    assert "2 of 20 files could not be scored" in said.err
    assert not Path("out.csv.part").exists()


@pytest.mark.parametrize("after", [3, 8, 13])
def test_stopped_and_gone_on_with_it_is_the_same_to_the_byte(run, other_run, after, monkeypatch):
    submit(run, "--tta")
    whole = Path("out.csv").read_bytes()
    Path("out.csv").unlink()
    add = Rows.add

    def add_and_stop(self, row):
        add(self, row)
        if self.count == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Rows, "add", add_and_stop)
        with pytest.raises(Interrupted, match=rf"stopped; {after} rows are kept in out\.csv\.part"):
            submit(run, "--tta")
    with pytest.raises(UserError, match=r"has \d+ rows of another --tta \(True, now False\)"):
        submit(run)
    with pytest.raises(UserError, match=r"rows of another set of trained models"):
        submit(other_run, "--tta")
    with Path("out.csv.part").open("ab") as file:
        file.write(b'["half a li')  # as a full disk leaves it
    submit(run, "--tta")
    assert Path("out.csv").read_bytes() == whole


def test_what_is_finished_is_scored_by_a_key_without_being_made_again(run, other_run, monkeypatch):
    submit(run)
    with monkeypatch.context() as patched:
        patched.setattr(submit_command, "Scorer", None)
        submit(run, "--key", "key.csv")
    assert json.loads(Path("out.csv.json").read_text())["score"]["correct"] == 19
    before = Path("out.csv").read_bytes()
    for arguments in ((other_run,), (run, "--tta")):
        with pytest.raises(
            UserError, match=r"--out out\.csv: is there already; add --overwrite to replace it"
        ):
            submit(*arguments)
    assert Path("out.csv").read_bytes() == before
    Path("out.csv").write_text("fname,label\n00.wav,mine\n")
    with pytest.raises(UserError, match="is there already"):
        submit(run)
    submit(run, "--overwrite")
    assert Path("out.csv").read_bytes() == before


def test_words_that_the_key_does_not_have(run, other_run, capsys):
    submit(other_run, "--key", "key.csv")
    assert "nothing in it is silence, bed, which the run may say" in capsys.readouterr().err
    submit(other_run, "--as-words", "yes,no", "--key", "key.csv", "--overwrite")
    assert json.loads(Path("out.csv.json").read_text())["score"]["correct"] == 19


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "fname,label\n00.wav,marvin\n",
            r"has marvin, which the run never says \(it says silence, unknown, ",
        ),
        (
            "fname,label\nother.wav,yes\n",
            r"has none of the 20 files \(they are like 00\.wav, the key has oth",
        ),
        ("fname,label\n", r"has no row; expected fname,label"),
        ("fname,label\n00.wav,yes\n00.wav,no\n", r"key\.csv:3: 00\.wav is in it twice"),
        ("fname,label\n00.wav\n", r"key\.csv:2: expected a file name and a label"),
        ("name;what\n00.wav;yes\n", r"its first line is 'name;what', expected fname,label"),
    ],
)
def test_a_wrong_key_is_told_before_anything_is_scored(run, key, message):
    Path("key.csv").write_text(key)
    with pytest.raises(UserError, match=message):
        submit(run, "--key", "key.csv")
    assert not list(Path().glob("out.csv*"))


def test_a_key_of_some_of_the_files(run, capsys):
    Path("key.csv").write_text("fname,label\n00.wav,yes\n01.wav,yes\nelsewhere.wav,no\n")
    submit(run, "--key", "key.csv")
    assert "2 of its 3 files are there, of 20 to be scored" in capsys.readouterr().err
    assert json.loads(Path("out.csv.json").read_text())["score"]["accuracy"] == 0.5


def test_bad_input(run, tmp_path):
    with pytest.raises(UserError, match="either RUN, once or more, or --ensemble FILE"):
        submit()
    with pytest.raises(UserError, match=r"key: cannot be read \(No such file"):
        submit(run, "--key", "key")
    Path("out.csv.json").write_text("{}")
    with pytest.raises(UserError, match=r"out\.csv\.json: exists and is no record of a submission"):
        submit(run)
    shutil.rmtree("clips")
    with pytest.raises(
        UserError, match=r"--test clips: cannot be read \(No such file or directory\); expected"
    ):
        submit(run)
    Path("clips").mkdir()
    with pytest.raises(
        UserError, match=r"--test clips: there is no \.wav file in it; expected the folder that the"
    ):
        submit(run)
