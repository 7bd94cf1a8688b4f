"""Mistakes a new user makes: each gets a sentence that says where, what, and what to do, and no traceback."""

import argparse
import importlib
import json
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from invoke import training_flags

from train.audio.wav import encode_wav
from train.commands import flags as cli
from train.commands import train as train_command
from train.core import runfolder
from train.core.errors import Interrupted, UserError

TONE = (3000 * np.sin(np.arange(16000) / 5)).astype(np.int16)


@pytest.fixture(scope="module")
def corpus(make_corpus, tmp_path_factory) -> Path:
    """A good one. Tests that spoil something take a copy."""
    return make_corpus(tmp_path_factory.mktemp("good") / "corpus")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def run_train(monkeypatch) -> Callable[..., None]:
    """``run_train("--words", "yes,no")`` as ``earshot train`` does it, up to the catching of errors."""

    def run(*arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", ["train", *map(str, arguments)])
        importlib.import_module("train.__main__").main()

    return run


@pytest.fixture
def refusal(run_train) -> Callable[..., str]:
    """What the user reads. Any other exception than UserError fails the test: it would be a traceback."""

    def refused(*arguments: object) -> str:
        with pytest.raises(UserError) as caught:
            run_train(*arguments)
        return str(caught.value)

    return refused


@pytest.fixture
def spoiled(corpus, tmp_path) -> Path:
    return Path(shutil.copytree(corpus, tmp_path / "spoiled"))


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"


def quick(data: Path, out: Path, words: str = "yes,no") -> tuple[object, ...]:
    """A job of two steps, with thresholds for streams of minutes."""
    few = ("--training-steps", "1,1", "--bank-clips", "40", "--false-accepts-per-hour", "60")
    return ("--words", words, "--data", data, *few, "--out", out)


def wav_file(channels: int = 1, rate_hz: int = 16000, bits: int = 16, tag: int = 1) -> bytes:
    """A second of nothing in any format of RIFF WAVE."""
    frame_bytes = channels * bits // 8
    payload = bytes(frame_bytes * rate_hz)
    fields = (36 + len(payload), b"WAVE", b"fmt ", 16, tag, channels, rate_hz, rate_hz * frame_bytes)
    header = struct.pack("<4sI4s4sIHHII", b"RIFF", *fields)
    return header + struct.pack("<HH4sI", frame_bytes, bits, b"data", len(payload)) + payload


BAD_FILES = {
    "truncated": (wav_file()[:9000], "36 truncated .*announces 32000 bytes of samples, file holds 8956"),
    "truncated stereo": (wav_file(channels=2)[:9000], "36 truncated .*announces 64000 bytes of samples"),
    "empty": (b"", "36 empty file .*0 bytes"),
    "no samples": (wav_file(rate_hz=0), "36 no samples .*there are no samples"),
    "codec": (wav_file(tag=0x4242), "36 no known sound .*no sound that can be read"),
    "AAC": (b"\xff\xf1\x50\x80" + bytes(500), "36 AAC .*ffmpeg -i IN -ac 1 -ar 16000"),
}
CONVERTED = {
    "stereo": wav_file(channels=2),
    "24-bit": wav_file(bits=24),
    "8-bit": wav_file(bits=8),
    "float": wav_file(bits=32, tag=3),
    "44100 Hz": wav_file(rate_hz=44100),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_corpus_of_nothing_but(kind, tmp_path, out, refusal):
    content, expected = BAD_FILES[kind]
    for word in ("yes", "no", "bed"):
        (tmp_path / "bad" / word).mkdir(parents=True)
        for speaker in range(12):
            (tmp_path / "bad" / word / f"s{speaker}_nohash_0.wav").write_bytes(content)
    message = refusal(*quick(tmp_path / "bad", out))
    assert message.startswith(f"{tmp_path / 'bad'}: not one usable clip; ")
    assert "(first: bed/s0_nohash_0.wav: " in message
    assert re.search(expected, message)
    assert not out.exists(), "nothing is left of a run that could not begin"


def test_good_clips_are_used_others_converted_and_bad_ones_listed(spoiled, out, run_train, capsys):
    for number, (content, _) in enumerate(BAD_FILES.values()):
        (spoiled / "yes" / f"bad{number}_nohash_0.wav").write_bytes(content)
    for number, content in enumerate(CONVERTED.values()):
        (spoiled / "yes" / f"odd{number}_nohash_0.wav").write_bytes(content)
    stream = encode_wav(TONE, 16000)
    (spoiled / "yes" / "stream_nohash_0.wav").write_bytes(stream[:40] + b"\xff" * 4 + stream[44:])
    (spoiled / "yes" / "song.mp3").write_bytes(b"ID3")
    run_train(*quick(spoiled, out))
    said = capsys.readouterr().err
    assert (
        "converted 5 recordings: 1 stereo, 1 24-bit, 1 8-bit, 1 float, 1 44100 Hz; "
        "repaired 1: 1 streamed header" in said
    )
    assert f"7 files of {spoiled} cannot be used: 2 truncated, " in said
    assert "yes/bad0_nohash_0.wav: header announces 32000 bytes of samples, file holds 8956" in said
    assert "… and 2 more" in said
    corpus = json.loads((out / "metrics.json").read_text())["corpus"]
    assert len(corpus["skipped"]) == 7
    reason = next(item["reason"] for item in corpus["skipped"] if item["file"] == "yes/song.mp3")
    assert reason.startswith("no sound that can be read (starts with b'ID3', 3 bytes)")
    assert corpus["converted"]["stereo"] == 1
    assert corpus["repaired"] == {"streamed header": 1}
    page = (out / "report.html").read_text()
    assert "Converted 5: 1 stereo, " in page
    assert "Repaired 1: 1 streamed header." in page


def test_words(corpus, out, refusal):
    assert "--words is missing; for example: earshot train --words yes,no" in refusal("--data", corpus)
    assert "expected clips of 'zebra' in a folder of that name, but found only: bed, cat, no, yes" in refusal(
        *quick(corpus, out, "yes,zebra")
    )
    assert "there is an empty word" in refusal(*quick(corpus, out, "yes,,no"))
    assert "yes named more than once" in refusal(*quick(corpus, out, "yes,no,YES"))
    assert "cannot be a word" in refusal(*quick(corpus, out, "../secrets"))
    for word in ("silence", "Unknown"):
        assert "every model has a label of that name" in refusal(*quick(corpus, out, f"yes,{word}"))


def test_data_that_is_not_there(tmp_path, out, refusal):
    message = refusal(*quick(tmp_path / "nowhere", out))
    assert f"--data {tmp_path / 'nowhere'}: there is no such folder or archive" in message
    (tmp_path / "hollow").mkdir()
    assert "no corpus in it; expected a folder per word" in refusal(*quick(tmp_path / "hollow", out))
    assert "not downloaded yet; get it with: earshot download" in refusal(
        *quick(Path("speech_commands"), out)
    )


def test_an_archive_that_is_cut(corpus, tmp_path, out, refusal):
    whole = Path(shutil.make_archive(str(tmp_path / "clips"), "gztar", corpus))
    whole.write_bytes(whole.read_bytes()[:-2000])
    message = refusal(*quick(whole, out))
    assert f"{whole}: damaged, not complete" in message
    assert message.endswith("fetch or copy it again")
    assert not list((tmp_path / "cache").rglob("*.wav")), "nothing half unpacked is left"


def test_too_little_to_train_or_to_test_on(spoiled, out, refusal, make_corpus, tmp_path):
    lines = (spoiled / "testing_list.txt").read_text().splitlines(keepends=True)
    (spoiled / "testing_list.txt").write_text("".join(line for line in lines if not line.startswith("no/")))
    assert "'no' has no testing clip" in refusal(*quick(spoiled, out))

    alone = make_corpus(tmp_path / "alone", ("yes", "no"), speakers=1, lists=False)
    assert "'yes' has no validation clip: 2 clips by 1 speaker are too few" in refusal(*quick(alone, out))


def test_one_word_and_no_others_is_enough_if_asked_for(make_corpus, tmp_path, out, run_train):
    run_train(*quick(make_corpus(tmp_path / "one", ("yes",)), out, "yes"), "--unknown-percentage", 0)
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["corpus"]["clips"]["testing"] == {"_silence_": 4, "_unknown_": 0, "yes": 4}


def test_background_noise_that_cannot_be_used(spoiled, out, refusal):
    (hum,) = (spoiled / "_background_noise_").iterdir()
    hum.write_bytes(encode_wav(TONE[:8000], 16000))
    assert "Need more than 16000 samples but only 8000 were found" in refusal(*quick(spoiled, out))
    hum.unlink()
    assert "No background wav files were found in" in refusal(*quick(spoiled, out))


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("--training-steps=-5,10", "--training-steps is -5,10, expected more than 0"),
        ("--training-steps=100,10,1", "names 3 phases and --learning-rate 2"),
        ("--learning-rate=nan,0.1", "--learning-rate is nan,0.1, expected more than 0"),
        ("--batch-size=0", "--batch-size is 0, expected more than 0"),
        ("--dropout=1", "--dropout is 1.0, expected 0 to less than 1"),
        ("--silence-percentage=-1", r"--silence-percentage is -1.0, expected 0 to 10000 \(percent\)"),
        ("--validation-percentage=120", "--validation-percentage is 120.0, expected 0 to 100"),
        ("--testing-percentage=95", "leave nothing to train on"),
        ("--time-shift-ms=-3", "--time-shift-ms is -3.0, expected 0 or more"),
        ("--time-shift-ms=1000", "moves words out of their clip; expected less than 1000"),
        ("--background-volume=2", "--background-volume is 2.0, expected 0 to 1"),
        ("--background-frequency=nan", "--background-frequency is nan, expected 0 to 1"),
        ("--bank-clips=0", "--bank-clips is 0, expected 1 or more"),
        ("--seed=-1", "--seed is -1, expected 0 to 4294967295"),
        ("--window-size-ms=2000", "a clip of 1000 ms is shorter than one window of 2000 ms"),
        ("--window-stride-ms=0", "window_stride_ms is 0, expected more than 0"),
        ("--feature-bin-count=300", "feature_bin_count is 300, expected 1 to 257"),
        ("--architecture=perceptron", "--architecture perceptron is not known; known: bc_resnet, "),
        ("--random-data", "--random-data and --data .* exclude each other"),
        ("--stop-training", "--stop-training goes with --resume RUN"),
    ],
)
def test_flags(flag, expected, corpus, out, refusal):
    assert re.search(expected, refusal(*quick(corpus, out), flag))
    assert not out.exists()


@pytest.mark.parametrize(
    "flag", ["--epochs=3", "--batch-size=many", "--optimizer=lion", "--word=yes", "trian"]
)
def test_flags_that_do_not_exist(flag, corpus, out, refusal):
    assert flag.partition("=")[0] in refusal(*quick(corpus, out), flag)


def test_a_learning_rate_that_is_far_too_high(corpus, out, refusal):
    message = refusal(*quick(corpus, out), "--training-steps", "60,1", "--learning-rate", "1e30,1e30")
    assert re.search("training broke down between steps .*lower --learning-rate", message)


def test_an_out_folder_that_cannot_be_one(corpus, tmp_path, refusal):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    assert f"{taken}: exists and is not a run folder" in refusal(*quick(corpus, taken))
    assert "cannot be written (Not a directory); choose another" in refusal(*quick(corpus, taken / "run"))
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter1.txt").write_text("years of work")
    for flags in ((), ("--overwrite",)):
        assert f"{thesis}: exists and is not a run folder" in refusal(*quick(corpus, thesis), *flags)
    assert [path.name for path in thesis.iterdir()] == ["chapter1.txt"]


def test_mistakes_in_places_are_told_before_work(corpus, spoiled, tmp_path, out, refusal):
    inside = spoiled / "run"
    assert f"{inside}: lies in the corpus {spoiled}, where folders are words" in refusal(
        *quick(spoiled, inside)
    )
    assert not inside.exists()
    nowhere = tmp_path / "bank.npz"
    assert f"--data {nowhere}: there is no such folder" in refusal(*quick(nowhere, out))
    assert "--test-data '' names nothing" in refusal(*quick(corpus, out), "--test-data", "")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 200 kB: room for a few files of a run, not for all."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small file system cannot be mounted here (it takes root)")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk(corpus, small_disk, refusal):
    message = refusal(*quick(corpus, small_disk / "run"))
    assert "the disk is full" in message
    assert f"earshot train --resume {small_disk / 'run'}" in message
    assert not [path for path in small_disk.rglob(".*") if path.is_file()], "no half-written file is left"


def test_a_full_disk_under_the_cache(corpus, out, small_disk, refusal, monkeypatch):
    """NumPy reports this one in a way of its own."""
    monkeypatch.setenv("EARSHOT_CACHE", str(small_disk / "cache"))
    assert "the disk is full" in refusal(*quick(corpus, out), "--bank-clips", 400)


def test_a_cache_that_cannot_be_made(corpus, tmp_path, out, refusal, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "file" / "cache"))
    message = refusal(*quick(corpus, out))
    assert "the cache cannot be used (Not a directory); set EARSHOT_CACHE to a folder" in message


def test_other_troubles_with_the_disk_stay_bugs(corpus, out, run_train, monkeypatch):
    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr(train_command, "_run_chain", fail)
    with pytest.raises(PermissionError):
        run_train(*quick(corpus, out))


def parsed(*flags: object) -> argparse.Namespace:
    return training_flags([str(flag) for flag in flags])


def test_ctrl_c_outside_of_training_says_how_to_go_on_where_there_is_a_way(
    corpus, out, run_train, monkeypatch
):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train_command, "_run_chain", interrupted)
    with pytest.raises(KeyboardInterrupt):  # before training: the same command starts again
        run_train(*quick(corpus, out))
    (out / runfolder.CHECKPOINTS).mkdir(parents=True)
    (out / runfolder.JOB).write_text(cli.job_of(parsed(*quick(corpus, out))).to_json())
    with pytest.raises(Interrupted, match="stopped; go on with: earshot train --resume"):
        run_train(*quick(corpus, out), "--overwrite")
    # Of another job: its checkpoints are not what this command was about.
    with pytest.raises(KeyboardInterrupt):
        run_train(*quick(corpus, out), "--overwrite", "--seed", "4")


@pytest.mark.parametrize("content", [None, b"{}", b"{", b"\xff\xfe\x00", b"[]"])
def test_resuming_what_is_no_run(content, tmp_path, refusal):
    if content is None:
        expected = rf"^{tmp_path}: no run there to go on with .*start one with: earshot train --words"
    else:
        (tmp_path / runfolder.JOB).write_bytes(content)
        expected = r"job\.json: not the settings of a run of this version .*start the run again"
    assert re.search(expected, refusal("--resume", tmp_path))


def test_resuming_with_other_settings(tmp_path, refusal):
    message = refusal("--resume", tmp_path, "--seed", 3)
    assert f"--resume takes its settings from {tmp_path / 'job.json'}; leave out --seed" in message


def test_evaluating_what_is_no_run(corpus, tmp_path, refusal):
    expected = "so this is not a finished run folder; make one with: earshot train --words yes,no"
    assert expected in refusal("evaluate", tmp_path, "--data", corpus)
    assert expected in refusal("report", tmp_path)
    (tmp_path / "spec.json").write_text("{")
    assert "not a spec.json of this version" in refusal("evaluate", tmp_path, "--data", corpus)


def test_evaluating_on_a_corpus_of_other_words(make_run, make_corpus, tmp_path, refusal):
    others = make_corpus(tmp_path / "others", ("bed", "cat"))
    message = refusal("evaluate", make_run(words=("yes", "no")), "--data", others)
    assert "expected clips of 'yes' in a folder of that name, but found only: bed, cat" in message


def test_figures_that_cannot_be_written(make_run, corpus, refusal, tmp_path):
    run = make_run(words=("yes", "no"))
    flags = ("evaluate", run, "--data", corpus, "--model", "int8", "--json")
    (tmp_path / "precious.txt").write_text("mine")
    path = tmp_path / "precious.txt"
    assert f"--json {path}: exists and is not an earlier evaluation; choose another" in refusal(*flags, path)
    assert f"--json {tmp_path}: is a folder, expected a file, such as fig" in refusal(*flags, tmp_path)
    (tmp_path / "precious.npz").write_text("mine")
    scores = ("evaluate", run, "--data", corpus, "--scores")
    assert "precious.npz: exists and is no file of scores" in refusal(*scores, tmp_path / "precious.npz")
    assert "expected a name that ends in .npz" in refusal(*scores, tmp_path / "precious.txt")
    assert (tmp_path / "precious.txt").read_text() == (tmp_path / "precious.npz").read_text() == "mine"
