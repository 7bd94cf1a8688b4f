"""A corpus of synthetic speech: any words, by many voices, in the Speech Commands layout.

Who speaks what is planned first (``train.synth.clip_plan``), then spoken in shards. Each shard is a fresh
process with a fixed list of clips, because eSpeak's state cannot be reset (train/synth/espeak.py):
so the bytes depend on the settings alone, not on how many processes worked.
"""

import functools
import hashlib
import itertools
import json
from collections.abc import Sequence
from concurrent.futures import as_completed
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.audio.wav import encode_wav
from train.core import console
from train.core.errors import UserError
from train.core.layout import BACKGROUND_FOLDER, SPLIT_LISTS, TRAINING, fault_of_word
from train.core.outputs import whole_folder
from train.core.terminal import interrupts
from train.settings.job import SYNTHETIC_CLIPS
from train.synth import acoustics, espeak, lexicon, noises, other_tts, timbre
from train.synth.acoustics import SAMPLE_RATE_HZ
from train.synth.clip_plan import (
    FEWEST_CLIPS_PER_WORD,
    HELD_OUT_SPLITS,
    PlannedClip,
    kept_folders,
    plan,
    plan_programs,
    split_speakers,
    unknown_counts,
)
from train.synth.other_tts import ProgramVoice

GENERATOR_VERSION = 4  # raise it when the same settings would give other bytes
UNKNOWN_CLIPS_PER_CLIP = 2.4  # of a wanted word

_SHARDS = 12
_BABBLE_STREAMS = 8

LARGEST_SHARE = 0.95  # of a clip that a word may take
_RUNNING_WPM = 120  # nobody speaks on more slowly
_INTONATIONS = ("", "", "!", "?")


def generate(
    words: Sequence[str],
    cache: Path,
    *,
    seed: int,
    language: str = "en",
    clip_duration_ms: int = 1000,
    clips_per_word: int = SYNTHETIC_CLIPS,
    unknown_words: Sequence[str] | None = None,
    unknown_clips: int | None = None,
    running_speech: bool = False,
    processes: int | None = None,
) -> Path:
    """Folder of the synthetic corpus for these settings, made now unless it is there already.

    Args:
        words: to be spotted; phrases such as "hey robot" are fine.
        seed: same seed and settings, same bytes.
        language: an eSpeak code; every accent of it is used ("en": eight), and foreign ones.
        clip_duration_ms: what a word has to fit into.
        clips_per_word: of each word, a tenth each for validation and testing.
        unknown_words: spoken besides; by default common English words, or numbers and letters
            in other languages, and made-up words and near misses (``train.synth.lexicon``).
        unknown_clips: of all unknown words together, or ten of each if that is more; None: 2.4 times
            ``clips_per_word``. A small number is shared by fewer of the default words.
        running_speech: a third of the unknown clips are parts of it.
        processes: how many work at once; by default one per core. Does not change the bytes.
    Returns:
        ``cache/corpora/synthetic-<hash>``: 16 kHz 16-bit mono clips, split by voice.
    Raises:
        UserError: a language eSpeak does not speak, a word it cannot say in a clip,
            too few clips, no room on the disk.
    """
    _check(words, clips_per_word)
    if unknown_clips is None:
        unknown_clips = round(UNKNOWN_CLIPS_PER_CLIP * clips_per_word)
    accents = espeak.accents(language)
    longest_s = LARGEST_SHARE * clip_duration_ms / 1000
    espeak.check_speakable([*words, *(unknown_words or ())], language, longest_s)

    def kept(folders: Sequence[str]) -> Sequence[str]:
        return kept_folders(folders, words, unknown_clips) if unknown_words is None else folders

    unknown = lexicon.unknown(words, accents, unknown_words, seed, longest_s, kept, running_speech)
    programs = other_tts.installed_voices(language)
    settings = {
        "generator": GENERATOR_VERSION,
        "espeak_ng": espeak.version(),
        "language": language,
        "words": list(words),
        "unknown_words": list(unknown),
        "clips_per_word": clips_per_word,
        "unknown_clips": unknown_clips,
        "clip_duration_ms": clip_duration_ms,
        "seed": seed,
        "programs": [program.name for program in programs],
    }
    key = hashlib.sha256(json.dumps(settings, ensure_ascii=False).encode()).hexdigest()[:12]
    corpus = Path(cache) / "corpora" / f"synthetic-{key}"
    if corpus.is_dir():
        return corpus
    close = lexicon.close_to(words, list(unknown), accents)
    counts = dict.fromkeys(words, clips_per_word)
    counts |= unknown_counts(list(unknown), words, unknown_clips, close)
    clips = plan(lexicon.wanted(words, accents) | unknown, counts, accents, seed)
    if programs:
        console.log(f"speaking beside eSpeak NG: {', '.join(program.name for program in programs)}")
        clips += plan_programs(clips, words, programs, seed)
    try:
        with whole_folder(corpus) as folder:
            written = _speak_all(clips, accents[0], folder, seed, clip_duration_ms, processes)
            _write_lists(clips, written, folder)
            (folder / "README").write_text(_readme(settings, clips, written, accents), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{corpus}: cannot be written: {error.strerror}; free some space there") from error
    return corpus


def synthetic_description(language: str = "en") -> str:
    """What a result on synthetic speech does and does not mean, for the log."""
    return (
        f"synthetic speech ({len(espeak.accents(language))} accents x {len(espeak.variants())} "
        "eSpeak NG voices, split by voice): good for proving the whole chain and for a first prototype. "
        "Its accuracy says how well the model tells these synthetic voices apart from their like, "
        "not how well it hears people; train with --data on recordings for that."
    )


def _check(words: Sequence[str], clips_per_word: int) -> None:
    if not words:
        raise UserError("there is no word to speak; pass --words yes,no (any number of words)")
    for word in words:
        if fault := fault_of_word(word):
            raise UserError(f"{word!r} cannot be a word: {fault}")
    if clips_per_word < FEWEST_CLIPS_PER_WORD:
        raise UserError(
            f"{clips_per_word} clips per word are too few for three splits with both sexes; "
            f"expected {FEWEST_CLIPS_PER_WORD} or more (--synthetic-clips)"
        )


def _speak_all(
    clips: Sequence[PlannedClip], accent: str, folder: Path, seed: int, clip_ms: int, processes: int | None
) -> set[str]:
    """Speak every clip and the background into ``folder``; the files written."""
    for word in dict.fromkeys(clip.word for clip in clips):
        (folder / word).mkdir()
    (folder / BACKGROUND_FOLDER).mkdir()
    by_espeak = [clip for clip in clips if clip.program is None]
    variants = sorted({clip.variant for clip in by_espeak})
    shard_of = {variant: position % _SHARDS for position, variant in enumerate(variants)}
    shards: list[list[PlannedClip]] = [[] for _ in range(_SHARDS)]
    for clip in by_espeak:
        shards[shard_of[clip.variant]].append(clip)
    others = itertools.groupby((clip for clip in clips if clip.program), lambda clip: clip.program)
    shards += [list(spoken) for _, spoken in others]
    written: set[str] = set()
    with (
        espeak.fresh_processes("speaking clips", processes) as pool,
        console.progress("synthetic voices", len(clips)) as advance,
    ):
        trained = [clip for clip in by_espeak if clip.split == TRAINING]
        talkers, spoken = sorted({clip.variant for clip in trained}), sorted({clip.text for clip in trained})
        with interrupts.kept_from_children():
            background = pool.submit(_write_background, spoken, accent, talkers, folder, seed)
            jobs = {pool.submit(_write_clips, shard, folder, seed, clip_ms): len(shard) for shard in shards}
        for job in as_completed(jobs):
            written |= set(job.result())
            advance(jobs[job])
        background.result()
    return written


def _write_clips(clips: Sequence[PlannedClip], folder: Path, seed: int, clip_ms: int) -> list[str]:
    """Speak and write one shard; the files written. Runs in a process of its own."""
    written = []
    clip_samples = clip_ms * SAMPLE_RATE_HZ // 1000
    longest_samples = int(LARGEST_SHARE * clip_samples)
    for clip in clips:
        rng = np.random.default_rng([seed, clip.index])
        if clip.program is not None:
            speech = _said_by_program(clip.program, clip.text, longest_samples, rng)
        else:
            espeak.set_voice(clip.accent, clip.variant)
            if clip.word == lexicon.RUNNING:
                speech = _part_of_speech(clip.text, clip_samples, rng)
            else:
                speech = speak_to_fit(clip.text, longest_samples, rng)
        if speech is not None:
            samples = acoustics.record(timbre.another_mouth(speech, rng), rng, clip_samples)
            (folder / clip.file).write_bytes(encode_wav(samples, SAMPLE_RATE_HZ))
            written.append(clip.file)
    return written


def _part_of_speech(text: str, clip_samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """What a clip holds of a text that is longer, from anywhere in it."""
    rate_wpm, pitch, pitch_range = _manner(rng)
    rate_hz = espeak.sample_rate_hz() * timbre.vocal_tract(rng)
    speech = acoustics.resampled(espeak.speak(text, max(_RUNNING_WPM, rate_wpm), pitch, pitch_range), rate_hz)
    start = int(rng.integers(max(1, len(speech) - clip_samples)))
    return speech[start : start + clip_samples]


def _manner(rng: np.random.Generator) -> tuple[float, float, float]:
    """Words a minute, pitch and its range."""
    return acoustics.log_uniform(rng, 85, 220), rng.uniform(15, 90), rng.uniform(10, 95)


def speak_to_fit(text: str, longest_samples: int, rng: np.random.Generator) -> NDArray[np.float32] | None:
    """The text at a random pace and pitch, faster if it must be; None if the chosen voice cannot.

    Returns:
        (samples,) float32 at 16 kHz, at most ``longest_samples``.
    """
    text += str(rng.choice(_INTONATIONS))
    rate_wpm, pitch, pitch_range = _manner(rng)
    rate_hz = espeak.sample_rate_hz() * timbre.vocal_tract(rng)
    for _ in range(3):
        speech = acoustics.resampled(espeak.speak(text, rate_wpm, pitch, pitch_range), rate_hz)
        too_long = len(speech) / longest_samples
        if len(speech) and too_long <= 1:
            return speech
        rate_wpm = min(espeak.RATE_WPM_MAX, rate_wpm * too_long * 1.05)
    return None


def _said_by_program(
    program: ProgramVoice, text: str, longest_samples: int, rng: np.random.Generator
) -> NDArray[np.float32] | None:
    """The text by another program; None if it fails or takes too long."""
    said = _program_says(program, text)
    if said is None:
        return None
    samples, rate_hz = said
    speech = acoustics.resampled(espeak.trimmed(samples, rate_hz), rate_hz * timbre.vocal_tract(rng))
    return speech if 0 < len(speech) <= longest_samples else None


# A program says each text once; its clips differ by all that comes after.
_program_says = functools.cache(other_tts.speak)


def _write_background(
    texts: Sequence[str], accent: str, talkers: Sequence[str], folder: Path, seed: int
) -> None:
    """A minute each of noises, and of many training voices talking at once."""
    rng = np.random.default_rng([seed, len(texts)])
    background = noises.background_noises(rng)
    count = noises.NOISE_SECONDS * SAMPLE_RATE_HZ
    crowd = np.zeros(count)
    for talker in rng.permutation(np.array(talkers))[:_BABBLE_STREAMS]:
        espeak.set_voice(accent, str(talker))
        spoken: list[NDArray[np.float32]] = []
        while sum(map(len, spoken)) < count:
            sentence = " ".join(rng.permutation(np.array(texts))[:20])
            speech = espeak.speak(sentence, rng.uniform(140, 200), rng.uniform(30, 70))
            spoken.append(acoustics.resampled(speech, espeak.sample_rate_hz()))
        stream = np.concatenate(spoken)[:count]
        crowd += stream / max(float(np.abs(stream).max()), 1) * rng.uniform(0.3, 1)
    background["babble"] = noises.at_level(crowd, -24)
    for name, samples in background.items():
        path = folder / BACKGROUND_FOLDER / f"{name}.wav"
        path.write_bytes(encode_wav(samples, SAMPLE_RATE_HZ))


def _write_lists(clips: Sequence[PlannedClip], written: set[str], folder: Path) -> None:
    for split in HELD_OUT_SPLITS:
        files = sorted(clip.file for clip in clips if clip.split == split and clip.file in written)
        (folder / SPLIT_LISTS[split]).write_text("".join(f"{file}\n" for file in files), encoding="utf-8")


def _readme(
    settings: dict[str, object], clips: Sequence[PlannedClip], written: set[str], accents: Sequence[str]
) -> str:
    speakers = {
        name: sum(map(len, sexes)) for name, sexes in split_speakers(int(str(settings["seed"]))).items()
    }
    return (
        "Synthetic speech, not recordings of people. Made by Earshot (train/synth/generate.py)\n"
        f"with eSpeak NG {settings['espeak_ng']}; accents: {', '.join(accents)}; and foreign ones.\n\n"
        f"{len(written)} clips, 16 kHz, 16-bit mono; {len(clips) - len(written)} planned ones\n"
        "left out because their voice cannot say the word in a clip.\n"
        f"Voices per split: {', '.join(f'{name} {count}' for name, count in speakers.items())}. "
        "No voice is in two splits,\nin any accent. Recordings were imitated by random pace, pitch, "
        "formants, breath, room, microphone,\nloudness, noise floor and codec (docs/SYNTHETIC.md).\n\n"
        f"Settings: {json.dumps(settings, indent=2, ensure_ascii=False)}\n"
    )
