"""A corpus of synthetic speech: any words, by many voices, in the Speech Commands layout.

Who speaks what is planned first (``plan``), then spoken in shards. Each shard is a fresh
process with a fixed list of clips, because eSpeak's state cannot be reset (train/voices.py):
so the bytes depend on the settings alone, not on how many processes worked.
"""

import hashlib
import itertools
import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train import acoustics, console, voices
from train.acoustics import SAMPLE_RATE_HZ
from train.corpus import BACKGROUND_FOLDER, SPLIT_LISTS, SPLITS
from train.corpusfolder import whole_folder
from train.errors import UserError
from train.wav import encode_wav

GENERATOR_VERSION = 1  # raise it when the same settings would give other bytes
LONGEST_WORD_S = 0.95
DEFAULT_CLIPS_PER_WORD = 2000
DEFAULT_UNKNOWN_CLIPS = 2500
FEWEST_CLIPS_PER_WORD = 10
HELD_OUT_SPLITS = tuple(SPLIT_LISTS)  # a tenth of the speakers and of the clips each

_SHARDS = 12
_BABBLE_STREAMS = 8

# The words of Speech Commands, then short everyday ones, many of them close to a likely command.
_ENGLISH_WORDS = """
backward bed bird cat dog down eight five follow forward four go happy house learn left marvin nine
no off on one right seven sheila six stop three tree two up visual wow yes zero
yeah yep yet yell guess chess less mess dress best nope note now nor snow low oh hello how
start step top shop stuff light night ride write lift let often of and in under cup pup gone know
the what water music table paper people maybe really okay please
"""
# eSpeak says numbers and letters in every language it speaks.
_NUMBERS_AND_LETTERS = [*map(str, range(21)), *map(str, range(30, 101, 10)), *"abcdefghijklmnopqrstuvwxyz"]


@dataclass(frozen=True)
class Clip:
    """One clip to be made: who says what, and the file it goes to (relative to the corpus)."""

    index: int
    word: str
    accent: str
    variant: str
    file: str
    split: str


def generate(
    words: Sequence[str],
    cache: Path,
    *,
    seed: int,
    language: str = "en",
    clips_per_word: int = DEFAULT_CLIPS_PER_WORD,
    unknown_words: Sequence[str] | None = None,
    unknown_clips: int = DEFAULT_UNKNOWN_CLIPS,
    processes: int | None = None,
) -> Path:
    """Folder of the synthetic corpus for these settings, made now unless it is there already.

    Args:
        words: to be spotted; phrases such as "hey robot" are fine.
        seed: same seed and settings, same bytes.
        language: an eSpeak code; every accent of it is used ("en": eight).
        clips_per_word: of each word, a tenth each for validation and testing.
        unknown_words: spoken besides; by default common English words, or numbers and
            letters in other languages. Those that sound like a word of ``words`` are left out.
        unknown_clips: of all unknown words together.
        processes: how many work at once; by default one per core. Does not change the bytes.
    Returns:
        ``cache/corpora/synthetic-<hash>``: 16 kHz 16-bit mono clips of one second, split by voice.
    Raises:
        UserError: a language eSpeak does not speak, a word it cannot say in a second,
            too few clips, no room on the disk.
    """
    _check(words, clips_per_word)
    accents = voices.accents(language)
    voices.check_speakable(words, language, LONGEST_WORD_S)
    unknown = _unknown_words(words, language, unknown_words)
    settings = {
        "generator": GENERATOR_VERSION,
        "espeak_ng": voices.version(),
        "language": language,
        "words": list(words),
        "unknown_words": unknown,
        "clips_per_word": clips_per_word,
        "unknown_clips": unknown_clips,
        "seed": seed,
    }
    key = hashlib.sha256(json.dumps(settings, ensure_ascii=False).encode()).hexdigest()[:12]
    corpus = Path(cache) / "corpora" / f"synthetic-{key}"
    if corpus.is_dir():
        return corpus
    per_word = dict.fromkeys(words, clips_per_word)
    per_word |= {word: max(FEWEST_CLIPS_PER_WORD, unknown_clips // len(unknown)) for word in unknown}
    clips = plan(per_word, accents, seed)
    try:
        with whole_folder(corpus) as folder:
            written = _speak_all(clips, unknown, accents[0], folder, seed, processes or os.cpu_count() or 1)
            _write_lists(clips, written, folder)
            (folder / "README").write_text(_readme(settings, clips, written, accents), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{corpus}: cannot be written: {error.strerror}; free some space there") from error
    return corpus


def synthetic_description(language: str = "en") -> str:
    """What a result on synthetic speech does and does not mean, for the log."""
    return (
        f"synthetic speech ({len(voices.accents(language))} accents x {len(voices.variants())} "
        "eSpeak NG voices, split by voice): good for proving the whole chain and for a first prototype. "
        "Its accuracy says how well the model tells these synthetic voices apart from their like, "
        "not how well it hears people; train with --data on recordings for that."
    )


def _check(words: Sequence[str], clips_per_word: int) -> None:
    if not words:
        raise UserError("there is no word to speak; pass --words yes,no (any number of words)")
    for word in words:
        if not word.isprintable() or word.startswith(("_", ".")) or "/" in word or "\\" in word:
            raise UserError(
                f"word {word!r} cannot name a folder of clips; expected letters, digits and spaces"
            )
    if clips_per_word < FEWEST_CLIPS_PER_WORD:
        raise UserError(
            f"{clips_per_word} clips per word are too few for three splits with both sexes; "
            f"expected {FEWEST_CLIPS_PER_WORD} or more"
        )


def _unknown_words(words: Sequence[str], language: str, asked: Sequence[str] | None) -> list[str]:
    """Unknown words in order, each once, without any that sounds like a wanted word."""
    if asked is not None:
        voices.check_speakable(asked, language, LONGEST_WORD_S)
    is_english = voices.accents(language)[0].split("-")[0] == "en"
    default = _ENGLISH_WORDS.split() if is_english else _NUMBERS_AND_LETTERS
    # The parts of a phrase must not set it off.
    parts = [part for word in words if len(word.split()) > 1 for part in word.split()]
    candidates = dict.fromkeys([*parts, *(default if asked is None else asked)])
    voices.set_voice(voices.accents(language)[0])
    wanted = {voices.phonemes(word) for word in words}
    limit = LONGEST_WORD_S * voices.sample_rate_hz()
    unknown = [
        word
        for word in candidates
        if word not in words and voices.phonemes(word) not in wanted and 0 < len(voices.speak(word)) <= limit
    ]
    if not unknown:
        raise UserError("no unknown word is left beside the wanted ones; name some that sound different")
    return unknown


def plan(clips_per_word: dict[str, int], accents: Sequence[str], seed: int) -> list[Clip]:
    """Who says what: every voice as often as any other of its sex, women and men in turn.

    A speaker is a family of variants; all its variants in all accents are in one split.
    """
    speakers = _split_speakers(seed)
    clips: list[Clip] = []
    for word_index, (word, count) in enumerate(clips_per_word.items()):
        rng = np.random.default_rng([seed, word_index])
        held_out = max(2, count // 10)
        numbers = itertools.count()
        for split in SPLITS:
            turns = [_endless(accents, variants, rng) for variants in speakers[split]]
            for turn in range(count - 2 * held_out if split == "training" else held_out):
                accent, variant = next(turns[turn % 2])
                file = f"{word}/{accent}+{variant.replace(' ', '-')}_nohash_{next(numbers)}.wav"
                clips.append(Clip(len(clips), word, accent, variant, file, split))
    return clips


def _split_speakers(seed: int) -> dict[str, tuple[list[str], list[str]]]:
    """Split → (women, men): names of the variants that speak in it."""
    rng = np.random.default_rng(seed)
    split: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in SPLITS}
    for sex, female in enumerate((True, False)):
        families = sorted({variant.family for variant in voices.variants() if variant.female == female})
        rng.shuffle(families)
        held_out = max(1, round(len(families) / 10))
        where = dict.fromkeys(families, "training")
        for position, name in enumerate(HELD_OUT_SPLITS):
            where |= dict.fromkeys(families[position * held_out :][:held_out], name)
        for variant in voices.variants():
            if variant.female == female:
                split[where[variant.family]][sex].append(variant.name)
    return split


def _endless(
    accents: Sequence[str], variants: Sequence[str], rng: np.random.Generator
) -> Iterator[tuple[str, str]]:
    pairs = list(itertools.product(accents, variants))
    if not pairs:
        raise ValueError("a split without a voice")  # it would turn in circles for ever
    while True:
        for position in rng.permutation(len(pairs)):
            yield pairs[position]


def _speak_all(
    clips: Sequence[Clip], unknown: Sequence[str], accent: str, folder: Path, seed: int, processes: int
) -> set[str]:
    """Speak every clip and the background into ``folder``; the files written."""
    for word in dict.fromkeys(clip.word for clip in clips):
        (folder / word).mkdir()
    (folder / BACKGROUND_FOLDER).mkdir()
    variants = sorted({clip.variant for clip in clips})
    shard_of = {variant: position % _SHARDS for position, variant in enumerate(variants)}
    shards: list[list[Clip]] = [[] for _ in range(_SHARDS)]
    for clip in clips:
        shards[shard_of[clip.variant]].append(clip)
    written: set[str] = set()
    # spawn: a fork would copy TensorFlow's threads; one task per child: eSpeak starts afresh.
    # Any number but 1 can hang (cpython issue 115634).
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(processes, context, max_tasks_per_child=1) as pool,
        console.progress("synthetic voices", len(clips)) as advance,
    ):
        talkers = sorted({clip.variant for clip in clips if clip.split == "training"})
        background = pool.submit(_write_background, unknown, accent, talkers, folder, seed)
        jobs = {pool.submit(_write_clips, shard, folder, seed): len(shard) for shard in shards}
        try:
            for job in as_completed(jobs):
                written |= set(job.result())
                advance(jobs[job])
            background.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return written


def _write_clips(clips: Sequence[Clip], folder: Path, seed: int) -> list[str]:
    """Speak and write one shard; the files written. Runs in a process of its own."""
    written = []
    for clip in clips:
        rng = np.random.default_rng([seed, clip.index])
        voices.set_voice(clip.accent, clip.variant)
        speech = _speak_to_fit(clip.word, rng)
        if speech is not None:
            samples = acoustics.record(speech, rng)
            (folder / clip.file).write_bytes(encode_wav(samples, SAMPLE_RATE_HZ))
            written.append(clip.file)
    return written


def _speak_to_fit(word: str, rng: np.random.Generator) -> NDArray[np.float32] | None:
    """The word at a random pace and pitch, faster if it must be; None if this voice cannot."""
    rate_wpm = rng.uniform(120, 220)
    pitch, pitch_range = rng.uniform(20, 85), rng.uniform(20, 90)
    # Playing a voice 6 % slower or faster lengthens or shortens its vocal tract as much.
    vocal_tract = rng.uniform(0.94, 1.06)
    for _ in range(3):
        speech = _resampled(voices.speak(word, rate_wpm, pitch, pitch_range), vocal_tract)
        too_long = len(speech) / (LONGEST_WORD_S * SAMPLE_RATE_HZ)
        if too_long <= 1:
            return speech
        rate_wpm = min(voices.RATE_WPM_MAX, rate_wpm * too_long * 1.05)
    return None


def _resampled(speech: NDArray[np.int16], speed: float = 1.0) -> NDArray[np.float32]:
    # Imported only where speech is made: the command line must start without it.
    import soxr  # type: ignore[import-untyped]

    rate_hz = voices.sample_rate_hz() * speed
    # "MQ" is 16-bit quality; the default costs four times as much for bits that no clip keeps.
    resampled = soxr.resample(speech.astype(np.float32), rate_hz, SAMPLE_RATE_HZ, quality="MQ")
    return np.asarray(resampled, dtype=np.float32)


def _write_background(
    unknown: Sequence[str], accent: str, talkers: Sequence[str], folder: Path, seed: int
) -> None:
    """A minute each of noises, and of many training voices talking at once."""
    rng = np.random.default_rng([seed, len(unknown)])
    noises = acoustics.background_noises(rng)
    count = acoustics.NOISE_SECONDS * SAMPLE_RATE_HZ
    crowd = np.zeros(count)
    for talker in rng.permutation(np.array(talkers))[:_BABBLE_STREAMS]:
        voices.set_voice(accent, str(talker))
        spoken: list[NDArray[np.float32]] = []
        while sum(map(len, spoken)) < count:
            sentence = " ".join(rng.permutation(np.array(unknown))[:20])
            spoken.append(_resampled(voices.speak(sentence, rng.uniform(140, 200), rng.uniform(30, 70))))
        stream = np.concatenate(spoken)[:count]
        crowd += stream / max(float(np.abs(stream).max()), 1) * rng.uniform(0.3, 1)
    noises["babble"] = acoustics.at_level(crowd, 2500)
    for name, samples in noises.items():
        path = folder / BACKGROUND_FOLDER / f"{name}.wav"
        path.write_bytes(encode_wav(samples, SAMPLE_RATE_HZ))


def _write_lists(clips: Sequence[Clip], written: set[str], folder: Path) -> None:
    for split in HELD_OUT_SPLITS:
        files = sorted(clip.file for clip in clips if clip.split == split and clip.file in written)
        (folder / SPLIT_LISTS[split]).write_text("".join(f"{file}\n" for file in files), encoding="utf-8")


def _readme(
    settings: dict[str, object], clips: Sequence[Clip], written: set[str], accents: Sequence[str]
) -> str:
    speakers = {
        name: sum(map(len, sexes)) for name, sexes in _split_speakers(int(str(settings["seed"]))).items()
    }
    return (
        "Synthetic speech, not recordings of people. Made by Earshot (train/synthetic.py)\n"
        f"with eSpeak NG {settings['espeak_ng']}; accents: {', '.join(accents)}.\n\n"
        f"{len(written)} clips of one second, 16 kHz, 16-bit mono; {len(clips) - len(written)} planned ones\n"
        f"left out because their voice cannot say the word in {LONGEST_WORD_S} s.\n"
        f"Voices per split: {', '.join(f'{name} {count}' for name, count in speakers.items())}. "
        "No voice is in two splits,\nin any accent. Recordings were imitated by random pace, pitch, "
        "room, microphone, loudness and noise floor.\n\n"
        f"Settings: {json.dumps(settings, indent=2, ensure_ascii=False)}\n"
    )
