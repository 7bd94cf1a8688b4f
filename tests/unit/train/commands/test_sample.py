"""``earshot sample``: a small corpus with the shape of the large one."""

import filecmp
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from invoke import invoke

from train.commands import sample as sample_command
from train.core.errors import UserError
from train.core.layout import BACKGROUND_FOLDER, SPLITS, TESTING, TRAINING, VALIDATION
from train.data.corpus import read_corpus

RATE_HZ = 16000


@pytest.fixture(scope="module")
def corpus(make_corpus, tmp_path_factory) -> Path:
    root = make_corpus(tmp_path_factory.mktemp("large") / "corpus")
    (root / "LICENSE").write_text("yours")
    return root


def sample(corpus: Path, out: Path, clips: int, *more: str) -> None:
    invoke(sample_command, ["--data", str(corpus), "--out", str(out), "--clips-per-word", str(clips), *more])


def test_shape_splits_noise_and_licence_are_kept(corpus, tmp_path) -> None:
    sample(corpus, tmp_path / "small", 6)
    large, small = read_corpus(corpus, RATE_HZ), read_corpus(tmp_path / "small", RATE_HZ)
    assert small.words == dict.fromkeys(large.words, 6)
    assert small.split_rule == "lists"
    assert small.missing == small.skipped == ()
    for word in small.words:
        splits = Counter(clip.split for clip in small.clips if clip.word == word)
        assert splits == {TRAINING: 4, VALIDATION: 1, TESTING: 1}, "16, 4 and 4 of 24"
    where = {clip.name: clip.split for clip in large.clips}
    assert all(where[clip.name] == clip.split for clip in small.clips)
    assert filecmp.cmp(
        corpus / BACKGROUND_FOLDER / "hum.wav", tmp_path / "small" / BACKGROUND_FOLDER / "hum.wav"
    )
    assert (tmp_path / "small" / "LICENSE").read_text() == "yours"
    record = json.loads((tmp_path / "small" / "sample.json").read_text())
    assert record == {"of": "corpus", "sha256": large.sha256, "clips_per_word": 6, "seed": 59185}


def test_a_speaker_in_two_splits_stays_in_one(make_corpus, tmp_path) -> None:
    root = make_corpus(tmp_path / "torn", ("yes", "no"))
    listed = root / "testing_list.txt"
    listed.write_text(listed.read_text() + "yes/speaker00_nohash_0.wav\nno/speaker01_nohash_1.wav\n")
    sample(root, tmp_path / "small", 100)
    splits = defaultdict(set)
    small = read_corpus(tmp_path / "small", RATE_HZ)
    for clip in small.clips:
        splits[clip.speaker].add(clip.split)
    assert all(len(each) == 1 for each in splits.values())
    assert len(small.clips) == 48 - 2


def test_same_seed_same_clips_and_a_larger_sample_holds_a_smaller(corpus, tmp_path) -> None:
    def drawn(clips: int, seed: int) -> set[str]:
        out = tmp_path / f"{clips}-{seed}"
        sample(corpus, out, clips, "--seed", str(seed), "--overwrite")
        return {clip.name for clip in read_corpus(out, RATE_HZ).clips}

    assert drawn(6, 1) == drawn(6, 1)
    assert drawn(6, 1) != drawn(6, 2)
    assert drawn(6, 1) < drawn(12, 1)


def test_without_lists_the_hash_still_decides(make_corpus, tmp_path) -> None:
    root = make_corpus(tmp_path / "hashed", ("yes", "no"), lists=False, background=False)
    sample(root, tmp_path / "small", 8)
    large, small = read_corpus(root, RATE_HZ), read_corpus(tmp_path / "small", RATE_HZ)
    assert small.split_rule == "hash"
    assert not small.has_background_folder
    where = {clip.name: clip.split for clip in large.clips}
    assert all(where[clip.name] == clip.split for clip in small.clips)
    assert {clip.split for clip in small.clips} == {clip.split for clip in large.clips} <= set(SPLITS)


def test_nothing_is_overwritten_unasked(corpus, tmp_path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("my own")
    for more in ((), ("--overwrite",)):
        with pytest.raises(UserError, match="mine: exists and is no earlier sample"):
            sample(corpus, tmp_path / "mine", 2, *more)
    sample(corpus, tmp_path / "small", 2)
    with pytest.raises(UserError, match="holds a sample; add --overwrite to replace it"):
        sample(corpus, tmp_path / "small", 4)
    sample(corpus, tmp_path / "small", 4, "--overwrite")
    assert set(read_corpus(tmp_path / "small", RATE_HZ).words.values()) == {4}
    with pytest.raises(UserError, match=r"is in .*, where its clips come from"):
        sample(corpus, corpus / "small", 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere", "--clips-per-word", "2"], "there is no such folder or archive"),
        (["--data", "random", "--clips-per-word", "2"], "clips are made of words"),
        (["--data", "nowhere", "--clips-per-word", "0"], "--clips-per-word is 0, expected 1 or more"),
    ],
)
def test_bad_input(arguments, message, tmp_path) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        invoke(sample_command, [*arguments, "--out", str(tmp_path / "small")])
    assert not (tmp_path / "small").exists()


def test_an_interrupted_sample_leaves_nothing(corpus, tmp_path, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.copyfile", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sample(corpus, tmp_path / "small", 2)
    assert list(tmp_path.iterdir()) == []
