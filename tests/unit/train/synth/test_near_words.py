"""What is almost a wanted word: one sound away, or a part; and never what an accent makes of the word."""

import itertools

import numpy as np
import pytest

pytest.importorskip("espeakng_loader", reason="the wheel espeakng-loader is not installed")

from train.synth import espeak, near_words
from train.synth.near_words import is_one_sound_away, letters

ACCENT = espeak.accents("en")[0]
INVENTORY = "cat dog tree show thing judge vision church red look water no yes house boy now five".split()  # noqa: SIM905


@pytest.fixture(autouse=True)
def speaker() -> None:
    espeak.set_voice(ACCENT)


def near(word: str, most: int = 500, seed: int = 1) -> list[tuple[espeak.Sound, ...]]:
    inventory = [espeak.sounds(other) for other in INVENTORY]
    known = [espeak.sounds(word)]
    return near_words.near_misses(known[0], inventory, known, np.random.default_rng(seed), most)


@pytest.mark.parametrize("word", ["yes", "no", "computer", "alexa", "smart mirror", "go"])
def test_each_is_one_sound_away_or_a_part(word: str) -> None:
    spoken, missed = espeak.sounds(word), near(word)
    parts = {letters(spoken[start:end]) for start, end in itertools.combinations(range(len(spoken) + 1), 2)}
    assert all(is_one_sound_away(each, spoken) or letters(each) in parts for each in missed)
    assert letters(spoken) not in {letters(each) for each in missed}
    assert len({letters(each) for each in missed}) == len(missed) > 20
    assert {len(each) - len(spoken) for each in missed} >= {-1, 0, 1}


@pytest.mark.parametrize(
    ("word", "never"),
    [
        ("yes", {"jɛz", "jæs", "jas", "jɪs", "ɛs"}),
        ("no", {"hnoʊ", "noʊh", "noʊw"}),
        ("left", {"lɛf", "lɛvt"}),
        ("computer", {"kəmpuːɾɚ"}),
    ],
)
def test_what_an_accent_makes_of_the_word_is_no_near_miss(word: str, never: set[str]) -> None:
    assert not never & {letters(each) for each in near(word)}


def test_other_wanted_words_are_none() -> None:
    inventory = [espeak.sounds(other) for other in INVENTORY]
    known = [espeak.sounds(word) for word in ("no", "go", "so")]
    missed = near_words.near_misses(known[0], inventory, known, np.random.default_rng(1), 500)
    assert not {letters(word) for word in known} & {letters(each) for each in missed}


def test_parts_of_a_word_of_several_syllables() -> None:
    assert {"kəmp", "kəmpj", "juːɾɚ"} & {letters(each) for each in near("computer")}
    spoken = espeak.sounds("yes")
    assert all(abs(len(each) - len(spoken)) <= 1 for each in near("yes"))  # one syllable has no part


def test_seed_chooses_among_them() -> None:
    assert near("computer", 40, seed=1) == near("computer", 40, seed=1) != near("computer", 40, seed=2)
    assert len(near("computer", 40)) <= 41  # each kind is rounded


@pytest.mark.parametrize(
    ("one", "other", "is_near"),
    [
        ("yes", "yet", True),
        ("yes", "guess", True),
        ("no", "snow", True),
        ("no", "note", True),
        ("no", "oh", True),
        ("yes", "yes", False),
        ("no", "know", False),
        ("no", "yes", False),
        ("no", "stone", False),
    ],
)
def test_one_sound_away(one: str, other: str, is_near: bool) -> None:
    pair = espeak.sounds(one), espeak.sounds(other)
    assert is_one_sound_away(*pair) == is_one_sound_away(*reversed(pair)) == is_near


def test_no_sounds_have_no_near_misses() -> None:
    inventory = [espeak.sounds(other) for other in INVENTORY]
    assert near_words.near_misses((), inventory, [()], np.random.default_rng(1), 40) == []
    assert not is_one_sound_away((), ())
