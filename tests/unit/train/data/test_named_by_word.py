"""Recordings whose own names say the word: exports of Edge Impulse, and folders without folders."""

import json
import zipfile

import pytest
from small_clips import CLIP, other

from train.core.errors import UserError
from train.core.layout import TESTING, TRAINING, VALIDATION
from train.core.spec import SILENCE_LABEL
from train.data.archive import extract
from train.data.corpus import Corpus, read_corpus
from train.data.folder_names import said_in
from train.data.folders import corpus_root

WORDS = ("yes", "turn on")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))


def export(training: int = 9, testing: int = 3) -> dict[str, bytes]:
    """Files as Edge Impulse names them: label, what a label has before, and where it came from."""
    names = [
        f"{part}/{word}.{number:x}a2b3c.ingestion-5d{number}-abc.wav"
        for part, count in (("training", training), ("testing", testing))
        for word in ("yes", "Turn_On", "noise", "unknown")
        for number in range(count)
    ]
    return {name: other(seed) for seed, name in enumerate(names)}


def read(root, words=WORDS) -> Corpus:
    return read_corpus(corpus_root(root, words=words), 16000, words=words)


@pytest.mark.parametrize("words", [WORDS, ()], ids=["words given", "no words"])
def test_an_export_of_edge_impulse(words, write_corpus, capsys):
    corpus = read(write_corpus(export()), words)
    word = "turn on" if words else "turn_on"
    assert corpus.words == {"yes": 12, word: 12, SILENCE_LABEL: 12, "unknown": 12}
    assert corpus.split_rule == "folders"
    splits = {clip.name: clip.split for clip in corpus.clips}
    tested = {clip.name for clip in corpus.clips if clip.path.parent.name == "testing"}
    assert {name for name, split in splits.items() if split == TESTING} == tested
    if words:
        assert {clip.split for clip in corpus.clips if clip.word == "yes"} == {TRAINING, VALIDATION, TESTING}
    assert not corpus.skipped
    said = capsys.readouterr().err
    assert "yes.0a2b3c" in said or "Turn_On.0a2b3c" in said
    assert "testing/ and training/ tell the split" in said


def test_an_export_in_an_archive_with_labels_that_names_do_not_tell(write_corpus, tmp_path):
    files = {name.replace("yes.", "rec "): content for name, content in export().items()}
    labels = [
        {"path": name, "category": name.split("/")[0], "label": {"type": "label", "label": "yes"}}
        for name in files
        if "/rec " in name
    ]
    files["info.labels"] = json.dumps({"version": 1, "files": labels}).encode()
    root = write_corpus(files)
    with zipfile.ZipFile(tmp_path / "project-export.zip", "w") as package:
        for name in files:
            package.write(root / name, f"export/{name}")
    corpus = read_corpus(extract(tmp_path / "project-export.zip", tmp_path, words=WORDS), 16000, words=WORDS)
    assert (corpus.words["yes"], corpus.words["turn on"]) == (12, 12)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"files": 3}', b'{"files": [{"path": "x"}]}', b"\xff", b"[" * 9999]
)
def test_labels_that_are_none_are_left_aside(content, write_corpus):
    assert read(write_corpus(export() | {"info.labels": content})).words["yes"] == 12


FLAT = {
    "numbers": (["yes_{}.wav", "turn_on_{}.wav", "cat_{}.wav"], "takes"),
    "copies": (["Yes ({}).wav", "Turn On ({}).wav", "Katze ({}).wav"], "takes"),
    "joined": (["yes{}.wav", "turn-on{}.wav", "marvin{}.wav"], "takes"),
    "one speaker": (["yes_anna_{}.wav", "turn on anna {}.wav", "cat_anna_{}.wav"], "takes"),
    "in a folder": (["mine/yes_{}.wav", "mine/turn_on_{}.wav"], "takes"),
    "by speakers": (
        [f"{who}/{word}_{{}}.wav" for who in ("anna", "ben") for word in ("yes", "turn_on", "cat")],
        "takes",
    ),
    "by splits": (
        [f"{part}/{word}_{{}}.wav" for part in ("train", "val", "test") for word in ("yes", "turn_on")],
        "folders",
    ),
}


@pytest.mark.parametrize("name", FLAT)
def test_files_side_by_side(name, write_corpus):
    patterns, rule = FLAT[name]
    names = [pattern.format(number) for pattern in patterns for number in range(1, 11)]
    noise = {"noise/fan.wav": other(1, 40000)} if "/" not in patterns[0] else {}
    corpus = read(write_corpus({name: other(seed) for seed, name in enumerate(names)} | noise))
    assert corpus.words["yes"] == corpus.words["turn on"] > 0
    assert sum(corpus.words.values()) == len(names)
    assert corpus.split_rule == rule
    assert len(corpus.backgrounds) == len(noise)
    speakers = {clip.speaker for clip in corpus.clips if clip.word in WORDS}
    if name in ("by speakers", "one speaker"):
        assert speakers == ({"anna", "ben"} if name == "by speakers" else {"anna"})
    if rule == "folders":
        for clip in corpus.clips:
            assert (
                clip.split == {"train": TRAINING, "val": VALIDATION, "test": TESTING}[clip.path.parent.name]
            )


def test_folders_of_words_are_not_seen_as_anything_else(write_corpus):
    files = {f"{word}/yes_{number}.wav": other(number) for word in ("yes", "turn on") for number in range(3)}
    corpus = read(write_corpus(files | {"yes_1.wav": CLIP}))
    assert corpus.words == {"yes": 3, "turn on": 3}
    assert [item.kind for item in corpus.skipped] == ["outside a word's folder"]


def test_a_speaker_of_that_name_is_no_word(write_corpus):
    files = {f"{word}/anna_nohash_{number}.wav": other(number) for word in ("yes", "no") for number in (1, 2)}
    assert set(read(write_corpus(files), ("anna",)).words) == {"yes", "no"}


def test_names_that_tell_nothing(write_corpus):
    with pytest.raises(UserError, match=r"or names that begin with one of --words, such as yes_1\.wav"):
        read(write_corpus({"1.wav": CLIP, "2.wav": CLIP, "yesterday_1.wav": CLIP}))


@pytest.mark.parametrize(
    ("stem", "said", "rest"),
    [
        ("yes.1a2b3c.ingestion-4d", "yes", ".1a2b3c.ingestion-4d"),
        ("yes_anna_3", "yes", "_anna_3"),
        ("YES3", "yes", "3"),
        ("yes", "yes", ""),
        ("Turn_On-2", "turn on", "-2"),
        ("yesterday_1", "yesterday", "_1"),
        ("yesterday.1", "yesterday", "1"),
        ("cat 12", "cat", " 12"),
        ("12", "", "12"),
        ("cat", "", ""),
        ("yes_nohash_0", "yes_nohash", "_0"),
        ("yes.yes_nohash_0", "yes", ".yes_nohash_0"),
    ],
)
def test_what_a_name_begins_with(stem, said, rest):
    assert said_in(stem, WORDS) == (said, rest)
