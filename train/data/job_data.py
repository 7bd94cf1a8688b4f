"""What a job works on: its corpora, found, read and divided."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from train.core.console import log, warn
from train.core.errors import UserError
from train.core.layout import ALL, SPLITS, TESTING, TRAINING
from train.core.metrics import FEW_CLIPS
from train.core.results.training import CorpusSummary, ExtraCorpus
from train.core.spec import FrontEnd
from train.data import stored_features
from train.data.corpus import Clip, Corpus, require_words
from train.data.dataset import AudioSource, Example, Split, make_split
from train.data.feature_cache import Clips
from train.data.job_corpora import Found, JobCorpora, read_corpora
from train.data.sources import FOLDER, Source, is_made
from train.data.stand_ins import lacks_words
from train.data.takes import whole_ms_of
from train.settings.job import ExtraData, Job

_HARDLY_LONGER = 0.05  # of a clip's length: what converters add, which nobody need be told of


@dataclass(frozen=True)
class Collection:
    """One corpus, and what gives the features of its clips."""

    source: Source
    corpus: Corpus
    clips: Clips
    audio: AudioSource  # of the clips; of a feature bank, the one that its noise comes from


@dataclass(frozen=True)
class Extra:
    """A corpus that is trained on beside the first, and its share of each batch."""

    collection: Collection
    split: Split
    share: float


@dataclass(frozen=True)
class Material:
    """A job's corpora: the first, the one that tests come from, and those for training alone.

    Attributes:
        divided_from: of each split, the clips that its examples were drawn from.
    """

    main: Collection
    tested: Collection
    splits: dict[str, Split]
    divided_from: dict[str, Corpus]
    extras: tuple[Extra, ...] = ()

    @property
    def corpora(self) -> tuple[Corpus, ...]:
        collections = (self.main, self.tested, *(extra.collection for extra in self.extras))
        return tuple(collection.corpus for collection in collections)

    def audio_of(self, split: str) -> AudioSource:
        """What gives the audio of a split's clips.

        Raises:
            UserError: they are features alone.
        """
        collection = self.tested if split in (TESTING, ALL) else self.main
        if collection.clips is not collection.audio:
            raise UserError(
                f"{collection.source.root}: its {split} clips are features without audio; take the split "
                "testing, or name recordings with --data"
            )
        return collection.audio

    def recordings_per_word(self, words: tuple[str, ...]) -> float:
        """Training clips of the average wanted word that people have spoken, of the first corpus."""
        if is_made(self.main.source.kind):
            return 0.0
        clips = self.main.corpus.clips
        return sum(clip.split == TRAINING and clip.word in words for clip in clips) / len(words)

    @property
    def corpus_sha256(self) -> str:
        """Identifies what is trained on."""
        return "+".join([self.main.corpus.sha256, *(extra.collection.corpus.sha256 for extra in self.extras)])

    def summary(self, front_end: FrontEnd, labels: tuple[str, ...]) -> CorpusSummary:
        """What results say of the corpora."""
        used = {example.clip for split in self.splits.values() for example in _all_examples(split)} - {None}
        lengths = [clip.samples for clip in used if clip is not None]
        source, corpus = self.main.source, self.main.corpus
        return CorpusSummary(
            kind=source.kind,
            name=source.name,
            path=str(source.root),
            note="; ".join(filter(None, (source.note, corpus.note))),
            split=corpus.split_rule,
            sha256=self.corpus_sha256,
            tested_on=self.tested.source.name,
            extras=tuple(
                ExtraCorpus(
                    name=extra.collection.source.name, share=extra.share, clips=extra.split.counts(labels)
                )
                for extra in self.extras
            ),
            clips={name: split.counts(labels) for name, split in self.splits.items()},
            unknown_pool=len(self.splits[TRAINING].unknown_pool) if TRAINING in self.splits else 0,
            speakers={
                name: len({example.clip.speaker for example in _all_examples(split) if example.clip})
                for name, split in self.splits.items()
            },
            skipped=corpus.skipped,
            listed_but_missing=tuple(corpus.missing),
            padded=sum(length < front_end.clip_samples for length in lengths),
            cut=sum(length > front_end.clip_samples for length in lengths),
            converted=dict(corpus.converted) or None,
            repaired=dict(corpus.repaired) or None,
        )


def gather(job: Job, splits: tuple[str, ...] = SPLITS) -> Material:
    """Find, read and divide the corpora of a job, and say what was found.

    Raises:
        UserError: no corpus, a word without clips, or too little to train on.
    """
    corpora = read_corpora(job, splits)
    tested = _collection(job, corpora.tested) if corpora.tested else None
    main = _collection(job, corpora.main) if corpora.main else _bank(job, str(job.data), tested)
    noise = tested or main
    extras: tuple[Extra, ...] = ()
    if TRAINING in splits:
        held_out = tuple(clip for clip in main.corpus.clips if clip.split != TRAINING)
        extras = tuple(_extra(job, corpora, extra, noise, held_out) for extra in job.extra_data)
    divided_from = dict.fromkeys(splits, main.corpus)
    if tested is not None:
        unheard = _unheard(tested.corpus, [main.corpus, *(extra.collection.corpus for extra in extras)])
        divided_from |= {name: unheard for name in splits if name in (TESTING, ALL)}
    divided = {name: _split(corpus, job, name) for name, corpus in divided_from.items()}
    _report(job, divided)
    _say_what_is_cut([example for split in divided.values() for example in split.examples], job.front_end)
    return Material(main, noise, divided, divided_from, extras)


def _collection(job: Job, found: Found) -> Collection:
    audio = AudioSource(found.corpus, job.spec, job.augmentation, job.seed)
    return Collection(found.source, found.corpus, audio, audio)


def _bank(job: Job, where: str, noise: Collection | None) -> Collection:
    """A feature bank; it takes the noise of another corpus."""
    if noise is None:
        raise UserError(
            f"--data {where}: a feature bank has neither noise nor audio to test on; add recordings with "
            "--test-data WHERE"
        )
    path = Path(where)
    corpus, features = stored_features.read_bank(path, job.front_end)
    corpus = replace(corpus, sha256=f"{corpus.sha256}+{noise.corpus.sha256}")  # its silence is of both
    source = Source(FOLDER, path.name, path, f"features; silence is made of the noise of {noise.source.name}")
    log(f"corpus: {source.name}: {source.note}")
    if job.front_end.dc_block:
        log(
            f"{source.name} is taken as it is: --dc-block changes the features of recordings without an "
            "offset by 0.2 of 255 on average (docs/MICROPHONES.md)"
        )
    return Collection(
        source, corpus, stored_features.StoredFeatures(corpus, features, noise.audio), noise.audio
    )


def _extra(
    job: Job, corpora: JobCorpora, extra: ExtraData, noise: Collection, held_out: tuple[Clip, ...]
) -> Extra:
    """A corpus to train on, without the speakers whom the first is validated or tested on.

    Their recordings are left out under another name, too: unlabelled ones do not always say who speaks.
    What is for training alone is for training as a whole, where no lists say otherwise.
    """
    if (read := corpora.extras.get(extra.where)) is None:
        found = _bank(job, extra.where, noise)
    else:
        found = _collection(job, read.in_noise_of(Found(noise.source, noise.corpus)))
    speakers = {clip.speaker for clip in held_out}
    recordings = {clip.sha256 for clip in held_out} - {""}  # a feature bank has none
    clips = tuple(
        clip for clip in found.corpus.clips if clip.speaker not in speakers and clip.sha256 not in recordings
    )
    if found.corpus.split_rule not in ("lists", "folders"):
        clips = tuple(replace(clip, split=TRAINING) for clip in clips)
    collection = replace(found, corpus=replace(found.corpus, clips=clips))
    trained = {clip.word for clip in clips if clip.split == TRAINING}
    lacking = [word for word in job.words if word not in trained]
    if len(lacking) == len(job.words):
        require_words(collection.corpus, lacking, [TRAINING])
    if lacking:
        warn(f"{found.source.name} has nothing of {', '.join(lacking)} to train on; other corpora have to")
    sampling = job.sampling
    if lacks_words(collection.corpus, job, (TRAINING,)):
        sampling = replace(sampling, unknown_percentage=0)  # others have to bring them
    more = job.recipe.unknown_per_word
    split = make_split(collection.corpus, job.spec.labels, TRAINING, sampling, job.seed, more)
    left_out = len(found.corpus.clips) - len(clips)
    without = f", without {left_out} clips of speakers validated or tested on" if left_out else ""
    log(
        f"{100 * extra.share:g}% of each batch from {collection.source.name}{without}: {_counted(job, split)}"
    )
    return Extra(collection, split, extra.share)


def _unheard(corpus: Corpus, trained_on: list[Corpus]) -> Corpus:
    """The clips of speakers whom no other corpus has, all of them for testing.

    Raises:
        UserError: there is none.
    """
    speakers = {clip.speaker for other in trained_on for clip in other.clips}
    clips = tuple(replace(clip, split=TESTING) for clip in corpus.clips if clip.speaker not in speakers)
    if not clips:
        raise UserError(
            f"--test-data {corpus.root}: every speaker of it is also trained on, so it cannot tell how well "
            "others are heard; name other recordings, or leave it out"
        )
    if left_out := len(corpus.clips) - len(clips):
        log(f"{left_out} clips of {corpus.root} are not tested on: their speakers are trained on")
    return replace(corpus, clips=clips)


def _split(corpus: Corpus, job: Job, name: str) -> Split:
    require_words(corpus, job.words, [name] if name in SPLITS else [])
    more = job.recipe.unknown_per_word if name == TRAINING else 1.0  # others count as often as each word
    return make_split(corpus, job.spec.labels, name, job.sampling, job.seed, more)


def _report(job: Job, divided: dict[str, Split]) -> None:
    for name, split in divided.items():
        log(f"{name}: {_counted(job, split)}")
        counts = split.counts(job.spec.labels)
        fewest = min(counts[word] for word in job.words)
        if name == TESTING and fewest < FEW_CLIPS:
            warn(f"only {fewest} test clips of a word: its accuracy will be known only roughly")


def _counted(job: Job, split: Split) -> str:
    return ", ".join(f"{label} {count}" for label, count in split.counts(job.spec.labels).items())


def _all_examples(split: Split) -> tuple[Any, ...]:
    return split.examples + split.unknown_pool


def _say_what_is_cut(examples: Iterable[Example], front_end: FrontEnd) -> None:
    """How many clips are longer than what a network hears at a time, and what would keep them whole."""
    longest = round(front_end.clip_samples * (1 + _HARDLY_LONGER))
    long = [clip for clip in {example.clip for example in examples} if clip and clip.samples > longest]
    if not long:
        return
    clip_ms = front_end.clip_duration_ms
    whole_ms = whole_ms_of(sorted(clip.wav for clip in long), front_end)
    how = (
        f"; --clip-duration-ms {whole_ms} would keep the words whole"
        if whole_ms
        else "; the words fit into it"
    )
    log(f"{len(long)} clips are longer than {clip_ms} ms: the part with the word was taken{how}")
