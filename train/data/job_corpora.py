"""The corpora of a job: found, read, and completed with what they lack."""

from dataclasses import dataclass, replace

from train.audio.recording import in_words
from train.core.console import log, warn
from train.core.errors import count_of
from train.core.layout import ALL, SPLITS, TESTING, TRAINING
from train.data import stored_features
from train.data.corpus import Corpus, read_corpus, require_words
from train.data.sources import SYNTHETIC, Source, check, is_made, resolve
from train.data.stand_ins import lacks_noise, lacks_words, needs_words, with_noise, with_words
from train.settings.job import Job

_LISTED_SKIPS = 5


@dataclass(frozen=True)
class Found:
    """A corpus that was read, and where it is from."""

    source: Source
    corpus: Corpus

    def in_noise_of(self, lender: "Found") -> "Found":
        """The same, if it has no noise of its own with that of another corpus."""
        if self.corpus.has_background_folder:
            return self
        log(f"{self.source.name} brings no noise; it takes that of {lender.source.name}")
        lent = lender.corpus
        corpus = replace(
            self.corpus,
            backgrounds=lent.backgrounds,
            has_background_folder=lent.has_background_folder,
            sha256=f"{self.corpus.sha256}+{lent.sha256}",  # what is made of it is of both
        )
        return replace(self, corpus=corpus)


@dataclass(frozen=True)
class JobCorpora:
    """What a job names; feature banks are none of them.

    Attributes:
        main: of ``--data``.
        tested: of ``--test-data``.
        extras: for training beside the first, as they were found.
    """

    main: Found | None
    tested: Found | None
    extras: dict[str, Found]


def read_corpora(job: Job, splits: tuple[str, ...]) -> JobCorpora:
    """Read the corpora of a job, and complete the first and that of the tests.

    What is on the disk is read and checked before anything is made.

    Args:
        splits: that are to be used.
    Raises:
        UserError: a corpus that is not there, or that lacks words.
    """
    found = _read_all(job, splits)
    main = found.get(job.data)
    tested = found.get(job.test_data) if job.test_data else None
    voices = next((each.corpus for each in found.values() if each.source.kind == SYNTHETIC), None)
    if main is not None:
        own = tuple(split for split in SPLITS if tested is None or split != TESTING)
        if without := needs_words(main.corpus, job, own):
            main = replace(main, corpus=with_words(main.corpus, job, without, voices))
    if tested is not None and lacks_words(tested.corpus, job, (ALL,)):
        tested = replace(tested, corpus=with_words(tested.corpus, job, (TESTING,), voices))
    lender = next((each for each in (tested, main) if each and each.corpus.has_background_folder), None)
    main, tested = (each and _with_noise(each, lender, job) for each in (main, tested))
    extras = {extra.where: found[extra.where] for extra in job.extra_data if extra.where in found}
    return JobCorpora(main, tested, extras)


def _with_noise(found: Found, lender: Found | None, job: Job) -> Found:
    if lender is not None:
        return found.in_noise_of(lender)
    return replace(found, corpus=with_noise(found.corpus, job)) if lacks_noise(found.corpus, job) else found


def _read_all(job: Job, splits: tuple[str, ...]) -> dict[str | None, Found]:
    flags: dict[str | None, str] = {}
    if TRAINING in splits:
        flags |= {extra.where: "--data" for extra in job.extra_data}
    flags[job.data] = "--data"
    if job.test_data is not None:
        flags[job.test_data] = "--test-data"
    audio = {
        where: flag for where, flag in flags.items() if not (where and where.endswith(stored_features.SUFFIX))
    }
    for where, flag in flags.items():
        check(where, flag)
    found: dict[str | None, Found] = {}
    for where in sorted(audio, key=is_made):
        found[where] = _read(job, where, audio[where])
        corpus = found[where].corpus
        if where == job.data:
            elsewhere = (ALL, TESTING) if job.test_data else (ALL,)
            require_words(corpus, job.words, [name for name in splits if name not in elsewhere])
        elif where != job.test_data and not set(job.words) & set(corpus.words):
            require_words(corpus, job.words, [TRAINING])
    return found


def _read(job: Job, where: str | None, flag: str) -> Found:
    front_end = job.front_end
    source = resolve(
        where,
        job.words,
        job.seed,
        job.language,
        front_end.sample_rate_hz,
        front_end.clip_duration_ms,
        job.synthetic_clips,
        flag,
        # Beside recordings, which hold single words: people talk on.
        running_speech=where in {extra.where for extra in job.extra_data},
    )
    corpus = read_corpus_of(job, source)
    _report_skips(corpus)
    return Found(source, corpus)


def read_corpus_of(job: Job, source: Source) -> Corpus:
    """``read_corpus`` at the rate, with the shares and for the words of a job.

    Raises:
        UserError: as ``read_corpus``.
    """
    rate_hz, shares = job.front_end.sample_rate_hz, (job.validation_percentage, job.testing_percentage)
    return read_corpus(source.root, rate_hz, *shares, job.words)


def _report_skips(corpus: Corpus) -> None:
    if not corpus.skipped:
        return
    files = count_of(len(corpus.skipped), "file")
    kinds = in_words(corpus.skipped_by_kind())
    warn(f"{files} of {corpus.root} cannot be used: {kinds}; all are listed in the report")
    for item in corpus.skipped[:_LISTED_SKIPS]:
        warn(f"  {item.file}: {item.reason}")
    if len(corpus.skipped) > _LISTED_SKIPS:
        warn(f"  … and {len(corpus.skipped) - _LISTED_SKIPS} more")
