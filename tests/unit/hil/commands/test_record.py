"""``earshot record``, as it is typed."""

import sys

import numpy as np
import pytest
from invoke import invoke
from spoken_scenes import RATE_HZ, recording, word

from hil.commands import record
from train.audio.wav import encode_wav
from train.core.errors import UserError
from train.data.corpus import read_corpus


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))


def stereo_44k(samples: np.ndarray, path) -> None:
    import soundfile
    import soxr

    audio = soxr.resample(samples / 32768, RATE_HZ, 44100)
    soundfile.write(path, np.stack([audio, audio], 1), 44100)


def test_a_long_recording_becomes_a_corpus(tmp_path, capsys):
    out = tmp_path / "mine"
    for number, name in enumerate(("lampe an", "lampe aus")):
        said = [(1.0 + 2.4 * take, word(0.6 + 0.02 * take)) for take in range(12)]
        path = tmp_path / f"{number}.wav"
        stereo_44k(recording(30.0, *said), path)
        invoke(
            record,
            ["--words", name, "--out", out, "--wav", path, "--speaker", "anna", "--language", "de"],
        )
    said = capsys.readouterr()
    assert f"takes by anna in {out}: 12 of 'lampe aus' and the sound of the room" in said.out
    assert (
        f"now  earshot train --words 'lampe an,lampe aus' --data {out} --language de --preset best"
        in said.out
    )
    assert "of its pauses are kept as the sound of the room" in said.err
    corpus = read_corpus(out, RATE_HZ, words=("lampe an", "lampe aus"))
    assert corpus.words == {"lampe an": 12, "lampe aus": 12}
    assert len(corpus.backgrounds) == 1
    assert "one speaker" in corpus.note


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--words", "ja,nein", "--wav", "{wav}"],
            r"recording of one word.*names 2; cut them one by",
        ),
        (["--words", "a/b"], "names a folder of clips, and names with / or"),
        (["--words", "ja,"], "there is an empty word"),
        (["--words", "silence"], "cannot be a word"),
        (["--words", "ja", "--wav", "{wav}", "--device", "1"], "--device and --wav exclude each other"),
        (
            ["--words", "ja", "--wav", "{wav}", "--sample-rate-hz", "5"],
            "-hz is 5, expected 8000",
        ),
        (["--words", "ja", "--wav", "{quiet}"], "holds no take that will do; expected 'ja' said again"),
        (["--words", "ja", "--wav", "nowhere.wav"], "nowhere.wav: cannot be read: No such file"),
        (["--words", "ja", "--wav", "{wav}", "--out", "{wav}"], "is there already, and is none of ours"),
        (["--words", "ja", "--wav", "{wav}", "--speaker", "a/b"], "--speaker 'a/b' cannot be a part"),
        (["--words", "ja", "--port", "/dev/nowhere"], "/dev/nowhere: there is no such port"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes(arguments, message, tmp_path, monkeypatch):
    files = {"wav": recording(4.0, (1.0, word())), "quiet": recording(4.0)}
    places = {name: tmp_path / f"{name}.wav" for name in files}
    for name, samples in files.items():
        places[name].write_bytes(encode_wav(samples, RATE_HZ))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        invoke(record, [str(argument).format(**places) for argument in arguments])


def test_without_the_package_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"package sounddevice.*pip install 'earshot-kws\[live\]'"):
        invoke(record, ["--words", "ja"])
