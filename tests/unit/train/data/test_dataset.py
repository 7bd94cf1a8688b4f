"""Splits and their audio: how many of what, drawn how, and nothing of one split in another."""

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.audio.wav import to_float
from train.core.errors import UserError
from train.core.layout import ALL, SPLITS, TESTING, TRAINING, VALIDATION
from train.core.spec import FrontEnd, ModelSpec, labels_for
from train.data.corpus import Clip, Corpus, read_corpus
from train.data.dataset import SILENCE_INDEX, UNKNOWN_INDEX, AudioSource, Example, Split, make_split
from train.settings.augmentation import Augmentation
from train.settings.sampling import Sampling

LABELS = labels_for(("yes", "no"))
SPEC = ModelSpec(LABELS, front_end=FrontEnd(clip_duration_ms=100))
LENGTH = 1600  # samples of a clip of 100 ms


def corpus_of(words: dict[str, int], root: str = "corpus") -> Corpus:
    """So many clips of each word in each split, without files."""
    clips = tuple(
        Clip(Path(f"{split}{n}_nohash_0.wav"), f"{word}/{split}{n}_nohash_0.wav", word, split, 1, "")
        for split in SPLITS
        for word, count in words.items()
        for n in range(count)
    )
    return Corpus(Path(root), clips, (), (), "lists", "0" * 64)


CORPUS = corpus_of({"yes": 20, "no": 10, "up": 50, "dog": 50})


def counts(split: str, sampling: Sampling, corpus: Corpus = CORPUS) -> dict[str, int]:
    return make_split(corpus, LABELS, split, sampling, 1).counts(LABELS)


@pytest.mark.parametrize("split", SPLITS)
def test_counts_by_percentage_are_rounded_up(split):
    assert counts(split, Sampling(10, 11)) == {"_silence_": 3, "_unknown_": 4, "yes": 20, "no": 10}
    assert counts(split, Sampling(0, 0)) == {"_silence_": 0, "_unknown_": 0, "yes": 20, "no": 10}
    assert counts(split, Sampling(200, 0.1)) == {"_silence_": 60, "_unknown_": 1, "yes": 20, "no": 10}


def test_more_unknown_than_there_is_gives_all_of_it():
    assert counts(TESTING, Sampling(0, 1000))["_unknown_"] == 100


def test_the_default_is_the_average_word():
    assert counts(TRAINING, Sampling()) == {"_silence_": 15, "_unknown_": 15, "yes": 20, "no": 10}
    assert counts(TRAINING, Sampling(silence_percentage=10))["_unknown_"] == 15
    assert counts(TRAINING, Sampling(unknown_percentage=10))["_silence_"] == 15


def test_training_may_have_more_other_words_than_the_average_word():
    def unknown(sampling: Sampling) -> int:
        return make_split(CORPUS, LABELS, TRAINING, sampling, 1, 2.5).counts(LABELS)["_unknown_"]

    assert unknown(Sampling()) == 38
    assert unknown(Sampling(unknown_percentage=10)) == 3, "what was asked for"


def test_how_many_other_words_there_are_for_each():
    split = make_split(CORPUS, LABELS, TRAINING, Sampling(), 1, 2.0)
    assert split.unknown_per_word(LABELS) == 2.0
    few = make_split(corpus_of({"yes": 20, "no": 10, "up": 6}), LABELS, TRAINING, Sampling(), 1, 2.0)
    assert few.unknown_per_word(LABELS) == 0.4, "as many as there are"


@given(st.integers(1, 40), st.integers(1, 3000))
def test_the_default_balances_exactly(words, clips_per_word):
    """100 / 3 percent is no float: three words of five clips must not get six of silence."""
    assert Sampling().resolve(words * clips_per_word, words) == (clips_per_word, clips_per_word)


@given(st.integers(1, 3000), st.integers(0, 300))
def test_percentages_are_those_of_the_original(wanted, percentage):
    expected = math.ceil(wanted * percentage / 100)
    assert Sampling(percentage, percentage).resolve(wanted, 2) == (expected, expected)


def test_ten_words_get_the_original_s_ten_percent():
    assert Sampling().resolve(1000, 10) == Sampling(10, 10).resolve(1000, 10)


@pytest.mark.parametrize(
    ("sampling", "message"),
    [
        ({"silence_percentage": -1}, "--silence-percentage is -1, expected 0 to 10000"),
        ({"unknown_percentage": float("nan")}, "--unknown-percentage is nan"),
        ({"unknown_percentage": float("inf")}, "--unknown-percentage is inf"),
    ],
)
def test_percentages_out_of_range_are_refused(sampling, message):
    with pytest.raises(UserError, match=message):
        Sampling(**sampling)


def test_labels_of_examples():
    split = make_split(CORPUS, LABELS, TRAINING, Sampling(), 1)
    for example in split.examples:
        if example.clip is None:
            assert example.label == SILENCE_INDEX
            assert example.source == "background noise"
        elif example.clip.word in LABELS:
            assert LABELS[example.label] == example.clip.word
        else:
            assert example.label == UNKNOWN_INDEX
            assert example.source == example.clip.name


def test_same_seed_same_examples():
    for split in SPLITS:
        first = make_split(CORPUS, LABELS, split, Sampling(), 1)
        assert make_split(CORPUS, LABELS, split, Sampling(), 1) == first
        other = make_split(CORPUS, LABELS, split, Sampling(), 2)
        assert other.examples != first.examples
        assert other.counts(LABELS) == first.counts(LABELS)
        unknown = [{e.source for e in s.examples if e.label == UNKNOWN_INDEX} for s in (first, other)]
        assert unknown[0] != unknown[1]


def test_examples_are_shuffled():
    labels = [example.label for example in make_split(CORPUS, LABELS, TRAINING, Sampling(), 1).examples]
    assert labels != sorted(labels)
    assert sum(a != b for a, b in itertools.pairwise(labels)) > 20


def test_only_training_has_a_pool_of_unknown_clips():
    training = make_split(CORPUS, LABELS, TRAINING, Sampling(), 1)
    assert len(training.unknown_pool) == 100
    assert {example.label for example in training.unknown_pool} == {UNKNOWN_INDEX}
    for split in (VALIDATION, TESTING, ALL):
        assert make_split(CORPUS, LABELS, split, Sampling(), 1).unknown_pool == ()
    assert make_split(CORPUS, LABELS, TRAINING, Sampling(unknown_percentage=0), 1).unknown_pool == ()


def test_no_clip_is_in_two_splits():
    names = []
    for name in SPLITS:
        split = make_split(CORPUS, LABELS, name, Sampling(), 1)
        used = {example.clip.name for example in split.examples + split.unknown_pool if example.clip}
        assert all(clip_name.split("/")[1].startswith(name) for clip_name in used)
        names += used
    assert len(names) == len(set(names))


def test_all_is_every_split_together():
    assert counts(ALL, Sampling(0, 0)) == {"_silence_": 0, "_unknown_": 0, "yes": 60, "no": 30}


def test_no_other_word_needs_unknown_percentage_0():
    corpus = corpus_of({"yes": 2, "no": 2})
    with pytest.raises(
        UserError, match=r"no clip of any other word for training.*pass --unknown-percentage 0"
    ):
        make_split(corpus, LABELS, TRAINING, Sampling(), 1)
    assert counts(TRAINING, Sampling(unknown_percentage=0), corpus)["_unknown_"] == 0


# Audio. The background says where it comes from: its first eight tenths are positive, the ninth
# alternates from sample to sample, the last is negative.
BACKGROUND_LENGTH = 100_000


def marked_background() -> np.ndarray:
    sign = np.ones(BACKGROUND_LENGTH)
    sign[80_000:90_000:2] = -1
    sign[90_000:] = -1
    return (20_000 * sign).astype(np.int16)


def part_of(audio: np.ndarray) -> str:
    signs = set(np.sign(audio).tolist())
    return {(1.0,): TRAINING, (-1.0,): TESTING}.get(tuple(signs), VALIDATION if len(signs) == 2 else "?")


@pytest.fixture
def speech() -> dict[str, np.ndarray]:
    """Clips of a constant 0.25: one too short, one too long."""
    return {
        "yes/a_nohash_0.wav": np.full(LENGTH, 8192, dtype=np.int16),
        "yes/short_nohash_0.wav": np.full(1000, 8192, dtype=np.int16),
        "yes/long_nohash_0.wav": np.full(2 * LENGTH, 8192, dtype=np.int16),
    }


@pytest.fixture
def noisy(write_corpus, speech) -> Corpus:
    return read_corpus(write_corpus(speech | {"_background_noise_/marked.wav": marked_background()}), 16000)


def silence(name: str, count: int) -> Split:
    examples = make_split(corpus_of({"yes": count, "no": count}), LABELS, name, Sampling(50, 0), 1).examples
    return Split(name, tuple(example for example in examples if example.clip is None))


@pytest.mark.parametrize("name", SPLITS)
def test_silence_comes_from_the_split_s_own_part_of_the_background(noisy, name):
    source = AudioSource(noisy, SPEC, Augmentation(), seed=5)
    split = silence(name, 40)
    assert len(split.examples) == 40
    if name == TRAINING:
        audio = np.stack([source.training_variant(e, i, 0) for i, e in enumerate(split.examples)])
    else:
        audio = source.plain(split)
    assert audio.shape == (40, LENGTH)
    assert audio.dtype == np.float32
    assert {part_of(clip) for clip in audio} == {name}
    volumes = np.abs(audio[:, 0]) / (20_000 / 32768)
    assert np.all((volumes >= 0) & (volumes < 1))
    assert volumes.mean() == pytest.approx(0.5, abs=0.15)  # U(0, 1), as the original


def test_all_takes_silence_from_everywhere(noisy):
    audio = AudioSource(noisy, SPEC, Augmentation(), seed=5).plain(silence(ALL, 20))
    assert len({part_of(clip) for clip in audio}) == 3


def test_a_background_too_short_to_divide_serves_every_split(write_corpus, speech):
    files = speech | {"_background_noise_/short.wav": marked_background()[84_000 : 84_000 + LENGTH + 1]}
    source = AudioSource(read_corpus(write_corpus(files), 16000), SPEC, Augmentation(), seed=5)
    for name in (VALIDATION, TESTING):
        assert {part_of(clip) for clip in source.plain(silence(name, 5))} == {VALIDATION}


def test_no_background_means_a_warning_and_zeros(write_corpus, speech, capsys):
    corpus = read_corpus(write_corpus(speech), 16000)
    source = AudioSource(corpus, SPEC, Augmentation(time_shift_ms=0), seed=5)
    said = capsys.readouterr().err
    assert "warning" in said
    assert "digital silence, which no microphone gives" in said
    assert not source.plain(silence(TESTING, 3)).any()
    clip = make_split(corpus, labels_for(("yes",)), ALL, Sampling(0, 0), 1).examples[0]
    assert np.array_equal(source.training_variant(clip, 0, 0), source.clip_audio(clip.clip))


@pytest.mark.parametrize("length", [1, LENGTH - 1, LENGTH])
def test_a_background_shorter_than_a_clip_is_refused(write_corpus, speech, length):
    noise = np.ones(length, dtype=np.int16)
    corpus = read_corpus(write_corpus(speech | {"_background_noise_/tick.wav": noise}), 16000)
    expected = (
        rf"tick\.wav: Background sample is too short! Need more than 1600 samples but only {length} were"
    )
    with pytest.raises(UserError, match=expected):
        AudioSource(corpus, SPEC, Augmentation(), seed=5)


def test_a_background_folder_without_a_usable_wav_is_refused(write_corpus, speech):
    corpus = read_corpus(write_corpus(speech | {"_background_noise_/README.md": "x"}), 16000)
    with pytest.raises(UserError, match=r"No background wav files were found in .*_background_noise_"):
        AudioSource(corpus, SPEC, Augmentation(), seed=5)


def test_clips_are_padded_or_cut_at_the_end(noisy):
    source = AudioSource(noisy, SPEC, Augmentation(), seed=5)
    lengths = {clip.speaker: np.count_nonzero(source.clip_audio(clip)) for clip in noisy.clips}
    assert lengths == {"a": LENGTH, "short": 1000, "long": LENGTH}
    short = next(clip for clip in noisy.clips if clip.speaker == "short")
    assert np.all(source.clip_audio(short)[:1000] == 0.25)


def test_validation_and_testing_clips_are_left_as_they_are(noisy):
    source = AudioSource(noisy, SPEC, Augmentation(background_frequency=1.0), seed=5)
    split = make_split(noisy, labels_for(("yes",)), ALL, Sampling(0, 0), 1)
    for audio, example in zip(source.plain(split), split.examples, strict=True):
        assert np.array_equal(audio, source.clip_audio(example.clip))


def variants_of(noisy: Corpus, augmentation: Augmentation, seed: int = 5, count: int = 200) -> np.ndarray:
    """(count, LENGTH): variants of the clip that is 0.25 from end to end."""
    source = AudioSource(noisy, SPEC, augmentation, seed)
    split = make_split(noisy, labels_for(("yes",)), ALL, Sampling(0, 0), 1)
    example = next(e for e in split.examples if e.clip and e.clip.speaker == "a")
    return np.stack([source.training_variant(example, 3, variant) for variant in range(count)])


def test_variants_do_not_depend_on_the_order(noisy):
    augmentation = Augmentation(time_shift_ms=20, background_volume=0.5)
    in_order = variants_of(noisy, augmentation)
    assert np.array_equal(variants_of(noisy, augmentation), in_order)
    assert not np.array_equal(variants_of(noisy, augmentation, seed=6), in_order)
    source = AudioSource(noisy, SPEC, augmentation, 5)
    split = make_split(noisy, labels_for(("yes",)), ALL, Sampling(0, 0), 1)
    example = next(e for e in split.examples if e.clip and e.clip.speaker == "a")
    for variant in (7, 3, 199, 3):
        assert np.array_equal(source.training_variant(example, 3, variant), in_order[variant])
    assert not np.array_equal(source.training_variant(example, 4, 7), in_order[7])


def test_shifts_stay_within_the_limits(noisy):
    """With 1 ms at 16 kHz: -16 to 15 samples, the upper end excluded."""
    variants = variants_of(noisy, Augmentation(time_shift_ms=1, background_frequency=0), count=600)
    leading = (variants == 0).argmin(axis=1)
    trailing = (variants[:, ::-1] == 0).argmin(axis=1)
    shifts = leading - trailing
    assert (shifts.min(), shifts.max()) == (-16, 15)
    assert set(np.unique(variants)) == {0.0, 0.25}


def test_background_comes_as_often_and_as_loud_as_set(noisy):
    augmentation = Augmentation(time_shift_ms=0, background_volume=0.3, background_frequency=0.6)
    added = variants_of(noisy, augmentation, count=600) - 0.25
    volumes = added[:, 0] / (20_000 / 32768)
    assert np.mean(volumes > 0) == pytest.approx(0.6, abs=0.06)
    assert volumes.max() <= 0.3
    assert volumes.max() > 0.28
    assert (added >= 0).all()  # of the training part alone


def test_loud_sums_are_clipped(write_corpus):
    files = {
        "yes/a_nohash_0.wav": np.full(LENGTH, 32767, dtype=np.int16),
        "_background_noise_/loud.wav": np.full(20 * LENGTH, 32767, dtype=np.int16),
    }
    corpus = read_corpus(write_corpus(files), 16000)
    variants = variants_of(corpus, Augmentation(background_volume=1, background_frequency=1), count=20)
    assert variants.max() == 1.0
    assert to_float(np.array([32767], dtype=np.int16))[0] < 1.0  # so it was reached by adding


def test_a_microphone_comes_last_and_leaves_what_is_drawn_before(noisy):
    """Word and noise get the gain and the offset together; the original's clips stay as they were."""
    plain = Augmentation(time_shift_ms=20, background_volume=0.5)
    through = replace(plain, gain_low=0.5, gain_high=0.5, dc_offset=300)
    before, after = (variants_of(noisy, augmentation, count=40) * 32768 for augmentation in (plain, through))
    offsets = (after - before / 2).mean(axis=1)
    assert np.abs(after - before / 2 - offsets[:, np.newaxis]).max() <= 1
    assert 200 < np.abs(offsets).max() <= 301
    assert len(set(offsets.round())) > 20


def test_silence_goes_through_the_microphone_too(noisy):
    augmentation = Augmentation(gain_low=0.01, gain_high=0.01)
    quiet = AudioSource(noisy, SPEC, augmentation, 5).training_variant(Example(None, SILENCE_INDEX), 3, 1)
    loud = AudioSource(noisy, SPEC, Augmentation(), 5).training_variant(Example(None, SILENCE_INDEX), 3, 1)
    assert 0 < np.abs(quiet).max() < 0.02 * np.abs(loud).max()


def test_recordings_of_silence_are_silence_and_not_unknown_words():
    corpus = corpus_of({"yes": 10, "no": 10, "up": 30, "_silence_": 4})
    split = make_split(corpus, LABELS, TESTING, Sampling(), 1)
    silence = [example for example in split.examples if example.label == SILENCE_INDEX]
    assert len(silence) == 10
    assert sum(example.clip is not None for example in silence) == 4
    assert all(example.clip.word == "_silence_" for example in silence if example.clip)
    unknown = [example for example in split.examples if example.label == UNKNOWN_INDEX]
    assert {example.clip.word for example in unknown} == {"up"}
