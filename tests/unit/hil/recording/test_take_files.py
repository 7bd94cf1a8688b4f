"""Where takes go, and that nothing is replaced."""

import os

import numpy as np
import pytest

from hil.recording.take_files import TakeFiles, words_of
from train.audio.wav import encode_wav, read_wav
from train.core.errors import UserError
from train.data.corpus import read_corpus

SAMPLES = np.arange(16000, dtype=np.int16)


def test_takes_are_numbered_on(tmp_path):
    files = TakeFiles(tmp_path / "mine", ("lampe an", "lampe aus"), "anna", 16000)
    paths = [files.add("lampe an", SAMPLES + number) for number in range(3)]
    assert [path.name for path in paths] == [f"anna_nohash_{number}.wav" for number in range(3)]
    paths[1].unlink()
    again = TakeFiles(tmp_path / "mine", ("lampe an",), "anna", 16000)
    assert again.count("lampe an") == 2
    assert again.add("lampe an", SAMPLES).name == "anna_nohash_3.wav", "no number is given twice"
    assert np.array_equal(read_wav(paths[0], 16000), SAMPLES)
    ben = TakeFiles(tmp_path / "mine", ("lampe an",), "ben", 16000)
    assert ben.count("lampe an") == 0
    again.remove(paths[0])
    assert again.count("lampe an") == 2
    assert not paths[0].exists()


def test_training_understands_what_is_written(tmp_path):
    words = ("lampe an", "größe", "a: was?", "con")
    files = TakeFiles(tmp_path, words, "Anna B", 16000)
    for word in words:
        for number in range(10):
            files.add(word, SAMPLES + number)
    files.add_room(np.tile(SAMPLES, 3))
    corpus = read_corpus(tmp_path, 16000, words=words)
    assert corpus.words == dict.fromkeys(words, 10)
    assert {path.name for path in tmp_path.iterdir()} > {"a%3A was%3F", "%63on"}
    assert not corpus.skipped
    assert [path.name for path in corpus.backgrounds] == ["room_Anna B.wav"]
    assert {clip.speaker for clip in corpus.clips} == {"Anna B"}
    assert {clip.split for clip in corpus.clips} == {"training", "validation", "testing"}
    with pytest.raises(UserError, match="is there already"):
        files.add_room(SAMPLES)


def test_folders_of_another_spelling_serve(tmp_path):
    (tmp_path / "Lampe_An").mkdir()
    files = TakeFiles(tmp_path, ("lampe an",), "anna", 16000)
    assert files.add("lampe an", SAMPLES).parent.name == "Lampe_An"
    assert words_of(tmp_path) == ["lampe_an"] or words_of(tmp_path) == ["lampe an"]


def test_takes_of_another_rate_and_lists_are_told(tmp_path):
    (tmp_path / "ja").mkdir()
    (tmp_path / "ja" / "anna_nohash_0.wav").write_bytes(encode_wav(SAMPLES, 44100))
    (tmp_path / "ja" / "broken.wav").write_bytes(b"RIFF")
    (tmp_path / "testing_list.txt").write_text("ja/anna_nohash_0.wav\n")
    rates, lists = TakeFiles(tmp_path, ("ja",), "anna", 16000).notes()
    assert "has takes of 44100 Hz; new ones have 16000 Hz, and training converts" in rates
    assert "testing_list.txt decide" in lists
    assert TakeFiles(tmp_path / "new", ("ja",), "anna", 16000).notes() == []


@pytest.mark.parametrize(
    ("speaker", "message"),
    [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("a/b", "reserved"),
        ("..", "reserved"),
        ("anna_nohash_1", "ends the name of a speaker"),
        ("a\nb", "cannot be seen"),
        ("ä" * 40, "at most 60 bytes"),
    ],
)
def test_speakers_that_cannot_be(speaker, message, tmp_path):
    with pytest.raises(UserError, match=f"--speaker .* cannot be a part of a file's name: .*{message}"):
        TakeFiles(tmp_path, ("ja",), speaker, 16000)


def test_folders_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file: is there already, and is none of ours.*--out FOLDER"):
        TakeFiles(tmp_path / "file", ("ja",), "anna", 16000)
    with pytest.raises(UserError, match="--out FOLDER"):
        TakeFiles(tmp_path / "file" / "below", ("ja",), "anna", 16000)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "ja").touch()
    with pytest.raises(UserError, match=r"ja: is there already"):
        TakeFiles(tmp_path / "mine", ("ja",), "anna", 16000)
    if os.path.exists("/proc/version"):  # noqa: PTH110
        with pytest.raises(UserError, match=r"/proc/mine: cannot be written .*--out FOLDER"):
            TakeFiles(type(tmp_path)("/proc/mine"), ("ja",), "anna", 16000)
