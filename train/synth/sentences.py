"""Running speech without the wanted words: what a device hears all day, to count false accepts in.

Voices of a split say sentences of their language (``texts/``, our own), strings of other words where there
are none, and now and then sounds that are almost a wanted word. Wanted words are left out of the sentences,
by how they are spelled and by how they sound.
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
_ODD_PROBABILITY, _ODD_WORDS = 0.2, (2, 4)  # near misses and made-up words, behind a sentence
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
        words: that are not said; phrases, and their parts.
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
    """Sentences of a language without these words, their parts, and what sounds like them; empty: no text.

    A word that is left out leaves a gap that eSpeak reads over.
    """
    accents = espeak.accents(language)
    text = _TEXTS / f"{accents[0].split('-')[0]}.txt"
    if not text.is_file():
        return []
    espeak.set_voice(accents[0])
    parts = {part for word in words for part in _WORD.findall(word.casefold())}
    sounds = {_sound(part) for part in parts}
    kept = []
    for sentence in text.read_text(encoding="utf-8").splitlines():
        found = dict.fromkeys(_WORD.findall(sentence))
        for word in found:
            if word.casefold() in parts or _sound(word) in sounds:
                sentence = re.sub(rf"\b{word}\b[’']?", "", sentence)
        left = " ".join(sentence.split())
        if len(_WORD.findall(left)) >= _FEWEST_WORDS:
            kept.append(left)
    return kept


def _sound(word: str) -> str:
    """A word's IPA without stress and length, as the chosen accent says it."""
    return re.sub("[ˈˌː]", "", espeak.phonemes(word))


# Plan


def _plan(words: Sequence[str], language: str, turns: int, seed: int) -> list[_Turn]:
    """Who says what: as many turns for each split, women and men in turn."""
    accents = espeak.accents(language)
    texts = sentences(words, language)
    common, odd = _other_words(words, accents, seed)
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
                    tuple(_turn_texts(said, odd, rng)),
                    accent,
                    variant,
                    f"{split}/{turn:04}_{accent}+{variant.replace(' ', '-')}.wav",
                )
            )
    return planned


def _other_words(words: Sequence[str], accents: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """Common words, and odd ones: near misses of the wanted ones, and made-up ones."""
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


def _turn_texts(said: Iterator[str], odd: Sequence[str], rng: Rng) -> Iterator[str]:
    """What is said in a turn."""
    for _ in range(_TEXTS_A_TURN):
        yield next(said)
        if odd and rng.random() < _ODD_PROBABILITY:
            yield " ".join(str(text) for text in rng.choice(np.array(odd), int(rng.integers(*_ODD_WORDS))))


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
