"""Which unknown words a synthetic corpus has room for."""

from train.synth.clip_plan import kept_folders, unknown_counts
from train.synth.lexicon import MADE_UP, near

WORDS = ("hey robot", "no")
COMMON = [f"word{number}" for number in range(250)]
FOLDERS = ["hey", "robot", *COMMON, MADE_UP, near("no")]


def test_a_corpus_of_the_usual_size_has_all_of_them():
    assert kept_folders(FOLDERS, WORDS, 6000) == FOLDERS


def test_a_small_one_has_a_few_from_everywhere_and_all_that_sound_like_the_wanted():
    kept = kept_folders(FOLDERS, WORDS, 72)
    assert len(kept) == len(set(kept)) == 20
    assert {"hey", "robot", MADE_UP, near("no")} <= set(kept)
    places = [COMMON.index(word) for word in kept if word in COMMON]
    assert places[0] == 0
    assert places[-1] > 200


def test_the_more_clips_the_more_words():
    counts = [len(kept_folders(FOLDERS, WORDS, clips)) for clips in range(0, 3000, 100)]
    assert counts == sorted(counts)
    assert counts[-1] == len(FOLDERS)


def test_words_a_sound_away_are_said_more_often():
    counts = unknown_counts(FOLDERS, WORDS, 20_000, close={"word7"})
    assert counts["word7"] > 3 * counts["word8"] == 3 * counts["hey"]
    assert counts[near("no")] > counts["word7"]
    assert sum(counts.values()) <= 20_000
