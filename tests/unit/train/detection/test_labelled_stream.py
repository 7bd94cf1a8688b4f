"""Streams with ground truth: what is where, twice the same, and files of one's own."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from train.audio.wav import encode_wav
from train.core.errors import UserError
from train.core.spec import ModelSpec, labels_for
from train.data.corpus import read_corpus
from train.data.dataset import AudioSource, Split, make_split
from train.detection.labelled_stream import (
    TRUTH_JSON,
    TRUTH_TEXT,
    WAV,
    Stream,
    StreamSettings,
    Word,
    make_stream,
    read_stream,
    read_truth,
    write_stream,
)
from train.settings.augmentation import Augmentation
from train.settings.sampling import Sampling

RATE_HZ = 16000
SPEC = ModelSpec(labels=labels_for(("yes", "no")))
SETTINGS = StreamSettings(minutes=2, seed=3)
CLIPS_PER_WORD = 5
SPOKEN = slice(4000, 8000)  # of each clip, 250 to 500 ms: the rest is digital silence

Material = tuple[AudioSource, Split]


@pytest.fixture
def material(write_corpus: Callable[..., Path]) -> Material:
    rng = np.random.default_rng(1)
    files = {}
    for word in ("yes", "no", "bed", "cat"):
        for number in range(CLIPS_PER_WORD):
            clip = np.zeros(RATE_HZ, np.int16)
            clip[SPOKEN] = rng.choice((-8000, 8000), 4000)
            files[f"{word}/s{number}_nohash_0.wav"] = clip
    files["_background_noise_/hum.wav"] = np.full(40_000, 3000, np.int16)
    corpus = read_corpus(write_corpus(files), RATE_HZ)
    split = make_split(corpus, SPEC.labels, "all", Sampling(), 1)
    return AudioSource(corpus, SPEC, Augmentation(), 1), split


def loudness(samples: NDArray[np.int16], start_ms: float, end_ms: float) -> float:
    part = samples[round(start_ms * 16) : round(end_ms * 16)]
    return float(np.abs(part.astype(float)).mean())


def test_one_word_in_each_clip_and_gap(material: Material) -> None:
    stream = make_stream(*material, SPEC, SETTINGS)
    assert stream.samples.dtype == np.int16
    assert len(stream.samples) == 2 * 60 * RATE_HZ
    assert len(stream.words) == 40
    for number, word in enumerate(stream.words):
        assert 3000 * number <= word.time_ms < 3000 * number + 2000
    offsets = {word.time_ms % 3000 for word in stream.words}
    assert max(offsets) > 1600, "words are anywhere in their gap"
    assert min(offsets) < 400


def test_words_are_where_the_truth_says(material: Material) -> None:
    stream = make_stream(*material, SPEC, replace(SETTINGS, noise_volume=0))
    last_end_ms = 0.0
    for word in stream.words:
        assert word.start_ms == pytest.approx(word.time_ms + 252.5, abs=0.2)  # behind 1 % of its energy
        assert word.end_ms == pytest.approx(word.time_ms + 497.5, abs=0.2)
        assert loudness(stream.samples, word.time_ms + 250, word.time_ms + 500) == 8000
        assert loudness(stream.samples, last_end_ms, word.time_ms + 250) == 0
        last_end_ms = word.time_ms + 500.1


def test_noise_is_everywhere_and_changes(material: Material) -> None:
    audio, split = material
    stream = make_stream(audio, split, SPEC, replace(SETTINGS, unknown_percentage=100))
    between = np.ones(len(stream.samples), bool)
    for word in stream.words:
        between[round(word.time_ms * 16) : round(word.time_ms * 16) + RATE_HZ] = False
    noise = stream.samples[between]
    assert 0 < noise.max() <= 600  # 3000 at a volume of 0.1, twice where one file follows another
    assert len(np.unique(noise)) > 50
    assert {word.label for word in stream.words} == {"_unknown_"}


def test_each_clip_comes_once_before_any_comes_again(material: Material) -> None:
    stream = make_stream(*material, SPEC, SETTINGS)
    for label, count in (("yes", CLIPS_PER_WORD), ("no", CLIPS_PER_WORD)):
        sources = [word.source for word in stream.words if word.label == label]
        assert len(sources) > count, "too few words to tell"
        assert len(set(sources[:count])) == count
        assert sources[count:] == sources[: len(sources) - count][: len(sources) - count]
        assert all(source.startswith(f"{label}/") for source in sources)


def test_the_same_seed_gives_the_same_stream(material: Material) -> None:
    one, again, other = (make_stream(*material, SPEC, replace(SETTINGS, seed=seed)) for seed in (3, 3, 4))
    assert one.words == again.words != other.words
    assert np.array_equal(one.samples, again.samples)


def test_files_can_be_read_back(material: Material, tmp_path: Path) -> None:
    stream = make_stream(*material, SPEC, SETTINGS)
    write_stream(tmp_path, stream, RATE_HZ)
    back = read_stream(tmp_path / WAV, tmp_path / TRUTH_JSON, SPEC)
    assert back.words == stream.words
    assert np.array_equal(back.samples, stream.samples)
    first = stream.words[0]
    assert (tmp_path / TRUTH_TEXT).read_text().splitlines()[0] == f"{first.label}, {first.time_ms:f}"
    plain = read_truth(tmp_path / TRUTH_TEXT)
    assert [(word.label, word.end_ms) for word in plain] == [(word.label, None) for word in stream.words]
    assert [word.time_ms for word in plain] == pytest.approx([word.time_ms for word in stream.words])


def test_lines_without_exactly_one_comma_are_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "truth.txt"
    path.write_text("yes, 1250.5\n\n# a, b, c\nnothing\nno,20\n")
    assert read_truth(path) == [Word("yes", 1250.5), Word("no", 20)]
    assert "2 lines without exactly one comma were skipped" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.txt", "", "holds no word"),
        ("a.txt", "yes, soon", r"a\.txt:1: 'yes, soon', expected: label, time in ms"),
        ("a.txt", "hello, 100", "'hello' is no label of the model, expected one of _unknown_, yes, no"),
        ("a.txt", "_silence_, 100", "'_silence_' is no label"),
        ("a.txt", "yes, 1000", "yes at 1000 ms, expected 0 to 1000 ms"),
        ("a.txt", "yes, nan", "yes at nan ms"),
        ("a.json", "{", "is not a truth as hil stream writes it"),
        ("a.json", '[{"label": "yes"}]', "is not a truth as hil stream writes it"),
        ("a.json", '[{"label": "yes", "time_ms": "x"}]', "is not a truth as hil stream writes it"),
        ("a.txt", b"yes, \xff", "is not UTF-8"),
    ],
)
def test_a_wrong_truth_is_refused(tmp_path: Path, name: str, text: str | bytes, complaint: str) -> None:
    wav_file = tmp_path / "stream.wav"
    wav_file.write_bytes(encode_wav(np.zeros(RATE_HZ, np.int16), RATE_HZ))
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UserError, match=complaint):
        read_stream(wav_file, tmp_path / name, SPEC)
    with pytest.raises(UserError, match=r"nowhere.txt: cannot be read: .* lines such as: yes, 1250\.0"):
        read_stream(wav_file, tmp_path / "nowhere.txt", SPEC)


def test_words_of_a_file_are_sorted(tmp_path: Path) -> None:
    wav_file = tmp_path / "stream.wav"
    wav_file.write_bytes(encode_wav(np.zeros(RATE_HZ, np.int16), RATE_HZ))
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps([{"label": "no", "time_ms": 900}, {"label": "yes", "time_ms": 10}]))
    stream = read_stream(wav_file, truth, SPEC)
    assert isinstance(stream, Stream)
    assert [word.label for word in stream.words] == ["yes", "no"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("minutes", 0), ("minutes", float("nan")), ("seed", -1), ("word_gap_ms", 0), ("noise_volume", 1.5),
        ("unknown_percentage", 101),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(name: str, value: float) -> None:
    with pytest.raises(UserError, match=f"--{name.replace('_', '-')} is .*, expected"):
        StreamSettings(**{name: value})


def test_too_short_for_a_word(material: Material) -> None:
    with pytest.raises(UserError, match=r"--minutes is 0.05: too short for a word of 1000 ms and a gap"):
        make_stream(*material, SPEC, StreamSettings(minutes=0.05, word_gap_ms=2500))


def test_a_label_without_clips_is_told(material: Material) -> None:
    audio, split = material
    few = Split("all", tuple(example for example in split.examples if example.label != 1))
    with pytest.raises(UserError, match="there is no all clip of _unknown_"):
        make_stream(audio, few, SPEC, SETTINGS)
