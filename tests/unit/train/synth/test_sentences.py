"""Running speech: what it must not say, who says it, the same bytes again."""

import re
import wave
from pathlib import Path

import pytest

from train.synth import espeak, sentences
from train.synth.clip_plan import split_speakers

PHRASES = {
    "en": ("yes", "no", "on", "turn left"),
    "de": ("lampe an", "nein", "ja"),
    "fr": ("oui", "la"),
    "es": ("sí", "no"),
    "it": ("sì", "e"),
}


@pytest.mark.parametrize("language", PHRASES)
def test_no_sentence_says_a_wanted_word_or_part_of_one(language: str) -> None:
    words = PHRASES[language]
    plain, kept = sentences.sentences((), language), sentences.sentences(words, language)
    parts = {part for word in words for part in word.split()}
    assert any(parts & set(re.findall(r"\w+", text.casefold())) for text in plain), "else nothing is left out"
    for text in kept:
        assert not parts & set(re.findall(r"\w+", text.casefold())), text
    assert len(kept) >= 40


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
