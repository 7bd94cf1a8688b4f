"""Who speaks in a clip, as far as its name tells, and which split that puts it into."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from train.core.layout import SPEAKER_END, TESTING, TRAINING, VALIDATION, as_seen, natural_order

_WHAT_FOR = {TRAINING: "to train on", VALIDATION: "to choose by", TESTING: "to test on"}
_MAX_HASH = 2**27 - 1
_FEWEST_SPEAKERS = 5  # to keep some of them for validation and testing
_FEW_SPEAKERS = 20  # of more, none is both trained and tested on
_FEWEST_CLIPS = 10  # of a word that decides, where no words are asked for
# Behind the name of a speaker or a word: a number, or a mark of a copy.
_TAKE = re.compile(r"[\s,:;()\[\]#~+]*(?:\d+|\b(?:kopie|copy|copia|copie|take|sec|ms))[\s,:;()\[\]#~+]*$")
# What recorders call their files in place of a name.
_RECORDERS = """
new neue neuer neues aufnahme aufnahmen aufzeichnung recording recordings rec record audio voice memo memos
sprachmemo sprachaufnahme sample samples clip clips take takes track sound sounds untitled unbenannt wav mp3
file datei ptt nouvel nouvelle enregistrement grabación grabacion nueva nuevo nuova registrazione zoom tascam
dictaphone diktat my mein meine of the no nr número segment chunk part output out
"""
_NO_NAMES = frozenset(_RECORDERS.split())
_SPEAKER_NUMBER = re.compile(
    r"(?:speaker|spk|sprecher|sprecherin|person|subject|proband|participant|user|id|locuteur|hablante|s)"
    r" ?\d+$"
)
_HEX = re.compile(r"(?=.*[a-f])[0-9a-f-]{8,}$")  # a hash that stands for a name


@dataclass(frozen=True)
class Named:
    """A clip by its names: the word, the folders within the word's, and the file."""

    word: str
    folders: tuple[str, ...]
    file: str


@dataclass(frozen=True)
class Division:
    """Who says each clip, its split, and how that was found.

    Attributes:
        rule: "lists", "folders", "hash", "speakers" or "takes".
        note: what that means for the figures of a run; "" where nothing is to be said.
    """

    speakers: tuple[str, ...]
    splits: tuple[str, ...]
    rule: str
    note: str = ""


def speaker_of(name: str) -> str:
    """The speaker that a file name of Speech Commands tells; the whole name where it tells none."""
    return re.sub(rf"{SPEAKER_END}.*$", "", name)


def which_set(name: str, validation_percentage: float, testing_percentage: float) -> str:
    """The split of a clip by the hash of its speaker.

    Everything from ``_nohash_`` on is left out, so that a speaker stays on one side and
    a growing corpus never moves a clip.

    Args:
        name: file name, with or without folders.
    Source:
        SHA-1 rule of TensorFlow's speech_commands ``input_data.which_set``.
    """
    percentage = _percentage(speaker_of(name.rsplit("/", 1)[-1]))
    if percentage < validation_percentage:
        return VALIDATION
    if percentage < validation_percentage + testing_percentage:
        return TESTING
    return TRAINING


def _percentage(speaker: str) -> float:
    digest = int(hashlib.sha1(speaker.encode("utf-8", "surrogateescape")).hexdigest(), 16)
    return float((digest % (_MAX_HASH + 1)) * (100.0 / _MAX_HASH))


def divide(
    clips: Sequence[Named],
    words: Sequence[str],
    validation_percentage: float,
    testing_percentage: float,
    corpus: str,
) -> Division:
    """Speakers and splits of a corpus without lists.

    The hash rule decides, as far as it leaves clips of each word in each split, and enough to train on. Where
    it does not, there are few speakers: some of them are held out, or, of fewer, the last takes.

    Args:
        words: that are to be spotted; none: all with some clips decide.
        corpus: stands for a speaker whom nothing names.
    """
    speakers, are_known = name_speakers(clips, corpus)
    percentages = (validation_percentage, testing_percentage)
    note = "" if are_known else (
        "file names do not say who speaks, so each counts as a speaker of its own, and one voice may be both "
        "trained and tested on; word/speaker/1.wav or <speaker>_nohash_1.wav tells"
    )  # fmt: skip
    by_hash = [
        which_set(clip.file if SPEAKER_END in clip.file or not are_known else speaker, *percentages)
        for clip, speaker in zip(clips, speakers, strict=True)
    ]
    count = len({who for who, clip in zip(speakers, clips, strict=True) if not words or clip.word in words})
    # Names of Speech Commands mean its rule; elsewhere, two or three people would leave one to train on.
    is_official = all(SPEAKER_END in clip.file for clip in clips)
    is_enough = is_official or (count >= _FEWEST_SPEAKERS and _leaves_enough(by_hash, percentages))
    if (
        count == 0
        or (is_official and not words)
        or (is_enough and _is_complete(clips, by_hash, words, percentages))
    ):
        return Division(tuple(speakers), tuple(by_hash), "hash", note)
    if count >= _FEWEST_SPEAKERS:
        held_out = _hold_out(speakers, percentages)
        splits = [held_out.get(speaker, TRAINING) for speaker in speakers]
        if _is_complete(clips, splits, words, percentages):
            few = f"{count} speakers are few: the figures hang on the ones that happen to be tested on"
            return Division(tuple(speakers), tuple(splits), "speakers", note or few)
    splits = _by_takes(clips, speakers, percentages)
    if (are_known and count > _FEW_SPEAKERS) or not _is_complete(clips, splits, words, percentages):
        return Division(tuple(speakers), tuple(by_hash), "hash", note)
    if not are_known:
        return Division(tuple(speakers), tuple(splits), "takes", note)
    who = "one speaker" if count == 1 else f"{count} speakers only"
    whom = "that person" if count == 1 else "these people"
    said = [split for clip, split in zip(clips, splits, strict=True) if not words or clip.word in words]
    counts = ", ".join(f"{said.count(split)} {does}" for split, does in _WHAT_FOR.items())
    note = (
        f"{who}: the last takes of each word are tested on ({counts}), so the figures say how well it works "
        f"for {whom}, not for others"
    )
    return Division(tuple(speakers), tuple(splits), "takes", note)


def name_speakers(clips: Sequence[Named], corpus: str) -> tuple[list[str], bool]:
    """The speaker of each clip, and whether names tell.

    In this order: ``<speaker>_nohash_<n>``; the folder within the word's folder; what is left of the name
    without the word, numbers and what recorders write, if that tells several clips of a word to be takes of
    one speaker. Where nothing tells, each file is a speaker of its own.
    """
    rest = [clip for clip in clips if SPEAKER_END not in clip.file and not clip.folders]
    left = {clip: _without_take(clip) for clip in rest}
    takes = Counter((clip.word, left[clip]) for clip in rest)
    in_takes = sum(count for count in takes.values() if count > 1)
    are_takes = 2 * in_takes >= len(rest) > 0

    def speaker(clip: Named) -> str:
        if SPEAKER_END in clip.file:
            return speaker_of(clip.file)
        if clip.folders:
            return as_seen(clip.folders[0])
        return (left[clip] or corpus) if are_takes else clip.file

    are_known = are_takes or 2 * len(rest) < len(clips) or len({clip.file for clip in rest}) < len(rest)
    return [speaker(clip) for clip in clips], are_known


def _without_take(clip: Named) -> str:
    """What is left of a name without what tells takes, words and recorders: the speaker, or nothing."""
    stem = as_seen(re.sub(r"\.[^.\s]{1,5}$", "", clip.file))
    if _HEX.match(stem):
        return stem
    word = rf"(?:^|(?<=[\W\d])){re.escape(_spaced(as_seen(clip.word)))}(?=$|[\W\d])"
    stem = _spaced(re.sub(word, " ", _spaced(stem)))
    while not _SPEAKER_NUMBER.match(stem) and (shorter := _TAKE.sub("", stem)) != stem:
        stem = shorter
    return " ".join(part for part in stem.split() if part not in _NO_NAMES and not part.isdigit())


def _spaced(name: str) -> str:
    """The parts of a name, a space between them."""
    return " ".join(re.split(r"[\s_.-]+", name)).strip()


def _is_complete(
    clips: Sequence[Named], splits: Sequence[str], words: Iterable[str], percentages: tuple[float, float]
) -> bool:
    """Whether each word has clips in each split that is to have some."""
    needed = [TRAINING]
    needed += [split for split, share in zip((VALIDATION, TESTING), percentages, strict=True) if share > 0]
    have = set(zip((clip.word for clip in clips), splits, strict=True))
    counts = Counter(clip.word for clip in clips)
    deciding = [word for word in words if counts[word]] or [
        word for word, count in counts.items() if count >= _FEWEST_CLIPS
    ]
    return all((word, split) in have for word in deciding for split in needed)


def _leaves_enough(splits: Sequence[str], percentages: tuple[float, float]) -> bool:
    """Whether no more than twice the share that was asked for is held out; of six speakers, five can be."""
    return 100 * sum(split != TRAINING for split in splits) <= 2 * sum(percentages) * len(splits)


def _hold_out(speakers: Iterable[str], percentages: tuple[float, float]) -> dict[str, str]:
    """The speakers of validation and testing: those of the lowest hashes, at least one for each."""
    in_order = sorted(set(speakers), key=lambda speaker: (_percentage(speaker), speaker))
    held_out: dict[str, str] = {}
    for split, share in zip((VALIDATION, TESTING), percentages, strict=True):
        count = max(1, round(len(in_order) * share / 100)) if share > 0 else 0
        held_out |= dict.fromkeys(in_order[len(held_out) :][:count], split)
    return held_out


def _by_takes(clips: Sequence[Named], speakers: Sequence[str], percentages: tuple[float, float]) -> list[str]:
    """The last takes of each word for testing, those before them for validation, as names count them."""
    takes: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, (clip, speaker) in enumerate(zip(clips, speakers, strict=True)):
        takes[clip.word, speaker].append(index)
    place: dict[int, float] = {}  # 0 to 1: of a clip among the takes of its word by its speaker
    for indices in takes.values():
        indices.sort(key=lambda index: natural_order("/".join((*clips[index].folders, clips[index].file))))
        place |= {index: (number + 1) / len(indices) for number, index in enumerate(indices)}
    of_word: dict[str, list[int]] = defaultdict(list)
    for index, clip in enumerate(clips):
        of_word[clip.word].append(index)
    splits = [TRAINING] * len(clips)
    for indices in of_word.values():
        last_first = sorted(indices, key=lambda index: (-place[index], index))
        done = 0
        for split, share in ((TESTING, percentages[1]), (VALIDATION, percentages[0])):
            count = max(1, round(len(indices) * share / 100)) if share > 0 else 0
            for index in last_first[done : done + count]:
                splits[index] = split
            done += count
    return splits
