"""Reading a corpus: the split, and every file either used or listed with its fault."""

import hashlib
import shutil
import struct

import numpy as np
import pytest
from small_clips import CLIP, other, speakers

from train.audio.wav import encode_wav
from train.core.errors import UserError
from train.core.layout import SPLITS, TESTING, TRAINING, VALIDATION
from train.data.corpus import read_corpus, require_words, which_set


@pytest.mark.parametrize(
    ("speaker", "percentage", "split"),
    [
        ("f2e59fea", 11.769190, TESTING),
        ("f9643d42", 18.763832, TESTING),
        ("c4cfbe43", 8.960376, VALIDATION),
        ("a5d485dc", 23.080839, TRAINING),
    ],
)
def test_which_set_of_the_original(speaker, percentage, split):
    name = f"yes/{speaker}_nohash_1.wav"
    assert which_set(name, 10, 10) == split
    # The percentage itself, from both sides: below it is validation, from it on it is not.
    assert which_set(name, percentage + 1e-6, 0) == VALIDATION
    assert which_set(name, percentage - 1e-6, 0) == TRAINING
    assert which_set(name, 0, percentage + 1e-6) == TESTING


def test_which_set_goes_by_the_speaker():
    splits = {
        which_set(f"{word}/c4cfbe43_nohash_{n}.wav", 10, 10) for word in ("yes", "no") for n in range(9)
    }
    assert splits == {VALIDATION}


def test_which_set_of_a_name_without_nohash_counts_the_suffix():
    """So says the original: f2e59fea.wav and f2e59fea_nohash_1.wav are two speakers."""
    digest = int(hashlib.sha1(b"f2e59fea.wav").hexdigest(), 16)
    percentage = (digest % 2**27) * (100.0 / (2**27 - 1))
    assert abs(percentage - 11.769190) > 1
    assert which_set("yes/f2e59fea.wav", percentage + 1e-6, 0) == VALIDATION
    assert which_set("yes/f2e59fea.wav", percentage - 1e-6, 0) == TRAINING


def test_hash_rule_splits_as_asked(write_corpus):
    corpus = read_corpus(write_corpus(speakers("yes", 400)), 16000, 20, 30)
    assert corpus.split_rule == "hash"
    shares = [sum(clip.split == split for clip in corpus.clips) / 400 for split in SPLITS]
    assert shares == pytest.approx([0.5, 0.2, 0.3], abs=0.07)


def test_lists_decide_and_the_rest_trains(write_corpus):
    files = speakers("yes", 6) | speakers("No", 3)
    root = write_corpus(
        files
        | {
            "validation_list.txt": "yes/00000000_nohash_0.wav\n\nno/00000001_nohash_0.wav\n",
            "testing_list.txt": "\ufeffyes\\00000001_nohash_0.wav\r\n ./YES/00000002_nohash_0.wav \r\n",
        }
    )
    corpus = read_corpus(root, 16000, validation_percentage=100)
    assert corpus.split_rule == "lists"
    assert corpus.missing == ()
    splits = {clip.name: clip.split for clip in corpus.clips}
    assert {name for name, split in splits.items() if split == VALIDATION} == {
        "yes/00000000_nohash_0.wav",
        "no/00000001_nohash_0.wav",
    }
    assert {name for name, split in splits.items() if split == TESTING} == {
        "yes/00000001_nohash_0.wav",
        "yes/00000002_nohash_0.wav",
    }
    assert len(splits) == 9


def test_one_list_is_enough_to_decide(write_corpus):
    root = write_corpus(speakers("yes", 50) | {"testing_list.txt": "yes/00000007_nohash_0.wav\n"})
    corpus = read_corpus(root, 16000)
    assert corpus.split_rule == "lists"
    assert [clip.name for clip in corpus.clips if clip.split != TRAINING] == ["yes/00000007_nohash_0.wav"]


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        (
            {"testing_list.txt": "yes/00000000_nohash_0.wav\n\n00000001_nohash_0.wav\n"},
            r"testing_list\.txt:3: '00000001_nohash_0\.wav', expected <word>/<file>\.wav",
        ),
        (
            {"validation_list.txt": "yes/a.wav\n", "testing_list.txt": "no/b.wav\nYes/a.wav\n"},
            r"testing_list\.txt:2: yes/a\.wav is also in validation_list\.txt",
        ),
        ({"validation_list.txt": b"gr\xf6\xdfe/a.wav\n"}, r"validation_list\.txt: is not UTF-8 text"),
    ],
)
def test_lists_that_cannot_be_meant(write_corpus, lists, message):
    with pytest.raises(UserError, match=message):
        read_corpus(write_corpus(speakers("yes", 3) | lists), 16000)


def test_the_same_line_twice_is_no_conflict(write_corpus):
    root = write_corpus(speakers("yes", 3) | {"testing_list.txt": "yes/00000000_nohash_0.wav\n" * 2})
    assert read_corpus(root, 16000).missing == ()


def test_listed_clips_that_are_not_there_are_counted_and_said(write_corpus, capsys):
    lists = {
        "validation_list.txt": "yes/gone_nohash_0.wav\nyes/00000000_nohash_0.wav\n",
        "testing_list.txt": "bird/away_nohash_0.wav\nyes/broken_nohash_0.wav\n",
    }
    root = write_corpus(speakers("yes", 2) | lists | {"yes/broken_nohash_0.wav": b"x"})
    corpus = read_corpus(root, 16000)
    assert corpus.missing == ("yes/gone_nohash_0.wav", "bird/away_nohash_0.wav")  # the broken one is there
    said = capsys.readouterr().err
    assert "2 of the 4 clips that its lists name are not there" in said
    assert "first: yes/gone_nohash_0.wav in validation_list.txt" in said


def test_nothing_is_said_when_all_is_there(write_corpus, capsys):
    read_corpus(write_corpus(speakers("yes", 3) | {"testing_list.txt": "yes/00000000_nohash_0.wav"}), 16000)
    assert "warning" not in capsys.readouterr().err


def test_folders_in_upper_case_and_nested(write_corpus):
    root = write_corpus(
        {
            "YES/a_nohash_0.wav": other(0),
            "yes/b_nohash_0.WAV": other(1),
            "no/session 1/c_nohash_0.wav": other(2),
            "no/.hidden.wav": other(3),
            ".git/x/d.wav": other(4),
            "testing_list.txt": "no/session 1/c_nohash_0.wav\n",
        }
    )
    corpus = read_corpus(root, 16000)
    assert corpus.words == {"no": 1, "yes": 2}
    assert {clip.name for clip in corpus.clips} == {
        "yes/a_nohash_0.wav",
        "yes/b_nohash_0.WAV",
        "no/c_nohash_0.wav",
    }
    assert [clip.name for clip in corpus.clips if clip.split == TESTING] == ["no/c_nohash_0.wav"]
    assert {clip.speaker for clip in corpus.clips} == {"a", "b", "c"}


def test_one_name_twice_is_refused(write_corpus):
    root = write_corpus({"yes/a_nohash_0.wav": other(0), "YES/a_nohash_0.wav": other(1)})
    with pytest.raises(UserError, match=r"yes/a_nohash_0\.wav: found more than once .* 1 such names"):
        read_corpus(root, 16000)


def damaged() -> dict[str, bytes]:
    """One file of each kind of fault, under the name of the kind."""
    good = encode_wav(CLIP, 16000)

    def with_format(tag: int, channels: int, bits: int) -> bytes:
        return good[:20] + struct.pack("<HHIIHH", tag, channels, 16000, 32000, 2, bits) + good[36:]

    return {
        "empty file": b"",
        "not a WAV": b"OggS" + good,
        "truncated": good[:-100],
        "no samples": encode_wav(CLIP[:0], 16000),
        "strange rate": encode_wav(CLIP, 8),
        "M4A": b"\0\0\0\x20ftypM4A " + bytes(80),
        "no known sound": with_format(0x4242, 1, 16),
    }


def test_every_bad_file_is_listed_and_counted(write_corpus):
    bad = damaged()
    files = {f"no/{number}_nohash_0.wav": content for number, content in enumerate(bad.values())}
    files |= {"no/another_nohash_0.wav": b"", "no/song.mp3": b"x", "no/README": b"x", "loose.wav": CLIP}
    corpus = read_corpus(write_corpus(speakers("yes", 4) | files), 16000)
    assert corpus.words == {"yes": 4}
    kinds = corpus.skipped_by_kind()
    assert kinds == dict.fromkeys(bad.keys() - {"not a WAV"}, 1) | {
        "empty file": 2,
        "no known sound": 2,
        ".mp3 file": 1,
        "no suffix file": 1,
        "outside a word's folder": 1,
    }
    assert next(iter(kinds)) == "empty file"  # most frequent first
    reasons = {item.file: item.reason for item in corpus.skipped}
    assert reasons["no/4_nohash_0.wav"] == "8 Hz, expected 1000 to 768000 Hz"
    assert reasons["no/5_nohash_0.wav"].endswith("ffmpeg -i IN -ac 1 -ar 16000 -c:a pcm_s16le OUT.wav")
    assert "no sound that can be read (starts with b'x', 1 bytes)" in reasons["no/song.mp3"]
    assert reasons["loose.wav"] == "expected <word>/<file>.wav"
    assert len(corpus.clips) + len(corpus.skipped) == 4 + len(files)


def test_a_corpus_of_bad_files_alone_is_refused(write_corpus, tmp_path):
    root = write_corpus({"yes/a.wav": b"", "yes/b.wav": b"", "no/c.wav": encode_wav(CLIP, 8)})
    expected = r"not one usable clip; 2 empty file, 1 strange rate \(first: no/c\.wav: 8 Hz, expected 1000 to"
    with pytest.raises(UserError, match=expected):
        read_corpus(root, 16000)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no recording found; expected <word>/"):
        read_corpus(tmp_path / "empty", 16000)
    with pytest.raises(UserError, match=r"there is no such folder"):
        read_corpus(tmp_path / "missing", 16000)


def test_backgrounds_are_no_word(write_corpus):
    root = write_corpus(
        speakers("yes", 2)
        | {
            "_background_noise_/hiss.wav": other(1),
            "_background_noise_/HUM.WAV": other(2),
            "_background_noise_/bad.wav": b"",
            "_background_noise_/README.md": b"x",
        }
    )
    corpus = read_corpus(root, 16000)
    assert corpus.words == {"yes": 2}
    assert {path.name for path in corpus.backgrounds} == {"hiss.wav", "HUM.WAV"}
    assert corpus.has_background_folder
    assert [item.file for item in corpus.skipped] == ["_background_noise_/bad.wav"]


def test_no_background_folder(write_corpus):
    corpus = read_corpus(write_corpus(speakers("yes", 2)), 16000)
    assert corpus.backgrounds == ()
    assert not corpus.has_background_folder


def test_samples_of_clips(write_corpus):
    corpus = read_corpus(write_corpus({"yes/a.wav": other(0, 5), "yes/b.wav": other(0, 16001)}), 16000)
    assert [clip.samples for clip in corpus.clips] == [5, 16001]


def test_hash_is_of_the_content_and_not_of_the_place(write_corpus, tmp_path):
    root = write_corpus(speakers("yes", 20) | {"_background_noise_/hiss.wav": other(99)})
    first = read_corpus(root, 16000).sha256
    assert read_corpus(root, 16000).sha256 == first
    shutil.copytree(root, tmp_path / "elsewhere")
    assert read_corpus(tmp_path / "elsewhere", 16000).sha256 == first


@pytest.mark.parametrize(
    "changed",
    [
        {"yes/00000003_nohash_0.wav": other(77)},  # another sound
        {"yes/more_nohash_0.wav": other(3)},  # one more clip
        {"_background_noise_/hiss.wav": other(77)},  # another noise
        {"testing_list.txt": "yes/00000003_nohash_0.wav"},  # another split
    ],
    ids=["clip", "more", "noise", "lists"],
)
def test_hash_changes_with_what_counts(write_corpus, changed):
    files = speakers("yes", 20) | {"_background_noise_/hiss.wav": other(99)}
    first = read_corpus(write_corpus(files), 16000).sha256
    assert read_corpus(write_corpus(changed), 16000).sha256 != first


def test_hash_does_not_change_with_what_does_not_count(write_corpus):
    first = read_corpus(write_corpus(speakers("yes", 5)), 16000).sha256
    assert read_corpus(write_corpus({"README.md": b"x", "yes/notes.txt": b"y"}), 16000).sha256 == first


@pytest.fixture
def listed(write_corpus):
    return write_corpus(
        speakers("yes", 3)
        | speakers("up", 2)
        | {"no/a.wav": b"", "no/b.wav": encode_wav(CLIP, 8)}
        | {
            "validation_list.txt": "yes/00000000_nohash_0.wav\nup/00000000_nohash_0.wav\n",
            "testing_list.txt": "yes/00000001_nohash_0.wav\n",
        }
    )


def test_require_words_is_content(listed):
    corpus = read_corpus(listed, 16000)
    require_words(corpus, ["yes"])
    require_words(corpus, ["yes", "up"], [TRAINING, VALIDATION])
    require_words(corpus, ["up"], [])


def test_require_words_refuses(listed):
    corpus = read_corpus(listed, 16000)
    with pytest.raises(UserError, match=r"expected clips of 'left' in a folder .* found only: up, yes"):
        require_words(corpus, ["yes", "left"])
    with pytest.raises(UserError, match=r"none of the 2 files of 'no' can be used; 1 empty file, 1 strange"):
        require_words(corpus, ["no"])
    with pytest.raises(UserError, match=r"'up' has no testing clip: testing_list\.txt names none"):
        require_words(corpus, ["up"])


def test_require_words_says_that_there_are_too_few_speakers(write_corpus):
    corpus = read_corpus(write_corpus({"yes/a5d485dc_nohash_0.wav": CLIP}), 16000)
    with pytest.raises(UserError, match=r"'yes' has no validation clip: 1 clips by 1 speaker are too few"):
        require_words(corpus, ["yes"])


def test_sounds_that_are_no_wav_are_listed_wherever_they_lie(write_corpus):
    root = write_corpus({"yes/a_nohash_0.wav": np.ones(160, np.int16)})
    (root / "_background_noise_" / "deep").mkdir(parents=True)
    (root / "_background_noise_" / "README.md").write_text("about the noises")
    (root / "_background_noise_" / "fan.mp3").write_bytes(b"ID3")
    (root / "_background_noise_" / "deep" / "hum.flac").write_bytes(b"fLaC")
    (root / "clip.mp3").write_bytes(b"ID3")
    found = {item.file for item in read_corpus(root, 16000).skipped}
    assert found == {"clip.mp3", "_background_noise_/fan.mp3", "_background_noise_/deep/hum.flac"}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
