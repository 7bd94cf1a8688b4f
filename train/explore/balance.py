"""How many clips of each class a corpus has, and how many are left of them after sampling."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from train.core.layout import SPLITS
from train.core.spec import UNKNOWN_LABEL, labels_for
from train.data.corpus import Corpus
from train.data.dataset import Split, make_split
from train.settings.sampling import Sampling


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
            after = possible_split(corpus, labels, split, sampling, seed).counts(labels)
            found.append(Balance(split, before, after))
    return found


def possible_split(corpus: Corpus, labels: Sequence[str], split: str, sampling: Sampling, seed: int) -> Split:
    """What a job would take of a split; where the split has no word but the labels, nothing is unknown."""
    has_others = any(clip.split == split and clip.word not in labels for clip in corpus.clips)
    possible = sampling if has_others else replace(sampling, unknown_percentage=0.0)
    return make_split(corpus, labels, split, possible, seed)
