"""What --data names."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from train.core.errors import UserError
from train.core.layout import SPLITS
from train.data import download, sources
from train.data.corpus import read_corpus, require_words
from train.data.sources import check, resolve
from train.synth import generate as synthetic

CLIP = np.arange(1600, dtype=np.int16)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def voices(monkeypatch) -> list[tuple]:
    """Stands in for eSpeak; notes what was asked of it."""
    asked: list[tuple] = []

    def generate(words, cache, *, seed, language, clip_duration_ms, clips_per_word, running_speech) -> Path:
        assert not running_speech  # that is for voices beside recordings
        assert (clip_duration_ms, clips_per_word) == (1000, 2500)
        asked.append((words, cache, seed, language))
        return cache / "voices"

    monkeypatch.setattr(synthetic, "generate", generate)
    return asked


def test_a_folder(write_corpus, capsys):
    root = write_corpus({"yes/a_nohash_0.wav": CLIP})
    source = resolve(str(root), ("yes",), seed=1)
    assert (source.kind, source.root, source.name) == ("folder", root, "corpus")
    assert f"corpus: corpus in {root}: recordings given with --data" in capsys.readouterr().err


def test_an_archive_is_unpacked_into_the_cache(write_corpus, tmp_path, cache):
    root = write_corpus({"yes/a_nohash_0.wav": CLIP})
    packed = tmp_path / "speech.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(root, "speech")
    source = resolve(str(packed), ("yes",), seed=1)
    assert source.kind == "folder"
    assert source.name == "speech.tar.gz"
    assert source.root.is_relative_to(cache)
    assert (source.root / "yes" / "a_nohash_0.wav").is_file()


def test_nothing_there(tmp_path):
    with pytest.raises(UserError, match=r"--data .*missing: there is no such folder or archive; expected"):
        resolve(str(tmp_path / "missing"), ("yes",), seed=1)


def test_speech_commands_before_the_download():
    with pytest.raises(UserError, match="not downloaded yet; get it with: earshot download"):
        resolve("speech_commands", ("yes",), seed=1)


def test_without_data_the_downloaded_corpus(monkeypatch, tmp_path, voices, capsys):
    monkeypatch.setattr(download, "official_corpus", lambda _: tmp_path)
    for data in (None, "speech_commands"):
        source = resolve(data, ("yes",), seed=1)
        assert (source.kind, source.root) == ("speech_commands", tmp_path)
    assert voices == []
    assert "SYNTHETIC" not in capsys.readouterr().err


def test_without_data_and_download_synthetic_and_loud_about_it(voices, cache, capsys):
    source = resolve(None, ("yes", "no"), seed=7)
    assert source.kind == "synthetic"
    assert voices == [(("yes", "no"), cache, 7, "en")]
    said = capsys.readouterr().err
    assert "warning: no recordings given and none downloaded: training on SYNTHETIC speech" in said
    assert source.note in said


def test_synthetic_in_a_language(voices, cache, capsys):
    source = resolve("synthetic", ("ja",), seed=7, language="de")
    assert voices == [(("ja",), cache, 7, "de")]
    assert source.name == "synthetic (de)"
    assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize("words", [("yes", "no"), ("other",), ("größe",)])
def test_random_goes_through_the_same_code_as_speech(words):
    source = resolve("random", words, seed=1)
    corpus = read_corpus(source.root, 16000)
    require_words(corpus, words, SPLITS)
    assert corpus.skipped == ()
    assert corpus.missing == ()
    assert len(corpus.backgrounds) == 1
    assert len(corpus.words) == len(words) + 1
    assert set(corpus.words.values()) == {sources._RANDOM_CLIPS_PER_WORD}
    assert "accuracy means nothing" in source.note


def test_random_is_kept_by_words_and_seed(monkeypatch):
    first = resolve("random", ("yes",), seed=1).root
    others = {resolve("random", words, seed).root for words, seed in ((("yes",), 2), (("no",), 1))}
    assert len(others | {first}) == 3
    monkeypatch.setattr(sources, "_write_noise", lambda *_: pytest.fail("made again"))
    assert resolve("random", ("yes",), seed=1).root == first


def test_long_lists_of_words_do_not_collide(monkeypatch):
    monkeypatch.setattr(sources, "_write_noise", lambda *_: None)
    words = tuple(f"word{n}" for n in range(40))
    roots = {resolve("random", (*words, last), seed=1).root for last in ("one", "two")}
    assert len(roots) == 2


def test_same_seed_same_noise(monkeypatch, tmp_path):
    hashes = set()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / name))
        hashes.add(read_corpus(resolve("random", ("yes",), seed).root, 16000).sha256)
    assert len(hashes) == 2


@pytest.mark.parametrize("data", ["", " "])
def test_an_empty_name_is_not_this_folder(data):
    """As of a variable of the shell that is not set."""
    with pytest.raises(UserError, match="names nothing; expected a path"):
        check(data, "--test-data")
