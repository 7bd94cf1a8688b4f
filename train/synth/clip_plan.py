"""Who says what in a synthetic corpus: the plan of its clips, split by voice."""

import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from train.core.layout import SPLIT_LISTS, SPLITS, TRAINING
from train.synth import espeak, lexicon
from train.synth.lexicon import Utterance
from train.synth.other_tts import ProgramVoice

FEWEST_CLIPS_PER_WORD = 10
_FEWEST_FOLDERS = 20  # of unknown words: a network that knows but a few tells nothing else from the wanted
HELD_OUT_SPLITS = tuple(SPLIT_LISTS)  # a tenth of the speakers and of the clips each

_FOREIGN_SHARE = 0.35  # of clips, where a foreign accent has all sounds
# Of the unknown clips; common words have the rest.
_MADE_UP_SHARE, _NEAR_MISS_SHARE, _HALVES_SHARE, _RUNNING_SHARE = 0.2, 0.12, 0.12, 0.35
_CLOSE_WEIGHT = 4  # of a common word that is one sound away from a wanted one, as against another
_PROGRAM_SHARE = 0.25  # clips of other programs, in parts of eSpeak's for training
_PROGRAM_WORDS = 60  # unknown ones that each of their voices says; starting a program takes time


@dataclass(frozen=True)
class PlannedClip:
    """One clip to be made: who says what, and the file it goes to (relative to the corpus)."""

    index: int
    word: str
    text: str  # what eSpeak is given: the word, or sounds
    accent: str
    variant: str
    file: str
    split: str
    program: ProgramVoice | None = None  # that speaks instead of eSpeak


def kept_folders(folders: Sequence[str], words: Sequence[str], clips: int) -> list[str]:
    """As many unknown folders as can have ten of these clips each, but no fewer than twenty.

    Made-up words, near misses and the parts of wanted phrases stay; common words are taken from
    everywhere in the list.
    """
    parts = {part for word in words for part in word.split()}
    special = [folder for folder in folders if lexicon.is_made_for_training(folder) or folder in parts]
    common = [folder for folder in folders if folder not in special]
    wanted = max(1, max(_FEWEST_FOLDERS, clips // FEWEST_CLIPS_PER_WORD) - len(special))
    if wanted >= len(common):
        return list(folders)
    return [common[place * len(common) // wanted] for place in range(wanted)] + special


def unknown_counts(
    folders: Sequence[str], words: Sequence[str], clips: int, close: Collection[str] = ()
) -> dict[str, int]:
    """Unknown folder → clips, of ``clips`` together or the fewest that a folder can have.

    Args:
        close: folders of common words that are one sound away from a wanted one.
    """
    shares = {
        lexicon.MADE_UP: _MADE_UP_SHARE,
        lexicon.HALVES: _HALVES_SHARE,
        lexicon.RUNNING: _RUNNING_SHARE,
    }
    shares |= {lexicon.near(word): _NEAR_MISS_SHARE / len(words) for word in words}
    weights = {folder: _CLOSE_WEIGHT if folder in close else 1 for folder in folders if folder not in shares}
    rest = 1 - sum(share for folder, share in shares.items() if folder in folders)
    shares |= {folder: rest * weight / sum(weights.values()) for folder, weight in weights.items()}
    return {folder: max(FEWEST_CLIPS_PER_WORD, int(clips * shares[folder])) for folder in folders}


def plan(
    script: dict[str, list[Utterance]], counts: dict[str, int], accents: Sequence[str], seed: int
) -> list[PlannedClip]:
    """Who says what: every voice as often as any other of its sex, women and men in turn.

    A speaker is a family of variants; all its variants in all accents are in one split.

    Args:
        script: folder → what is said in it, in turn.
        counts: folder → clips.
    """
    speakers = split_speakers(seed)
    clips: list[PlannedClip] = []
    for folder_index, (folder, utterances) in enumerate(script.items()):
        rng = np.random.default_rng([seed, folder_index])
        held_out = max(2, counts[folder] // 10)
        numbers = itertools.count()
        for split in SPLITS:
            turns = [_endless(accents, variants, rng) for variants in speakers[split]]
            for turn in range(counts[folder] - 2 * held_out if split == TRAINING else held_out):
                number = next(numbers)
                accent, variant = next(turns[turn % 2])
                utterance = utterances[number % len(utterances)]
                text = utterance.text
                if utterance.foreign_accents and rng.random() < _FOREIGN_SHARE:
                    accent, text = str(rng.choice(utterance.foreign_accents)), utterance.spelled
                file = f"{folder}/{accent}+{variant.replace(' ', '-')}_nohash_{number}.wav"
                clips.append(PlannedClip(len(clips), folder, text, accent, variant, file, split))
    return clips


def plan_programs(
    clips: Sequence[PlannedClip], words: Sequence[str], programs: Sequence[ProgramVoice], seed: int
) -> list[PlannedClip]:
    """Clips of other programs, for training: of each wanted word as many by every voice, and unknown ones."""
    rng = np.random.default_rng([seed, len(clips)])
    trained = [clip for clip in clips if clip.split == TRAINING]
    counts = Counter(clip.word for clip in trained if not lexicon.is_made_for_training(clip.word))
    unknown = sorted(counts.keys() - set(words))
    unknown_clips = sum(clip.word not in words for clip in trained)
    planned: list[PlannedClip] = []
    for program in programs:
        said = [unknown[place] for place in rng.permutation(len(unknown))[:_PROGRAM_WORDS]]
        clips_of = {word: counts[word] for word in words} | dict.fromkeys(said, unknown_clips // len(said))
        for word, count in clips_of.items():
            for number in range(max(1, round(_PROGRAM_SHARE * count / len(programs)))):
                file = f"{word}/{program.name}_nohash_{number}.wav"
                index = len(clips) + len(planned)
                planned.append(PlannedClip(index, word, word, "", program.name, file, TRAINING, program))
    return planned


def split_speakers(seed: int) -> dict[str, tuple[list[str], list[str]]]:
    """Split → (women, men): names of the variants that speak in it."""
    rng = np.random.default_rng(seed)
    split: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in SPLITS}
    for sex, female in enumerate((True, False)):
        families = sorted({variant.family for variant in espeak.variants() if variant.female == female})
        rng.shuffle(families)
        held_out = max(1, round(len(families) / 10))
        where = dict.fromkeys(families, "training")
        for position, name in enumerate(HELD_OUT_SPLITS):
            where |= dict.fromkeys(families[position * held_out :][:held_out], name)
        for variant in espeak.variants():
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
