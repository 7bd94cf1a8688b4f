"""What synthetic voices say: unknown words that no accent makes a wanted one, sounds that a foreigner has."""

import pytest

pytest.importorskip("espeakng_loader", reason="the wheel espeakng-loader is not installed")

from train.data.folder_names import meanings
from train.synth import espeak, lexicon

ENGLISH = espeak.accents("en")


def unknown(words, asked=None, accents=ENGLISH, seed=1):
    return lexicon.unknown(words, accents, asked, seed, 0.95)


def heard(utterance):
    """What is said, in IPA without stress and length."""
    espeak.set_voice(ENGLISH[0])
    return espeak.phonemes(utterance.text).translate(str.maketrans("", "", "ˈˌː"))


def test_common_words_but_none_that_sounds_like_a_wanted_one():
    english = unknown(["yes", "no"])
    assert {"yeah", "now", "cat"} <= set(english)
    assert not {"yes", "no", "know"} & set(english)
    assert len(english) > 300
    german = unknown(["ja", "drei"], accents=espeak.accents("de"))
    assert {"vier", "haus"} <= set(german)
    assert "4" in unknown(["oui"], accents=espeak.accents("fr"))
    assert not {"3", "cat"} & set(german)


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_unknown_words_are_not_read_as_noise_or_silence(language):
    folders = list(unknown(["x"], accents=espeak.accents(language)))
    assert meanings(folders, ()) == {folder: folder for folder in folders}


def test_parts_of_a_phrase_are_unknown():
    assert {"hey", "robot"} <= set(unknown(["hey robot"]))


def test_halves_of_phrases_are_unknown_but_no_phrase_is():
    phrases, german = ["lampe an", "lampe aus", "licht"], espeak.accents("de")
    said = {utterance.text for utterance in unknown(phrases, accents=german)[lexicon.HALVES]}
    assert len(said) > 80
    assert not said & set(phrases)
    assert {"an", "aus"} & {text.split()[-1] for text in said if not text.startswith("lampe")}
    assert any(text.startswith("lampe ") for text in said)
    assert {"lampe", "an"} & said, "now and then a part is missing"
    assert lexicon.is_made_for_training(lexicon.HALVES)
    assert lexicon.HALVES not in unknown(["yes", "no"])


def test_near_misses_and_made_up_words_are_not_the_wanted_words():
    words = unknown(["yes", "no"])
    wanted = {
        heard(utterance) for said in lexicon.wanted(["yes", "no"], ENGLISH).values() for utterance in said
    }
    near = [utterance for word in ("yes", "no") for utterance in words[lexicon.near(word)]]
    made_up = words[lexicon.MADE_UP]
    assert len(near) > 30
    assert len(made_up) > 200
    assert not wanted & {heard(utterance) for utterance in near + made_up}
    # One sound of three is another one, is missing or is more.
    assert all(len(heard(utterance)) <= 7 for utterance in words[lexicon.near("yes")])


def test_common_words_that_are_almost_a_wanted_one():
    close = lexicon.close_to(["yes", "no"], list(unknown(["yes", "no"])), ENGLISH)
    assert {"yet", "guess", "note", "snow", "low"} <= close
    assert not {"cat", "water", lexicon.near("no")} & close


def test_a_near_miss_is_none_that_an_accent_could_make():
    sounds = {utterance.text for utterance in unknown(["yes"])[lexicon.near("yes")]}
    assert {"[[g|'E|s]]", "[[l|'E|s]]", "[[j|'E|k]]"} & sounds
    assert not {"[[j|'E|z]]", "[[j|'a|s]]", "[[j|'I|s]]"} & sounds  # voicing, and neighbouring vowels


def test_the_seed_chooses():
    assert unknown(["yes"], seed=1) == unknown(["yes"], seed=1) != unknown(["yes"], seed=2)


def test_words_asked_for_are_all_that_is_said():
    assert set(unknown(["no"], ["know", "cat"])) == {"cat"}


def test_a_foreign_accent_speaks_only_what_it_has_the_sounds_for():
    (yes,), (robot,) = lexicon.wanted(["yes", "robot"], ENGLISH).values()
    assert yes.spelled == "[[j|'E|s]]"
    assert {"de", "hi", "es"} <= set(yes.foreign_accents)
    assert "fi" not in yes.foreign_accents  # eSpeak's Finnish has no E
    assert "de" not in robot.foreign_accents  # nor its German an open o
    assert not set(ENGLISH) & set(yes.foreign_accents)


def test_spelled_sounds_are_the_word():
    espeak.set_voice("en-us")
    assert espeak.phonemes(espeak.spelled(espeak.sounds("church"))) == espeak.phonemes("church")
    assert len(espeak.sounds("hey robot")) == 7
    espeak.set_voice("de")  # which begins vowels with a stop that IPA does not write
    assert espeak.spelled(espeak.sounds("lampe aus")) == "[[l|'a|m|p|@|'aU|s]]"


@pytest.mark.parametrize(
    ("folder", "made"),
    [
        (lexicon.MADE_UP, True),
        (lexicon.RUNNING, True),
        (lexicon.SCRAMBLED, True),
        (lexicon.near("turn on"), True),
        ("_unknown_", False),  # as some corpora call other words
        ("_other_", False),
        ("marvin", False),
    ],
)
def test_folders_of_strangers_are_what_people_say(folder: str, made: bool) -> None:
    assert lexicon.is_made_for_training(folder) == made
    assert lexicon.is_made_up(folder) == (made and folder not in (lexicon.HALVES, lexicon.RUNNING))
