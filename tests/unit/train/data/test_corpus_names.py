"""Reading a corpus of strangers: what folders and names mean, what is converted, and what is said of it."""

import json
import os
import unicodedata

import numpy as np
import pytest
from small_clips import CLIP, other, speakers

from train.audio.wav import encode_wav
from train.core.errors import UserError
from train.core.layout import TESTING, TRAINING
from train.data.corpus import read_corpus, require_words


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))


def test_the_same_name_in_folders_of_speakers(write_corpus):
    names = [
        f"{word}/{who}/{take}.wav" for word in ("yes", "no") for who in ("anna", "ben") for take in (1, 2)
    ]
    root = write_corpus(
        {name: other(seed) for seed, name in enumerate(names)} | {"_background_noise_/fan.wav": CLIP}
    )
    corpus = read_corpus(root, 16000)
    assert {clip.name for clip in corpus.clips} == set(names)
    assert {clip.speaker for clip in corpus.clips} == {"anna", "ben"}
    assert corpus.words == {"no": 4, "yes": 4}


def test_folders_of_speakers_around_those_of_words(write_corpus, capsys):
    names = [
        f"{who}/{word}/{take}.wav" for word in ("Yes", "no") for who in ("anna", "ben") for take in range(9)
    ]
    files = {name: other(seed) for seed, name in enumerate(names)}
    corpus = read_corpus(write_corpus(files | {"noise/fan.wav": other(1, 40000)}), 16000, words=("yes", "no"))
    assert corpus.words == {"no": 18, "yes": 18}
    assert {clip.speaker for clip in corpus.clips} == {"anna", "ben"}
    assert len(corpus.backgrounds) == 1
    assert corpus.split_rule == "takes"
    said = capsys.readouterr().err
    assert "are speakers: anna, ben" in said
    assert "2 speakers only: the last takes" in said
    assert corpus.note.startswith("2 speakers only")


def test_words_that_mean_noise_are_heard_as_words(write_corpus):
    """A synthetic corpus of phrases has their parts as folders, whatever they mean."""
    phrases = ("white noise off", "background", "silence alarm")
    said = (*phrases, "white", "noise", "off", "silence", "alarm")
    names = [f"{word}/{who}_nohash_0.wav" for word in said for who in "abc"]
    files = {name: other(seed) for seed, name in enumerate(names)} | {"_background_noise_/hum.wav": CLIP}
    corpus = read_corpus(write_corpus(files), 16000, words=phrases)
    assert corpus.words == dict.fromkeys(sorted(said), 3)
    assert [path.name for path in corpus.backgrounds] == ["hum.wav"]


def test_folders_that_are_understood_as_noise_or_silence(write_corpus, capsys):
    files = {
        "Hintergrund/fan.wav": other(1, 40000),
        "noise/street.wav": other(2, 40000),
        "noise/click.wav": other(3),
        "silence/1.wav": other(4),
        "_background_noise_/hum.wav": other(5),
    }
    corpus = read_corpus(write_corpus(speakers("yes", 2) | files), 16000)
    assert [path.name for path in corpus.backgrounds] == ["fan.wav", "street.wav", "hum.wav"]
    assert corpus.words == {"_silence_": 2, "yes": 2}
    said = capsys.readouterr().err
    assert "folder 'Hintergrund' is understood as background noise" in said
    assert "folder 'noise' is understood as background noise" in said
    assert "folder 'silence' is understood as silence" in said


def test_names_are_those_that_people_see(write_corpus):
    """A corpus from macOS, whose lists were written elsewhere."""
    apart = unicodedata.normalize("NFD", "Größe")
    files = {f"{apart}/Zoë{take}_nohash_0.wav": other(take) for take in range(3)}
    files = {unicodedata.normalize("NFD", name): samples for name, samples in files.items()}
    root = write_corpus(files | {"testing_list.txt": "größe/zoë1_nohash_0.wav\n"})
    corpus = read_corpus(root, 16000, words=("größe",))
    assert corpus.words == {"größe": 3}
    assert corpus.missing == ()
    assert [clip.split for clip in corpus.clips].count(TESTING) == 1
    require_words(corpus, ["größe"], [TRAINING, TESTING])


def test_names_that_are_not_utf_8_are_used(write_corpus, tmp_path):
    root = write_corpus(speakers("yes", 2))
    for name in (b"yes/\xe4_nohash_0.wav", b"gr\xf6\xdfe/a.wav", b"yes/\xff.wav"):
        path = root / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"" if b"\xff" in name else encode_wav(CLIP, 16000))
    corpus = read_corpus(root, 16000)
    assert corpus.words == {r"gr\xf6\xdfe": 1, "yes": 3}
    assert [item.file for item in corpus.skipped] == [r"yes/\xff.wav"]
    assert r"yes/\xe4_nohash_0.wav" in {clip.name for clip in corpus.clips}
    json.dumps([clip.name for clip in corpus.clips], ensure_ascii=False).encode()


def test_what_systems_leave_behind_is_not_mentioned(write_corpus):
    names = (
        "yes/.DS_Store",
        "yes/Thumbs.db",
        "yes/desktop.ini",
        "yes/._00000000_nohash_0.wav",
        "yes/__MACOSX/a.wav",
    )
    files = dict.fromkeys((*names, "__MACOSX/yes/a.wav", "Thumbs.db", "@eaDir/yes/a.wav"), b"junk")
    corpus = read_corpus(write_corpus(speakers("yes", 2) | files), 16000)
    assert (corpus.words, corpus.skipped) == ({"yes": 2}, ())


def test_recordings_are_converted_counted_and_in_the_hash(write_corpus, capsys):
    slow = {f"no/{number:08x}_nohash_0.WAV": encode_wav(other(number, 640), 32000) for number in range(3)}
    stream = encode_wav(CLIP, 16000)
    files = speakers("yes", 3) | slow | {"no/s_nohash_0.wav": stream[:40] + bytes(4) + stream[44:]}
    corpus = read_corpus(write_corpus(files), 16000)
    assert corpus.words == {"no": 4, "yes": 3}
    assert {clip.samples for clip in corpus.clips} == {320}
    assert (corpus.converted, corpus.repaired) == ({"32000 Hz": 3}, {"streamed header": 1})
    assert "converted 3 recordings: 3 32000 Hz; repaired 1: 1 streamed header" in capsys.readouterr().err
    again = read_corpus(write_corpus({}), 16000)
    assert again == corpus
    converted = [clip for clip in corpus.clips if clip.wav != clip.path]
    assert len(converted) == 3
    # The hash says that these were converted: at another rate, others are.
    assert read_corpus(write_corpus({}), 32000).sha256 != corpus.sha256


def test_folders_without_wanted_words_in_them_are_no_speakers(write_corpus, capsys):
    root = write_corpus({"clips/a.wav": CLIP, "clips/deep/b.wav": CLIP})
    corpus = read_corpus(root, 16000, words=("yes",))
    assert "speakers" not in capsys.readouterr().err
    with pytest.raises(UserError, match="but found only: clips"):
        require_words(corpus, ["yes"])


def test_an_empty_folder_of_a_word_is_called_empty(write_corpus):
    root = write_corpus(speakers("no", 3))
    (root / "Yes").mkdir()
    with pytest.raises(UserError, match="the folder of 'yes' is empty"):
        require_words(read_corpus(root, 16000, words=("yes", "no")), ["yes"])


def test_clips_without_a_sound_are_counted(write_corpus, capsys):
    mute = encode_wav(np.full(16000, 7, np.int16), 16000)
    files = {"yes/b_nohash_0.wav": mute, "silence/1.wav": mute, "yes/c_nohash_0.wav": mute}
    corpus = read_corpus(write_corpus(speakers("yes", 2) | files), 16000, words=("yes",))
    assert corpus.words["yes"] == 4
    assert "without any sound, as of a microphone that is off: 2 (first: yes/" in capsys.readouterr().err
