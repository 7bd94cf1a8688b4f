"""Running speech: what it must not say, who says it, the same bytes again."""

import re
import wave
from pathlib import Path

import pytest

from train.synth import espeak, sentences
from train.synth.clip_plan import split_speakers

WANTED = {
    "en": ("yes", "no", "on"),
    "de": ("an", "nein", "ja"),
    "fr": ("oui", "la"),
    "es": ("sí", "no"),
    "it": ("sì", "e"),
}


@pytest.mark.parametrize("language", WANTED)
def test_no_sentence_says_a_wanted_word(language: str) -> None:
    words = WANTED[language]
    plain, kept = sentences.sentences((), language), sentences.sentences(words, language)
    assert any(set(words) & set(re.findall(r"\w+", text.casefold())) for text in plain), "else all are kept"
    for text in kept:
        assert not set(words) & set(re.findall(r"\w+", text.casefold())), text
    assert len(kept) >= 40


def test_parts_of_a_phrase_are_said_but_never_the_whole(tmp_path: Path) -> None:
    plain = sentences.sentences((), "de")
    assert any("an" in text.split() for text in plain)
    assert sentences.sentences(("lampe an", "tür auf"), "de") == plain, "none says either"
    assert any("neuen Hund" in text for text in plain)
    assert not any("neuen Hund" in text for text in sentences.sentences(("neuen hund",), "de"))
    for turn in sentences._plan(("lampe an", "lampe aus"), "de", 40, seed=1):
        for text in turn.texts:
            assert not re.search(r"\blampe\W+(an|aus)\b", text.casefold())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Mach die Lampe an, bitte.", "Mach die , bitte."),
        ("lampe lampe an an", ""),
        ("An der Lampe ist nichts", "An der Lampe ist nichts"),
        ("Lampe", "Lampe"),
    ],
)
def test_a_phrase_is_taken_out_as_a_whole(text: str, left: str) -> None:
    assert sentences._Without(("lampe an", "?"), "de").them(text) == left


def test_what_sounds_like_a_wanted_word_is_left_out() -> None:
    assert any("know" in text.split() for text in sentences.sentences((), "en"))
    espeak.set_voice(espeak.accents("en")[0])
    for text in sentences.sentences(("no",), "en"):
        assert not {"know", "no"} & set(re.findall(r"\w+", text.casefold()))


@pytest.fixture(scope="module")
def spoken(once) -> Path:  # type: ignore[no-untyped-def]
    return once("sentences", lambda folder: sentences.speak(("yes",), folder, seed=1, minutes=0.25))


def test_the_voices_of_a_split_speak_and_the_bytes_come_again(spoken: Path, tmp_path: Path) -> None:
    found = sentences.speak(("yes",), spoken, seed=1, minutes=0.25)
    again = sentences.speak(("yes",), tmp_path, seed=1, minutes=0.25)
    speakers = split_speakers(1)
    for split, paths in found.items():
        voices = {name.replace(" ", "-") for sex in speakers[split] for name in sex}
        for path, same in zip(paths, again[split], strict=True):
            assert path.stem.partition("+")[2] in voices
            assert path.read_bytes() == same.read_bytes()
            with wave.open(str(path)) as audio:
                assert (audio.getframerate(), audio.getnchannels()) == (16000, 1)
                assert audio.getnframes() > 8 * 16000


def test_a_language_without_a_text_says_its_words(tmp_path: Path) -> None:
    assert sentences.sentences(("tak",), "pl") == []
    planned = sentences._plan(("tak",), "pl", 2, seed=1)
    for turn in planned:
        said = " ".join(turn.texts)
        assert len(said.split()) >= 8
        assert "tak" not in said.split()
