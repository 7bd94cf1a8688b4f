"""The bank: which variants it holds, and when it is taken from the cache."""

import os
from pathlib import Path

import numpy as np
import pytest

from train.audio.frontend import wav_features
from train.core.installation import cache_root
from train.core.layout import TESTING, TRAINING
from train.core.spec import FrontEnd, ModelSpec, labels_for
from train.data import feature_cache
from train.data.corpus import Clip, read_corpus
from train.data.dataset import UNKNOWN_INDEX, AudioSource, Example, Split, make_split
from train.data.feature_cache import BankRequest, plain_bank, plan_variants, training_bank
from train.settings.augmentation import Augmentation
from train.settings.sampling import Sampling

FRONT_END = FrontEnd(clip_duration_ms=100)
LABELS = labels_for(("yes",))
SPEC = ModelSpec(LABELS, front_end=FRONT_END)
AUGMENTATION = Augmentation(time_shift_ms=20)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def example(label: int, name: str) -> Example:
    return Example(Clip(Path(name), name, name, TRAINING, 1, ""), label)


def split_of(words: int, silence: int, unknown: int, pool: int) -> Split:
    pooled = tuple(example(UNKNOWN_INDEX, f"unknown{n}") for n in range(pool))
    wanted = tuple(example(2, f"yes{n}") for n in range(words))
    return Split(TRAINING, wanted + (Example(None, 0),) * silence + pooled[:unknown], pooled)


@pytest.mark.parametrize(
    ("bank_clips", "variants"), [(1, 1), (19, 1), (20, 1), (21, 2), (40, 2), (41, 3), (199, 10), (200, 10)]
)
def test_every_example_gets_as_many_variants(bank_clips, variants):
    plan = plan_variants(split_of(10, 5, 5, 30), bank_clips)
    assert len(plan) == 20 * variants
    shares = [sum(entry[0].label == label for entry in plan) for label in (0, 1, 2)]
    assert shares == [5 * variants, 5 * variants, 10 * variants]
    for index in range(10):
        assert sorted(v for e, i, v in plan if i == index) == list(range(variants))


def test_unknown_walks_through_the_whole_pool():
    plan = plan_variants(split_of(10, 5, 5, 30), 20 * 13)
    unknown = [entry[0].source for entry in plan if entry[0].label == UNKNOWN_INDEX]
    assert len(unknown) == 65
    times = {source: unknown.count(source) for source in unknown}
    assert len(times) == 30
    assert set(times.values()) == {2, 3}  # 65 over 30: none is favoured


@pytest.mark.parametrize("pool", [3, 5, 30])
def test_no_two_entries_share_a_generator(pool):
    plan = plan_variants(split_of(10, 5, min(5, pool), pool), 200)
    assert len({(index, variant) for _, index, variant in plan}) == len(plan)
    clip_of = {}
    for entry, index, _ in plan:  # and an index always means the same clip
        assert clip_of.setdefault(index, entry.source) == entry.source


def test_plan_without_a_pool():
    plan = plan_variants(split_of(2, 1, 0, 0), 9)
    assert [(index, variant) for _, index, variant in plan] == [(i, v) for i in range(3) for v in range(3)]


@pytest.fixture
def make_bank(write_corpus):
    """Makes the bank of a small corpus: ``make_bank(seed=1, bank_clips=20, files={...})``."""
    generator = np.random.default_rng(0)

    def noise(samples: int = 1600) -> np.ndarray:
        return generator.integers(-20000, 20000, samples, dtype=np.int16)

    everything = {
        "_background_noise_/hiss.wav": noise(40_000),
        "testing_list.txt": "yes/4_nohash_0.wav\nup/0_nohash_0.wav\n",
    }
    everything |= {f"{word}/{n}_nohash_0.wav": noise() for word in ("yes", "up") for n in range(5)}

    def make(
        seed: int = 1,
        bank_clips: int = 20,
        augmentation: Augmentation = AUGMENTATION,
        front_end: FrontEnd = FRONT_END,
        workers: int = 2,
        files: dict | None = None,
    ) -> feature_cache.Bank:
        corpus = read_corpus(write_corpus(everything | (files or {})), 16000)
        split = make_split(corpus, LABELS, TRAINING, Sampling(), 1)
        source = AudioSource(corpus, ModelSpec(LABELS, front_end=front_end), augmentation, seed)
        request = BankRequest(split, source, front_end, augmentation, corpus.sha256, seed, bank_clips)
        return training_bank(request, workers)

    return make


@pytest.fixture
def forbid_computing(monkeypatch):
    def forbid() -> None:
        monkeypatch.setattr(AudioSource, "training_features", lambda *_: pytest.fail("computed again"))

    return forbid


def banks(cache: Path) -> list[Path]:
    return list((cache / "banks").iterdir())


def test_bank_is_the_plan_s_audio_through_the_front_end(write_corpus, make_bank):
    made = make_bank(bank_clips=40)
    corpus = read_corpus(write_corpus({}), 16000)
    split = make_split(corpus, LABELS, TRAINING, Sampling(), 1)
    source = AudioSource(corpus, SPEC, AUGMENTATION, 1)
    plan = plan_variants(split, 40)
    assert len(made) == len(plan) == 48  # 4 yes, 4 silence, 4 unknown: four times
    assert made.features.shape == (48, FRONT_END.frames, FRONT_END.bins)
    assert (made.features.dtype, made.labels.dtype) == (np.uint8, np.int64)
    assert made.labels.tolist() == [entry[0].label for entry in plan]
    audio = np.stack([source.training_variant(*entry) for entry in plan])
    assert np.array_equal(made.features, wav_features(audio, FRONT_END))
    assert len(np.unique(made.features.reshape(48, -1), axis=0)) > 40  # variants do vary


def test_a_request_says_which_clips_are_made_up():
    """Silence is made, too, but not up."""
    folders = ("_like_yes_", "bed", "_running_")
    clips = [Clip(Path("0.wav"), f"{folder}/0.wav", folder, TRAINING, 16000, "") for folder in folders]
    examples = (Example(None, 0), *(Example(clip, UNKNOWN_INDEX) for clip in clips))
    request = BankRequest(Split(TRAINING, examples), None, FRONT_END, AUGMENTATION, "", 1, 8)
    assert request.is_made_up.tolist() == [False, False, True, True, False, False, False, False]


def test_threads_do_not_matter(make_bank, monkeypatch, tmp_path):
    made = make_bank(bank_clips=100, workers=1)
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "another"))
    again = make_bank(bank_clips=100, workers=3)
    assert np.array_equal(made.features, again.features)
    assert np.array_equal(made.labels, again.labels)


def test_second_time_comes_from_the_cache(make_bank, forbid_computing, cache):
    made = make_bank()
    forbid_computing()
    again = make_bank()
    assert np.array_equal(again.features, made.features)
    assert np.array_equal(again.labels, made.labels)
    assert again.features.dtype == np.uint8
    assert len(banks(cache)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 2},
        {"bank_clips": 40},
        {"augmentation": Augmentation(time_shift_ms=21)},
        {"augmentation": Augmentation(time_shift_ms=20, background_volume=0.2)},
        {"augmentation": Augmentation(time_shift_ms=20, background_frequency=0.7)},
        {"front_end": FrontEnd(clip_duration_ms=100, feature_bin_count=32)},
        {"files": {"yes/0_nohash_0.wav": np.ones(1600, dtype=np.int16)}},
        {"files": {"yes/more_nohash_0.wav": np.ones(1600, dtype=np.int16)}},
        {"files": {"_background_noise_/hiss.wav": np.ones(40_000, dtype=np.int16)}},
    ],
    ids=["seed", "clips", "shift", "volume", "frequency", "front end", "clip", "more", "noise"],
)
def test_everything_that_decides_the_content_is_in_the_key(make_bank, forbid_computing, cache, changed):
    make_bank()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AudioSource, "training_features", lambda *_: pytest.fail("computed"))
        with pytest.raises(pytest.fail.Exception, match="computed"):
            make_bank(**changed)
    make_bank(**changed)
    assert len(banks(cache)) == 2


def test_what_does_not_decide_is_not_in_the_key(make_bank, forbid_computing):
    make_bank()
    forbid_computing()
    make_bank(workers=1, files={"README.md": "x"})


@pytest.mark.parametrize("when", ["computing", "writing"])
def test_a_failure_leaves_nothing_that_looks_finished(make_bank, cache, monkeypatch, when):
    def fail(*arguments) -> None:
        if when == "computing" or arguments[0].name == "labels.npy":
            raise RuntimeError("disk full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*((AudioSource, "training_features") if when == "computing" else (np, "save")), fail)
        with pytest.raises(RuntimeError, match="disk full"):
            make_bank()
    assert not (cache / "banks").exists() or banks(cache) == []
    assert len(make_bank()) == 24
    assert len(banks(cache)) == 1


def test_banks_unused_for_longest_go(make_bank, cache, monkeypatch):
    make_bank(seed=1)
    (first,) = banks(cache)
    size = sum(file.stat().st_size for file in first.iterdir())
    make_bank(seed=2)
    (second,) = set(banks(cache)) - {first}
    os.utime(first, (1, 1))
    os.utime(second, (2, 2))
    make_bank(seed=1)  # used again: now the second is the oldest
    monkeypatch.setattr(feature_cache, "_KEEP_BYTES", 2 * size + 10)
    make_bank(seed=3)
    assert first in banks(cache)
    assert second not in banks(cache)
    assert len(banks(cache)) == 2


def test_the_newest_bank_stays_even_if_it_is_over_the_limit(make_bank, cache, monkeypatch):
    make_bank(seed=1)
    (first,) = banks(cache)
    os.utime(first, (1, 1))
    monkeypatch.setattr(feature_cache, "_KEEP_BYTES", 1)
    make_bank(seed=2)
    assert len(banks(cache)) == 1
    assert first not in banks(cache)


def test_plain_bank(write_corpus, make_bank):
    make_bank()
    corpus = read_corpus(write_corpus({}), 16000)
    split = make_split(corpus, LABELS, TESTING, Sampling(), 1)
    source = AudioSource(corpus, SPEC, AUGMENTATION, 1)
    audio, made = source.plain(split), plain_bank(split, source)
    assert made.labels.tolist() == [entry.label for entry in split.examples]
    assert sorted(made.labels.tolist()) == [0, 1, 2]
    assert np.array_equal(made.features, wav_features(audio, FRONT_END))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"EARSHOT_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/earshot"),
        ({"XDG_CACHE_HOME": ""}, "/home/me/.cache/earshot"),
        ({}, "/home/me/.cache/earshot"),
    ],
)
def test_where_the_cache_is(monkeypatch, environment, expected):
    for name in ("EARSHOT_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (environment | {"HOME": "/home/me"}).items():
        monkeypatch.setenv(name, value)
    assert cache_root() == Path(expected)
