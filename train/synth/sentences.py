"""Running speech without the wanted words: what a device hears all day, to count false accepts in.

Voices of a split say sentences of their language (``texts/``, our own), strings of other words where there
are none, and now and then sounds that are almost a wanted word. Wanted words are left out of the sentences,
by how they are spelled and by how they sound; of phrases only the whole: people say the parts all day.
"""

import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.audio.wav import encode_wav
from train.core import console
from train.core.errors import UserError
from train.core.outputs import whole_folder
from train.core.terminal import interrupts
from train.synth import acoustics, espeak, lexicon, timbre
from train.synth.acoustics import SAMPLE_RATE_HZ, Rng
from train.synth.clip_plan import HELD_OUT_SPLITS, split_speakers

SENTENCES_VERSION = 2  # raise it when the same settings would give other bytes

_TEXTS = Path(__file__).with_name("texts")
_TURN_S = 15.0  # what somebody says before the next one speaks, at least
_TEXTS_A_TURN = 5
_TURNS_A_SHARD = 40
_LONGEST_S = 0.95  # an odd word must fit into a clip of a second, as in a corpus
_FEWEST_WORDS = 3  # of a sentence without the wanted ones
_STRING_WORDS = (4, 9)
_ODD_PROBABILITY, _ODD_WORDS = 0.2, (2, 4)  # near misses, halves and made-up words, behind a sentence
_PAUSE_S = (0.15, 0.8)
_RATE_WPM = (130, 210)
_AROUND_SAMPLES = SAMPLE_RATE_HZ // 2
_WORD = re.compile(r"\w+", re.UNICODE)


@dataclass(frozen=True)
class _Turn:
    """What one voice says without another's interrupting; ``file`` is relative to the folder."""

    index: int
    texts: tuple[str, ...]
    accent: str
    variant: str
    file: str


def speak(
    words: Sequence[str], cache: Path, *, seed: int, language: str = "en", minutes: float = 30.0
) -> dict[str, tuple[Path, ...]]:
    """Recordings of running speech for validation and for testing, made now unless they are there already.

    Args:
        words: that are not said; of phrases, the parts are.
        seed: of the voices' split, as in ``generate.generate``: no voice is in two splits.
        language: an eSpeak code.
        minutes: of each split, at least.
    Returns:
        split → its recordings, 16 kHz 16-bit mono, each by one voice.
    Raises:
        UserError: a language that eSpeak does not speak, or no room on the disk.
    """
    turns = math.ceil(60 * minutes / _TURN_S)
    settings = {
        "version": SENTENCES_VERSION,
        "espeak_ng": espeak.version(),
        "language": language,
        "words": list(words),
        "turns": turns,
        "seed": seed,
    }
    key = hashlib.sha256(json.dumps(settings, ensure_ascii=False).encode()).hexdigest()[:12]
    folder = Path(cache) / "corpora" / f"sentences-{key}"
    if not folder.is_dir():
        planned = _plan(words, language, turns, seed)
        try:
            with whole_folder(folder) as unfinished:
                _speak_all(planned, unfinished, seed)
        except OSError as error:
            raise UserError(
                f"{folder}: cannot be written: {error.strerror}; free some space there"
            ) from error
    return {split: tuple(sorted((folder / split).iterdir())) for split in HELD_OUT_SPLITS}


def sentences(words: Sequence[str], language: str) -> list[str]:
    """Sentences of a language without these words and what sounds like them; empty: there is no text.

    A word that is left out leaves a gap that eSpeak reads over.
    """
    accents = espeak.accents(language)
    text = _TEXTS / f"{accents[0].split('-')[0]}.txt"
    if not text.is_file():
        return []
    without = _Without(words, accents[0])
    left = map(without.them, text.read_text(encoding="utf-8").splitlines())
    return [sentence for sentence in left if len(_WORD.findall(sentence)) >= _FEWEST_WORDS]


def _phrases(words: Sequence[str]) -> list[str]:
    return [word for word in words if len(_WORD.findall(word)) > 1]


class _Without:
    """Takes wanted words out of texts, by how they are spelled and how they sound."""

    def __init__(self, words: Sequence[str], accent: str) -> None:
        """``accent``: of the language, for the sounds."""
        self._accent = accent
        self._wanted = [parts for word in words if (parts := _WORD.findall(word.casefold()))]
        self._sounds: dict[str, str] = {}

    def them(self, text: str) -> str:
        """The text without them, also where taking one out makes another."""
        while True:
            said = list(_WORD.finditer(text))
            spans = ((said[at : at + len(parts)], parts) for parts in self._wanted for at in range(len(said)))
            found = next((span for span, parts in spans if self._is_it(span, parts)), None)
            if found is None:
                return " ".join(text.split())
            text = text[: found[0].start()] + re.sub("^[’']", "", text[found[-1].end() :])

    def _is_it(self, said: Sequence[re.Match[str]], parts: Sequence[str]) -> bool:
        if len(said) < len(parts):
            return False
        pairs = ((match[0], part) for match, part in zip(said, parts, strict=True))
        return all(word.casefold() == part or self._sound(word) == self._sound(part) for word, part in pairs)

    def _sound(self, word: str) -> str:
        """A word's IPA without stress and length."""
        if word not in self._sounds:
            espeak.set_voice(self._accent)
            self._sounds[word] = re.sub("[ˈˌː]", "", espeak.phonemes(word))
        return self._sounds[word]


# Plan


def _plan(words: Sequence[str], language: str, turns: int, seed: int) -> list[_Turn]:
    """Who says what: as many turns for each split, women and men in turn."""
    accents = espeak.accents(language)
    texts = sentences(words, language)
    common, odd = _other_words(words, accents, seed)
    whole = _Without(_phrases(words), accents[0])  # two halves in a row may make one
    speakers = split_speakers(seed)
    planned: list[_Turn] = []
    for number, split in enumerate(HELD_OUT_SPLITS):
        rng = np.random.default_rng([seed, len(words), number])
        said = _dealt(texts, rng) if texts else _strings(common, rng)
        voices = [list(itertools.product(accents, variants)) for variants in speakers[split]]
        for turn in range(turns):
            women_or_men = voices[turn % 2]
            accent, variant = women_or_men[int(rng.integers(len(women_or_men)))]
            planned.append(
                _Turn(
                    len(planned),
                    tuple(_turn_texts(said, odd, whole, rng)),
                    accent,
                    variant,
                    f"{split}/{turn:04}_{accent}+{variant.replace(' ', '-')}.wav",
                )
            )
    return planned


def _other_words(words: Sequence[str], accents: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """Common words, and odd ones: near misses of the wanted ones, halves of phrases, and made-up ones."""
    parts = {part for word in words for part in word.split()}
    folders = lexicon.unknown(words, accents, None, seed, _LONGEST_S)
    made = {folder for folder in folders if lexicon.is_made_for_training(folder)}
    common = [folder for folder in folders if folder not in made and folder not in parts]
    odd = [said.text for folder, texts in folders.items() if folder in made for said in texts]
    return common or odd, odd


def _dealt(texts: Sequence[str], rng: Rng) -> Iterator[str]:
    """Every text once before any comes again."""
    while True:
        yield from (texts[place] for place in rng.permutation(len(texts)))


def _strings(common: Sequence[str], rng: Rng) -> Iterator[str]:
    """Words of a language of which there is no text, in a row."""
    while True:
        yield " ".join(str(word) for word in rng.choice(np.array(common), int(rng.integers(*_STRING_WORDS))))


def _turn_texts(said: Iterator[str], odd: Sequence[str], whole: _Without, rng: Rng) -> Iterator[str]:
    """What is said in a turn."""
    for _ in range(_TEXTS_A_TURN):
        yield next(said)
        if odd and rng.random() < _ODD_PROBABILITY:
            texts = rng.choice(np.array(odd), int(rng.integers(*_ODD_WORDS)))
            yield whole.them(" ".join(map(str, texts)))


# Speech


def _speak_all(turns: Sequence[_Turn], folder: Path, seed: int) -> None:
    """Speak all turns; in shards of fixed size, each by a fresh process (see train/synth/espeak.py)."""
    for split in HELD_OUT_SPLITS:
        (folder / split).mkdir()
    shards = [turns[start : start + _TURNS_A_SHARD] for start in range(0, len(turns), _TURNS_A_SHARD)]
    with (
        espeak.fresh_processes("speaking") as pool,
        console.progress("running speech", len(turns)) as advance,
    ):
        with interrupts.kept_from_children():
            jobs = {pool.submit(_write_turns, shard, folder, seed): len(shard) for shard in shards}
        for job in as_completed(jobs):
            job.result()
            advance(jobs[job])


def _write_turns(turns: Sequence[_Turn], folder: Path, seed: int) -> None:
    """Speak and write one shard. Runs in a process of its own."""
    for turn in turns:
        rng = np.random.default_rng([seed, SENTENCES_VERSION, turn.index])
        speech = _said(turn, rng)
        samples = acoustics.record(speech, rng, len(speech) + _AROUND_SAMPLES)
        (folder / turn.file).write_bytes(encode_wav(samples, SAMPLE_RATE_HZ))


def _said(turn: _Turn, rng: Rng) -> NDArray[np.float32]:
    """(samples,) float32: the texts of a turn by its voice, with pauses between."""
    espeak.set_voice(turn.accent, turn.variant)
    rate_hz = espeak.sample_rate_hz() * timbre.vocal_tract(rng)
    rate_wpm, pitch, pitch_range = rng.uniform(*_RATE_WPM), rng.uniform(20, 80), rng.uniform(20, 80)
    parts = []
    for text in turn.texts:
        speech = acoustics.resampled(espeak.speak(text, rate_wpm, pitch, pitch_range), rate_hz)
        if len(speech):
            parts.append(timbre.another_mouth(speech, rng))
        parts.append(np.zeros(int(rng.uniform(*_PAUSE_S) * SAMPLE_RATE_HZ), np.float32))
    return np.concatenate(parts, dtype=np.float32)
