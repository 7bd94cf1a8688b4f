"""All that is found out about a corpus: its clips measured, compared and doubted."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from train.data.corpus import Corpus
from train.explore.balance import Balance, balances
from train.explore.clip_stats import Sound, measure
from train.explore.duplicates import Duplicates, find_duplicates
from train.explore.label_errors import CrossValidation, cross_validate
from train.settings.job import Job


@dataclass(frozen=True)
class Survey:
    """What was found; ``sounds`` in the order of the corpus, ``judged`` None without a label to doubt."""

    corpus: Corpus
    job: Job
    words: tuple[str, ...]  # of the balance
    sounds: tuple[Sound, ...]
    duplicates: tuple[Duplicates, ...]
    judged: CrossValidation | None
    balance: tuple[Balance, ...]

    def torn_speakers(self) -> list[tuple[str, tuple[str, ...]]]:
        """Speakers on more than one side of the split, with their splits: what they say is no test."""
        splits: dict[str, set[str]] = defaultdict(set)
        for clip in self.corpus.clips:
            splits[clip.speaker].add(clip.split)
        return sorted((who, tuple(sorted(where))) for who, where in splits.items() if len(where) > 1)


def survey(corpus: Corpus, job: Job, words: Sequence[str]) -> Survey:
    """Measure, compare and doubt every clip of a corpus."""
    balance = balances(corpus, words, job.sampling, job.seed)
    sounds, features = measure(corpus, job.front_end)
    duplicates = find_duplicates(sounds, features, job.front_end.sample_rate_hz)
    clips = corpus.clips
    judged = cross_validate(
        features, [clip.word for clip in clips], [clip.speaker for clip in clips], job.seed
    )
    return Survey(corpus, job, tuple(words), sounds, tuple(duplicates), judged, tuple(balance))
