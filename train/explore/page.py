"""What was found out about a corpus as one HTML page, which asks the network for nothing."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from markupsafe import Markup

from train.core import runfolder
from train.core.console import log
from train.core.installation import earshot_version
from train.core.layout import SPLITS
from train.data.corpus import Clip
from train.data.sources import Source
from train.explore.baseline_task import Comparison
from train.explore.clip_pictures import Card, card
from train.explore.clip_stats import QUIET_DB, Sound
from train.explore.corpus_stats import Survey
from train.explore.duplicates import Duplicates
from train.explore.label_errors import Doubt
from train.report import page, plots
from train.report.page import SPACE, count, seconds

# Clips with pictures and sound: 40 kB each with waveform and mel bands, 60 kB with all pictures.
_SAMPLE_CLIPS, _DOUBTFUL_CLIPS, _FAULTY_CLIPS, _DUPLICATE_GROUPS = 40, 32, 8, 8
_UNFOLDED_CLIPS = 10  # of a gallery, the rest is seen once it is asked for
_MOST_SAMPLES_OF_A_WORD = 4
_LISTED = 200  # further names, without pictures


@dataclass(frozen=True)
class Making:
    """How the page came to be."""

    command: str
    duration_s: float
    mark: str  # by which the command knows the page again


@dataclass(frozen=True)
class Gallery:
    """Clips of one kind: how many there are, the first of them as cards, more of them as lines.

    ``none``: what is said where there are none.
    """

    id: str
    title: str
    about: str
    none: str
    total: int
    cards: tuple[Card, ...]
    lines: tuple[str, ...] = ()

    @property
    def first(self) -> tuple[Card, ...]:
        """What is seen at once."""
        return self.cards[:_UNFOLDED_CLIPS]

    @property
    def folded(self) -> tuple[Card, ...]:
        """What is seen once it is asked for."""
        return self.cards[_UNFOLDED_CLIPS:]


def write_page(
    path: Path, source: Source, survey: Survey, making: Making, compared: Comparison | None = None
) -> None:
    """Draw the pictures and write the page, whole or not at all; without baselines, no word of them."""
    log("drawing clips")
    corpus = survey.corpus
    duration_s = sum(clip.samples for clip in corpus.clips) / survey.job.front_end.sample_rate_hz
    galleries = _galleries(survey)
    figures, constants = _figures(survey)
    content = page.template("explore.html.j2").render(
        source=source,
        corpus=corpus,
        splits=[split for split in SPLITS if any(clip.split == split for clip in corpus.clips)],
        words=_word_rows(survey),
        speakers={split: _speakers(corpus.clips, split) for split in SPLITS} | {"": _speakers(corpus.clips)},
        torn=survey.torn_speakers(),
        split_rule=page.split_rule(corpus.split_rule),
        changed=page.changed(corpus.converted, corpus.repaired),
        duration_s=duration_s,
        figures={name: Markup(plots.svg(figure)) for name, figure in figures.items()},
        constants=constants,
        compared=compared,
        judged=survey.judged,
        galleries=[gallery for gallery in galleries if gallery.total],
        nothing=[gallery.none for gallery in galleries if not gallery.total],
        balance=survey.balance,
        labels=_wanted_first(survey, survey.balance[0].before) if survey.balance else [],
        strips=_strips(survey),
        words_given=bool(survey.job.words),
        skipped=page.by_reason(corpus.skipped),
        making=making,
        facts=_facts(survey, making, compared),
    )
    runfolder.write_text(path, content)


def _speakers(clips: Iterable[Clip], split: str = "") -> int:
    return len({clip.speaker for clip in clips if split in ("", clip.split)})


def _wanted_first(survey: Survey, words: Iterable[str]) -> list[str]:
    """Words of ``--words`` in the order of the flag, then the others as they come."""
    wanted = {word: place for place, word in enumerate(survey.job.words)}
    return sorted(words, key=lambda word: wanted.get(word, len(wanted)))


def _word_rows(survey: Survey) -> list[dict[str, Any]]:
    """A row of each word: clips by split, their share of the longest row, speakers, share heard right."""
    clips = survey.corpus.clips
    longest = max(survey.corpus.words.values())
    speakers: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        speakers[clip.word].add(clip.speaker)
    by_split = Counter((clip.word, clip.split) for clip in clips)
    doubted = (
        Counter(clips[doubt.index].word for doubt in survey.judged.doubts) if survey.judged else Counter()
    )
    totals = survey.corpus.words
    return [
        {
            "word": word,
            "clips": totals[word],
            "by_split": {split: by_split[word, split] for split in SPLITS},
            "shares": {split: by_split[word, split] / longest for split in SPLITS},
            "speakers": len(speakers[word]),
            "heard": 1 - doubted[word] / totals[word] if survey.judged and len(speakers[word]) > 1 else None,
        }
        for word in _wanted_first(survey, totals)
    ]


def _figures(survey: Survey) -> tuple[dict[str, Any], list[str]]:
    """Histograms by what they show, and in words what is the same of all clips, which none is drawn of."""
    clips, rate_hz = survey.corpus.clips, survey.job.front_end.sample_rate_hz
    per_speaker = Counter(clip.speaker for clip in clips)
    durations_s = [clip.samples / rate_hz for clip in clips]
    levels = {
        "loudest tenth of a second": [sound.level_db for sound in survey.sounds],
        "quietest": [sound.floor_db for sound in survey.sounds],
    }
    figures, constants = {}, []
    if len(set(per_speaker.values())) > 1:
        per_clip = {"clips": list(per_speaker.values())}
        figures["Clips of each speaker"] = plots.histogram(per_clip, "clips of a speaker", "speakers")
    else:
        constants.append(f"Clips of each speaker: {count(per_speaker[clips[0].speaker])}.")
    if len(set(durations_s)) > 1:
        figures["Durations"] = plots.histogram({"clips": durations_s}, "duration, s", "clips")
    else:
        constants.append(f"Duration of each clip: {seconds(durations_s[0])}.")
    quiet = (QUIET_DB, "near silent")
    figures["Levels"] = plots.histogram(levels, "level, dB of full scale", "clips", quiet)
    peaks = {"clips": [sound.peak for sound in survey.sounds]}
    figures["Peaks"] = plots.histogram(peaks, "peak, of full scale", "clips")
    return figures, constants


# Galleries


def _galleries(survey: Survey) -> list[Gallery]:
    """Clips to look at and listen to, first examples, then what may be wrong."""
    clipped = sorted(
        (sound for sound in survey.sounds if sound.clipped_samples), key=lambda sound: -sound.clipped_samples
    )
    quiet = sorted((sound for sound in survey.sounds if sound.is_quiet), key=lambda sound: sound.level_db)
    samples = _sample_clips(survey)
    front_end = survey.job.front_end
    return [
        Gallery(
            "samples",
            "What the words look like",
            "Clips drawn by chance. From top to bottom: waveform; spectrogram, 0 to "
            f"{front_end.sample_rate_hz // 2000} kHz; {front_end.bins} mel bands; chroma, the twelve "
            "semitones from C upwards; MFCC 1 to 13, each around its mean. Light is more; "
            "80 dB from black to white.",
            "",
            len(samples),
            tuple(card(clip, clip.word, clip.split, front_end, is_full=True) for clip in samples),
        ),
        _doubtful(survey),
        _duplicated(survey),
        _faulty(
            survey,
            "clipped",
            "Clipped",
            "Peaks cut off: three samples or more in a row at the clip's own highest or lowest value, from "
            "half of full scale up.",
            "No clip is clipped.",
            [(sound, f"{count(sound.clipped_samples)} samples") for sound in clipped],
        ),
        _faulty(
            survey,
            "quiet",
            "Near silent",
            f"Nothing in them is louder than {QUIET_DB:g} dB of full scale for a tenth of a second.",
            "None is near silent.",
            [(sound, f"{sound.level_db:.0f}{SPACE}dB") for sound in quiet],
        ),
    ]


def _sample_clips(survey: Survey) -> list[Clip]:
    """Some of each word, drawn by the seed; where not all words have room, those of ``--words`` first."""
    generator = random.Random(survey.job.seed)
    words = list(survey.corpus.words)
    if len(words) > _SAMPLE_CLIPS:
        generator.shuffle(words)
        words = sorted(_wanted_first(survey, words)[:_SAMPLE_CLIPS])
    words = _wanted_first(survey, words)
    each = min(_MOST_SAMPLES_OF_A_WORD, _SAMPLE_CLIPS // len(words))
    by_word: dict[str, list[Clip]] = defaultdict(list)
    for clip in survey.corpus.clips:
        by_word[clip.word].append(clip)
    return [clip for word in words for clip in generator.sample(by_word[word], min(each, len(by_word[word])))]


def _doubtful(survey: Survey) -> Gallery:
    doubts = survey.judged.doubts if survey.judged else ()

    def title(doubt: Doubt) -> str:
        return f"{survey.corpus.clips[doubt.index].word}, or {doubt.heard}?"

    def detail(doubt: Doubt) -> str:
        return f"loss +{doubt.excess:.1f} · {doubt.heard} {page.percent(doubt.heard_probability)}"

    return Gallery(
        "doubtful",
        "Likely mislabelled",
        "The labels that two simple models believe least: those whose cross-validated loss is furthest "
        "above the median of their word come first. The models hear only so well: "
        "listen before you change anything.",
        "No label is doubted."
        if survey.judged
        else "No label can be doubted: there are no two words that several speakers say.",
        len(doubts),
        tuple(
            card(survey.corpus.clips[doubt.index], title(doubt), detail(doubt), survey.job.front_end)
            for doubt in doubts[:_DOUBTFUL_CLIPS]
        ),
        tuple(
            f"{survey.corpus.clips[doubt.index].name}: {doubt.heard}? loss +{doubt.excess:.1f}"
            for doubt in doubts[_DOUBTFUL_CLIPS : _DOUBTFUL_CLIPS + _LISTED]
        ),
    )


def _duplicated(survey: Survey) -> Gallery:
    groups = survey.duplicates
    return Gallery(
        "duplicates",
        "More than once",
        "Recordings that are there more than once: the same samples, or the same sound shifted, of another "
        "level or coded anew (correlation 0.9 or more). Two words teach a mistake; two splits, or two names "
        "for one speaker, test what was trained on.",
        "No recording is there twice.",
        len(groups),
        tuple(
            card(sound.clip, f"{number}. {sound.clip.word}", _same(group), survey.job.front_end)
            for number, group in enumerate(groups[:_DUPLICATE_GROUPS], start=1)
            for sound in group.sounds[:2]
        ),
        tuple(f"{', '.join(sound.clip.name for sound in group.sounds)}: {_same(group)}" for group in groups)[
            :_LISTED
        ],
    )


def _same(group: Duplicates) -> str:
    """How far the clips of a group are one, and what they differ in."""
    sameness = "same samples" if group.is_exact else f"correlation {group.correlation:.3f}"
    differing = [
        f"{len(values)} {name}"
        for name, values in (("words", group.words), ("splits", group.splits), ("speakers", group.speakers))
        if len(values) > 1
    ]
    return " · ".join([sameness, *differing])


def _faulty(
    survey: Survey, id: str, title: str, about: str, none: str, faults: Sequence[tuple[Sound, str]]
) -> Gallery:
    return Gallery(
        id,
        title,
        about,
        none,
        len(faults),
        tuple(
            card(sound.clip, sound.clip.word, fault, survey.job.front_end)
            for sound, fault in faults[:_FAULTY_CLIPS]
        ),
        tuple(
            f"{sound.clip.name}: {fault}" for sound, fault in faults[_FAULTY_CLIPS : _FAULTY_CLIPS + _LISTED]
        ),
    )


# Balance and facts


def _strips(survey: Survey) -> list[tuple[str, list[tuple[str, int, float]]]]:
    """Of each split, before and after: a title, and of each label its clips and their share."""
    strips = []
    for balance in survey.balance:
        for when, counts in (("in the corpus", balance.before), ("after sampling", balance.after)):
            total = max(1, sum(counts.values()))
            labels = [label for label in _wanted_first(survey, counts) if counts[label]]
            segments = [(label, counts[label], counts[label] / total) for label in labels]
            strips.append((f"{balance.split}, {when}: {count(total)}", segments))
    return strips


def _facts(survey: Survey, making: Making, compared: Comparison | None) -> list[tuple[str, str]]:
    names = ("librosa", "scikit-learn", "numpy", *(("tensorflow", "keras") if compared else ()))
    packages = {name: version(name) for name in names}
    return [
        ("seed", str(survey.job.seed)),
        ("took", seconds(making.duration_s)),
        ("versions", ", ".join(f"{name} {number}" for name, number in packages.items())),
        ("Earshot", earshot_version()),
        ("content (SHA-256 of names, splits and clips)", survey.corpus.sha256),
    ]
