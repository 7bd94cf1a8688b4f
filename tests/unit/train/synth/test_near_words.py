"""What is almost a wanted word: one sound away, or a part; and never what an accent makes of the word."""

import functools
import itertools

import numpy as np
import pytest

pytest.importorskip("espeakng_loader", reason="the wheel espeakng-loader is not installed")

from train.synth import espeak, near_words
from train.synth.near_words import is_alike, is_one_sound_away, letters

ACCENTS = espeak.accents("en")
INVENTORY = """
cat dog tree show thing judge vision church red look water no yes house boy now five best lamp school plate
snow dress glad queen stop from help and text slow climb never cups parts music letter
go so boat toe home foe known soap road hope get bed men less
"""


def sounds(text: str, accent: str = ACCENTS[0]) -> tuple[espeak.Sound, ...]:
    espeak.set_voice(accent)
    return espeak.sounds(text)


@functools.cache
def near(word: str, others: tuple[str, ...] = (), most: int = 200, seed: int = 1) -> list[near_words.Spoken]:
    inventory = [sounds(other) for other in INVENTORY.split()]
    rng = np.random.default_rng(seed)
    return near_words.near_misses(word, (word, *others), ACCENTS, inventory, rng, most)


@pytest.mark.parametrize("word", ["yes", "no", "computer", "alexa", "smart mirror", "view glass"])
def test_each_is_one_sound_away_or_a_part(word: str) -> None:
    spoken, missed = sounds(word), near(word)
    parts = {letters(spoken[start:end]) for start, end in itertools.combinations(range(len(spoken) + 1), 2)}
    assert all(is_one_sound_away(each, spoken) or letters(each) in parts for each in missed)
    assert len({letters(each) for each in missed}) == len(missed) >= 5


def test_sounds_are_replaced_left_out_and_put_in() -> None:
    assert {"atɛksa", "alɛka", "alɛksta"} <= {letters(each) for each in near("alexa")}


@pytest.mark.parametrize("word", ["yes", "no", "dance", "computer", "hey robot"])
def test_in_no_accent_is_one_alike_the_word(word: str) -> None:
    for accent in ACCENTS:
        spoken = sounds(word, accent)
        assert not any(is_alike(sounds(espeak.spelled(each), accent), spoken) for each in near(word))


@pytest.mark.parametrize(
    ("word", "never"),
    [
        (
            "yes",
            {"jɛz", "jæs", "jas", "jɪs", "jəs", "ɛs"},
        ),  # voice, vowels, a weak start
        ("no", {"nəʊ", "ŋoʊ"}),
        ("left", {"lɛf", "lɛvt", "rɛft"}),  # a stop at the end, learners' l and r
        ("dance", {"dɛns", "dɑːns"}),  # as in New York and in the south of England
        ("computer", {"kəmputa"}),
    ],
)
def test_what_an_accent_makes_of_the_word_is_no_near_miss(word: str, never: set[str]) -> None:
    assert not never & {letters(each) for each in near(word)}


def test_another_wanted_word_is_none() -> None:
    assert letters(sounds("row")) in {letters(each) for each in near("so")}
    assert letters(sounds("row")) not in {letters(each) for each in near("so", ("row",))}


def test_only_what_the_language_says_begins_and_ends_them() -> None:
    missed = {letters(each) for each in near("no")}
    assert {"hoʊ", "boʊ", "noʊp"} <= missed
    assert not {"tʃnoʊ", "mnoʊ", "ŋoʊ"} & missed


def test_words_of_several_syllables_have_parts() -> None:
    assert {"kəmp", "juta"} <= {letters(each) for each in near("computer")}
    assert all(abs(len(each) - 3) <= 1 for each in near("yes"))  # one syllable has none


def test_the_seed_chooses_among_them() -> None:
    some = near("computer", most=20)
    assert len(some) <= 22  # each kind is rounded
    assert some != near("computer", most=20, seed=2)


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
    pair = sounds(one), sounds(other)
    assert is_one_sound_away(*pair) == is_one_sound_away(*reversed(pair)) == is_near


def test_no_sounds_have_no_near_misses() -> None:
    assert near_words.near_misses("你好", ["你好"], ["cmn"], [], np.random.default_rng(1), 40) == []
    assert not is_one_sound_away((), ())
