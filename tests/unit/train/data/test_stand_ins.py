"""Corpora of wanted words alone: what is made for them, when, and what is said."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from train.audio.wav import encode_wav
from train.core.errors import UserError
from train.core.layout import SPLITS, TESTING, TRAINING
from train.core.spec import SILENCE_LABEL
from train.data import stand_ins
from train.data.job_data import gather
from train.settings.augmentation import Augmentation
from train.settings.job import ExtraData, Job
from train.settings.recipe import Recipe
from train.settings.sampling import Sampling
from train.synth import generate as synthetic
from train.synth.lexicon import SCRAMBLED

WORDS = ("yes", "no")
TONE = (3000 * np.sin(np.arange(16000) / 5)).astype(np.int16)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A cache that is filled once: noise takes seconds."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache(monkeypatch, made) -> Path:
    monkeypatch.setenv("EARSHOT_CACHE", str(made))
    return made


@pytest.fixture
def recordings(write_corpus) -> Path:
    """Thirty takes of each word by one person, and nothing else."""
    return write_corpus({f"{word}/{word} {take}.wav": TONE + take for word in WORDS for take in range(1, 31)})


@pytest.fixture
def voices(monkeypatch) -> list[dict]:
    """Stands in for eSpeak, which takes a minute; notes what was asked of it."""
    asked: list[dict] = []

    def generate(words, cache, **settings) -> Path:
        asked.append(settings)
        root = cache / "voices"
        said = [TONE // 2 + number for number in range(100)]
        lists = {"validation_list.txt": 8, "testing_list.txt": 9}
        for word in (*words, "apple", "_made_up_"):
            (root / word).mkdir(parents=True, exist_ok=True)
            for voice in range(10):
                (root / word / f"en+v{voice}_nohash_{voice}.wav").write_bytes(encode_wav(said.pop(), 16000))
        for name, voice in lists.items():
            lines = [f"{word}/en+v{voice}_nohash_{voice}.wav\n" for word in (*words, "apple", "_made_up_")]
            (root / name).write_text("".join(lines))
        (root / "_background_noise_").mkdir(exist_ok=True)
        (root / "_background_noise_" / "hiss.wav").write_bytes(encode_wav(np.tile(TONE // 30, 3), 16000))
        return root

    monkeypatch.setattr(synthetic, "generate", generate)
    return asked


def test_other_words_and_noise_are_made_and_that_is_said(recordings, voices, cache, capsys):
    job = Job(WORDS, data=str(recordings), language="de")
    material = gather(job)
    said = capsys.readouterr().err
    (asked,) = voices
    assert (asked["language"], asked["clips_per_word"], asked["unknown_clips"]) == ("de", 30, 2000)
    assert asked["running_speech"]
    assert (
        f"{recordings} has no other words: those of _unknown_, and running speech, are said by synthetic "
        "voices (--language de)"
    ) in said
    assert "--unknown-percentage 0 goes without" in said
    assert [path.name for path in material.main.corpus.backgrounds] == ["hiss.wav"], "that of the voices"
    for name in SPLITS:
        counts = material.splits[name].counts(job.spec.labels)
        assert counts["_unknown_"] > 0, name
        assert counts[SILENCE_LABEL] > 0, name
        words = Counter(
            example.clip.path.parent.name for example in material.splits[name].examples if example.clip
        )
        recorded = sum(
            example.clip.path.is_relative_to(recordings)
            for example in material.splits[name].examples
            if example.clip
        )
        assert recorded == {TRAINING: 48}.get(name, 6)
        # In training wanted words are said by the voices, too: the voice must not tell unknown words.
        assert words["yes"] == (24 + 8 if name == TRAINING else 3)
    assert np.any(material.main.audio.plain(material.splits[TESTING])), "silence is not digital silence"
    # The speaker says other things, too: takes in another order, in the split of their take.
    for name, takes in ((TRAINING, 48), (TESTING, 6)):
        scrambled = [
            clip for clip in material.main.corpus.clips if (clip.split, clip.word) == (name, SCRAMBLED)
        ]
        assert len({clip.name for clip in scrambled}) == (takes * 16 if name == TRAINING else takes)
        assert {clip.speaker for clip in scrambled} == {material.main.corpus.clips[0].speaker}
    summary = material.summary(job.front_end, job.spec.labels)
    assert "one speaker" in summary.note
    assert "other words are synthetic" in summary.note
    assert gather(job).corpus_sha256 == material.corpus_sha256
    assert gather(job, (TESTING,)).splits[TESTING] == material.splits[TESTING], "evaluated on the same clips"


@pytest.mark.parametrize(("preset", "asked"), [("best", 1), ("original", 0)])
def test_a_few_other_words_of_ones_own_do_not_do(
    preset, asked, write_corpus, recordings, voices, cache, capsys
):
    """Who records some other words, as we advise, has a better network for it, and not a worse one."""
    write_corpus({f"{word}/anna {take}.wav": TONE - take for word in ("apple", "pear") for take in range(10)})
    material = gather(Job(WORDS, data=str(recordings), preset=preset))
    assert len(voices) == asked
    said = f"{recordings} has only 2 other words for training and validation: those of _unknown_"
    assert (said in capsys.readouterr().err) == bool(asked)
    pool = {example.clip.word for example in material.splits[TRAINING].unknown_pool if example.clip}
    assert pool >= {"apple", "pear"}
    assert (len(pool) > 2) == bool(asked)
    tested = {example.clip.word for example in material.splits[TESTING].examples if example.clip}
    assert tested == {*WORDS, "apple", "pear"}, "tests are on what was given"


def test_none_are_made_where_the_user_says_no(recordings, voices, tmp_path, monkeypatch):
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "empty"))
    job = Job(
        WORDS,
        data=str(recordings),
        sampling=Sampling(silence_percentage=0, unknown_percentage=0),
        augmentation=Augmentation(background_volume=0),
    )
    material = gather(job)
    assert voices == []
    assert not (tmp_path / "empty").exists()
    assert material.splits[TRAINING].counts(job.spec.labels) == {
        "_silence_": 0,
        "_unknown_": 0,
        "yes": 24,
        "no": 24,
    }


def test_more_other_words_are_trained_on_than_tested_on(recordings, voices):
    """Figures stay comparable: in a test, other words count as much as each word."""
    job = Job(WORDS, data=str(recordings), recipe=Recipe(unknown_per_word=2.0))
    counts = {name: split.counts(job.spec.labels) for name, split in gather(job).splits.items()}
    assert counts[TRAINING]["_unknown_"] == counts[TRAINING]["yes"] + counts[TRAINING]["no"]
    assert counts[TESTING]["_unknown_"] == counts[TESTING]["yes"]


def test_noise_alone_needs_no_voices(write_corpus, recordings, voices, cache):
    write_corpus({f"apple/apple {take}.wav": TONE for take in range(10)})
    gather(Job(WORDS, data=str(recordings)))
    assert voices == []
    assert any((cache / "corpora").glob("noise-*"))


def test_voices_that_are_trained_on_anyway_serve(recordings, voices, capsys):
    """With --data synthetic@0.5 the same corpus gives the other words, and stays its own share."""
    job = Job(WORDS, data=str(recordings), extra_data=(ExtraData("synthetic", 0.5),))
    material = gather(job)
    assert len(voices) == 1
    counts = material.splits[TRAINING].counts(job.spec.labels)
    assert (counts["yes"], counts["no"]) == (24, 24)
    assert counts["_unknown_"] > 0
    (extra,) = material.extras
    held_out = {clip.speaker for clip in material.main.corpus.clips if clip.split != TRAINING}
    assert not held_out & {clip.speaker for clip in extra.collection.corpus.clips}


def test_test_data_gets_other_words_of_voices_that_are_not_trained_on(recordings, voices, tmp_path):
    others = tmp_path / "others"
    for word in WORDS:
        (others / word).mkdir(parents=True)
        for take in range(5):
            (others / word / f"ben {take}.wav").write_bytes(encode_wav(TONE - take, 16000))
    material = gather(Job(WORDS, data=str(recordings), test_data=str(others)))
    tested = [example.clip for example in material.splits[TESTING].examples if example.clip]
    assert {clip.path.parent.name for clip in tested} > {"yes", "no"}
    trained = {example.clip.speaker for example in material.splits[TRAINING].unknown_pool if example.clip}
    assert not trained & {clip.speaker for clip in tested}


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ({"words": ("yes", "zebra")}, "expected clips of 'zebra' in a folder of that name"),
        (
            {"extra_data": (ExtraData("synthetic", 0.3), ExtraData("nowhere", 0.3))},
            "nowhere: there is no such folder",
        ),
        ({"test_data": "nowhere"}, "--test-data nowhere: there is no such folder"),
        ({"data": "synthetic", "test_data": "nowhere"}, "--test-data nowhere: there is no such folder"),
    ],
)
def test_mistakes_are_told_before_anything_is_made(job, message, recordings, voices):
    with pytest.raises(UserError, match=message):
        gather(Job(**({"words": WORDS, "data": str(recordings)} | job)))
    assert voices == []


def test_words_that_no_voice_can_say(recordings, monkeypatch):
    def generate(*_: object, **__: object) -> Path:
        raise UserError("eSpeak NG does not speak 'xx'")

    monkeypatch.setattr(stand_ins.generate, "generate", generate)
    with pytest.raises(UserError, match=r"voices cannot stand in: eSpeak NG .*--unknown-percentage 0"):
        gather(Job(WORDS, data=str(recordings), language="xx"))


def test_long_clips_are_said_with_what_keeps_them_whole(write_corpus, voices, capsys):
    samples = np.zeros(32000, np.int16)
    samples[4000:28000] = 3000 * np.sin(np.arange(24000) / 5)  # 1.5 s of sound
    root = write_corpus({f"{word}/anna {take}.wav": samples + take for word in WORDS for take in range(10)})
    gather(Job(WORDS, data=str(root)))
    said = capsys.readouterr().err
    assert "20 clips are longer than 1000 ms: the part with the word was taken" in said
    assert "; --clip-duration-ms 1600 would keep the words whole" in said
