"""How many clips of each class a corpus has, and how many are left of them after sampling."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from train.corpus import SPLITS, Corpus
from train.dataset import Sampling, make_split
from train.spec import UNKNOWN_LABEL, labels_for


@dataclass(frozen=True)
class Balance:
    """Clips of each label in one split, as the corpus has them and as a job would take them."""

    split: str
    before: dict[str, int]
    after: dict[str, int]


def balances(corpus: Corpus, words: Sequence[str], sampling: Sampling, seed: int) -> list[Balance]:
    """Of each split that has clips of the words. Where it has no other word, nothing is ``_unknown_``."""
    labels = labels_for(tuple(words))
    found = []
    for split in SPLITS:
        before = dict.fromkeys(labels, 0)
        for clip in corpus.clips:
            if clip.split == split:
                before[clip.word if clip.word in before else UNKNOWN_LABEL] += 1
        if any(before[word] for word in words):
            possible = sampling if before[UNKNOWN_LABEL] else replace(sampling, unknown_percentage=0.0)
            after = make_split(corpus, labels, split, possible, seed).counts(labels)
            found.append(Balance(split, before, after))
    return found
