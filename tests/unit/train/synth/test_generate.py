"""Synthetic corpora: split by voice, whole words, the same bytes every time, clear refusals."""

import hashlib
import itertools
import multiprocessing
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("espeakng_loader", reason="the wheel espeakng-loader is not installed")
pytest.importorskip("soxr", reason="soxr is not installed")

from train.audio.wav import read_wav
from train.core.errors import UserError
from train.synth import clip_plan, espeak, generate, lexicon

SETTINGS = {"seed": 3, "clips_per_word": 30, "unknown_words": ["know", "cat", "seven"], "unknown_clips": 60}


def digest(folder: Path) -> str:
    sha = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        sha.update(str(path.relative_to(folder)).encode())
        if path.is_file():
            sha.update(path.read_bytes())
    return sha.hexdigest()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def corpus(cache: Path) -> Path:
    return generate.generate(["hey robot", "no"], cache, processes=2, **SETTINGS)


def clips_of(corpus: Path) -> list[Path]:
    return [path for path in sorted(corpus.glob("*/*.wav")) if path.parent.name != "_background_noise_"]


def split_of(corpus: Path) -> dict[str, str]:
    held_out = {
        line: split
        for split in ("validation", "testing")
        for line in (corpus / f"{split}_list.txt").read_text().splitlines()
    }
    return {
        name: held_out.pop(name, "training")
        for name in (str(path.relative_to(corpus)) for path in clips_of(corpus))
    } | dict.fromkeys(held_out, "listed but missing")


def test_layout(corpus: Path) -> None:
    folders = {path.name for path in corpus.iterdir() if path.is_dir()}
    # "hey" and "robot" must not set off "hey robot"; "know" sounds like "no".
    assert folders == {"hey robot", "no", "cat", "seven", "hey", "robot", "_background_noise_"}
    assert len(list((corpus / "no").iterdir())) == 30
    assert all(re.fullmatch(r"[\w+-]+_nohash_\d+\.wav", path.name) for path in clips_of(corpus))
    assert "not recordings of people" in (corpus / "README").read_text()
    assert [path.name for path in corpus.parent.iterdir()] == [corpus.name]  # nothing unfinished beside it


def test_no_voice_is_in_two_splits(corpus: Path) -> None:
    families = {variant.name.replace(" ", "-"): variant.family for variant in espeak.variants()}
    where: dict[str, set[str]] = {}
    for name, split in split_of(corpus).items():
        variant = re.search(r"\+(.+)_nohash_", name).group(1)
        where.setdefault(families[variant], set()).add(split)
    assert set().union(*where.values()) == set(clip_plan.SPLITS)
    assert all(len(splits) == 1 for splits in where.values()), where


def test_every_split_has_every_word_by_both_sexes(corpus: Path) -> None:
    female = {variant.name.replace(" ", "-"): variant.female for variant in espeak.variants()}
    seen = {
        (name.split("/")[0], split, female[re.search(r"\+(.+)_nohash_", name).group(1)])
        for name, split in split_of(corpus).items()
    }
    words = ("hey robot", "no", "cat", "seven", "hey", "robot")
    assert seen == set(itertools.product(words, clip_plan.SPLITS, (True, False)))


def test_clips_are_a_second_of_speech_that_fits(corpus: Path) -> None:
    peaks, starts_s, ends_s = [], [], []
    for path in clips_of(corpus):
        samples = read_wav(path, 16000)
        assert samples.shape == (16000,)
        energy = np.convolve(samples.astype(float) ** 2, np.ones(320), "same")
        active = np.flatnonzero(energy > 0.01 * energy.max())
        peaks.append(np.abs(samples.astype(int)).max())
        starts_s.append(active[0] / 16000)
        ends_s.append(active[-1] / 16000)
    assert min(peaks) > 1000  # not lost in 16-bit steps, even through a narrow band
    assert 0.02 < np.mean(np.array(peaks) == 32767) < 0.5  # some are overdriven
    assert 0.05 < np.median(starts_s) < 0.5
    assert np.mean(np.array(ends_s) > 0.99) < 0.1  # few words are cut off


def test_background_noises_are_long_and_loud(corpus: Path) -> None:
    noises = {path.stem: read_wav(path, 16000) for path in (corpus / "_background_noise_").iterdir()}
    assert {"white_noise", "pink_noise", "brown_noise", "babble"} <= set(noises)
    for name, samples in noises.items():
        assert len(samples) == 60 * 16000, name
        assert 50 < np.sqrt(np.mean(samples.astype(float) ** 2)) < 10000, name
        assert np.mean(np.abs(samples.astype(int)) >= 32767) < 1e-2, name


def test_the_bytes_do_not_depend_on_the_number_of_processes(corpus: Path, tmp_path: Path) -> None:
    again = generate.generate(["hey robot", "no"], tmp_path, processes=1, **SETTINGS)
    assert again != corpus
    assert again.name == corpus.name
    assert digest(again) == digest(corpus)


def test_it_is_made_once_and_every_setting_counts(
    corpus: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def note(*args: object) -> set[str]:
        made.append(args[2])
        return set()

    monkeypatch.setattr(generate, "_speak_all", note)
    assert generate.generate(["hey robot", "no"], cache, **SETTINGS) == corpus
    assert made == []
    changes = ({"seed": 4}, {"clips_per_word": 31}, {"unknown_words": ["cat"]}, {"unknown_clips": 61})
    others = [generate.generate(["hey robot", "no"], cache, **(SETTINGS | change)) for change in changes]
    others.append(generate.generate(["hey robot", "no"], cache, language="en-us", **SETTINGS))
    others.append(generate.generate(["no", "hey robot"], cache, **SETTINGS))
    others.append(generate.generate(["hey robot", "no"], cache, clip_duration_ms=1500, **SETTINGS))
    assert len({corpus, *others}) == 8


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> set[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "_write_lists", interrupted)
    monkeypatch.setattr(generate, "_speak_all", lambda *_: set())
    with pytest.raises(KeyboardInterrupt):
        generate.generate(["no"], tmp_path, **SETTINGS)
    assert list((tmp_path / "corpora").iterdir()) == []


def test_every_voice_speaks_as_often_as_the_others() -> None:
    accents = espeak.accents("en")
    clips = clip_plan.plan(lexicon.wanted(["yes"], accents), {"yes": 2000}, accents, seed=1)
    assert [clip.split for clip in clips].count("testing") == 200
    assert len({clip.file for clip in clips}) == len(clips) == 2000
    female = {variant.name for variant in espeak.variants() if variant.female}
    for split in clip_plan.SPLITS:
        own = [clip for clip in clips if clip.split == split]
        assert sum(clip.variant in female for clip in own) == len(own) // 2
        assert set(accents) < {clip.accent for clip in own}
    foreign = [clip for clip in clips if clip.accent not in accents]
    assert 0.3 < len(foreign) / len(clips) < 0.4
    assert {clip.text for clip in foreign} == {"[[j|'E|s]]"}


@pytest.mark.parametrize("seed", range(20))
def test_every_seed_gives_each_split_both_sexes(seed: int) -> None:
    split = clip_plan.split_speakers(seed)
    assert all(women and men for women, men in split.values())
    assert sum(len(women) + len(men) for women, men in split.values()) == len(espeak.variants())


def test_accents_of_a_language() -> None:
    assert {"en-us", "en-gb", "en-gb-scotland"} <= set(espeak.accents("en"))
    assert "en-shaw" not in espeak.accents("en")  # another script, not another accent
    assert espeak.accents("en-GB-scotland") == ["en-gb-scotland"]
    assert espeak.accents("zh") == ["cmn"]


def test_every_accent_takes_every_variant() -> None:
    for accent in espeak.accents("en"):
        for variant in espeak.variants():
            espeak.set_voice(accent, variant.name)
    with pytest.raises(KeyError):
        espeak.set_voice("en-nowhere")


def test_accents_and_variants_change_the_sound() -> None:
    lengths = set()
    for accent, variant in (("en-us", "f3"), ("en-gb", "f3"), ("en-us", "m3"), ("de", "m3")):
        espeak.set_voice(accent, variant)
        lengths.add(len(espeak.speak("seven")))
    assert len(lengths) == 4


def test_speech_is_trimmed() -> None:
    sound = np.concatenate([np.zeros(5000), np.full(1000, 9999), np.zeros(20000)]).astype(np.int16)
    assert len(espeak.trimmed(sound, 22050)) == 220 + 1000 - 1 + 661
    assert len(espeak.trimmed(np.zeros(100, np.int16), 22050)) == 0
    assert len(espeak.trimmed(np.zeros(0, np.int16), 22050)) == 0


def test_homophones_have_the_same_phonemes() -> None:
    espeak.set_voice("en-us")
    assert espeak.phonemes("know") == espeak.phonemes("no") != espeak.phonemes("now")
    espeak.set_voice("de")
    assert espeak.phonemes("3") == espeak.phonemes("drei")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("german", "did you mean de (German)"),
        ("de-DE", "de (German)"),
        ("english", "en (English)"),
        ("q", "af, "),
    ],
)
def test_an_unknown_language_names_the_nearest(tmp_path: Path, language: str, said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        generate.generate(["no"], tmp_path, language=language, **SETTINGS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("word", ["???", " ", "-"])
def test_a_word_that_is_not_spoken(tmp_path: Path, word: str) -> None:
    with pytest.raises(UserError, match=re.escape(f"word {word!r}: eSpeak NG says nothing")):
        generate.generate(["yes", word], tmp_path, **SETTINGS)


def test_a_word_too_long_for_a_clip(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"takes \d\.\d s to say"):
        generate.generate(["supercalifragilisticexpialidocious machine"], tmp_path, **SETTINGS)


@pytest.mark.parametrize("word", ["../up", "_unknown_", ".git", "a/b", "a\nb"])
def test_a_word_that_cannot_be_a_folder(tmp_path: Path, word: str) -> None:
    with pytest.raises(UserError, match="cannot be a word"):
        generate.generate([word], tmp_path, **SETTINGS)


def test_too_few_clips_and_no_unknown_words(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="too few"):
        generate.generate(["no"], tmp_path, seed=1, clips_per_word=9)
    with pytest.raises(UserError, match="no unknown word is left"):
        generate.generate(["no"], tmp_path, seed=1, unknown_words=["know"])
    with pytest.raises(UserError, match="no word to speak"):
        generate.generate([], tmp_path, seed=1)


def test_a_longer_clip_holds_a_longer_phrase(tmp_path: Path) -> None:
    phrase = "good morning little kitchen robot"
    with pytest.raises(UserError, match="--clip-duration-ms"):
        generate.generate([phrase], tmp_path, **SETTINGS)
    few = SETTINGS | {"clips_per_word": 10, "unknown_clips": 10}
    corpus = generate.generate([phrase], tmp_path, clip_duration_ms=2500, **few)
    clips = [read_wav(path, 16000) for path in (corpus / phrase).iterdir()]
    assert len(clips) == 10
    assert {clip.shape for clip in clips} == {(40000,)}


def _spoken_in_a_fresh_process(_: int) -> bytes:
    espeak.set_voice("en-us", "f3")
    return b"".join(espeak.speak(word).tobytes() for word in ("yes", "no", "yes"))


def test_a_fresh_process_says_the_same_but_a_second_time_is_different() -> None:
    # The reason for one process per shard; when this fails, synthetic.py can be simpler.
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        first, second = (pool.apply(_spoken_in_a_fresh_process, (0,)) for _ in range(2))
    assert first == second
    assert len({_spoken_in_a_fresh_process(0) for _ in range(3)}) > 1
