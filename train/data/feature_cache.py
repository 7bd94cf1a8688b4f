"""The bank: features of augmented training clips, computed once and kept on disk by content.

Training draws its batches from the bank, so that no step recomputes audio or features.
"""

import contextlib
import functools
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from train.core.console import progress
from train.core.installation import cache_root
from train.core.outputs import whole_folder
from train.core.spec import FrontEnd
from train.core.terminal import interrupts
from train.data.dataset import Example, Split
from train.settings.augmentation import Augmentation
from train.synth.lexicon import is_made_up

_BANK_VERSION = 3  # raise it when the same inputs give other features
_BLOCK_CLIPS = 32
_FEATURES, _LABELS = "features.npy", "labels.npy"
_KEEP_BYTES = 4 * 2**30  # older banks go when the cache grows over this


class Clips(Protocol):
    """What gives the features of examples: ``AudioSource``, ``StoredFeatures``."""

    def training_features(self, entries: list[tuple[Example, int, int]]) -> NDArray[np.uint8]: ...

    def plain_features(self, split: Split) -> NDArray[np.uint8]: ...

    def heard_by(self, front_end: FrontEnd) -> "Clips": ...


class Part(NamedTuple):
    """Clips of a bank that lie together, and the share of each batch that is drawn from them."""

    clips: int
    share: float


@dataclass(frozen=True)
class Bank:
    """(clips, frames, bins) uint8 features and (clips,) int64 label indices.

    ``parts`` in the order of the clips; none: every clip is as likely as any other. ``noise``:
    (n, frames, bins) float32 features of noise alone, for recipes that mix it in. ``opinions``: (clips,
    labels) float32 log-probabilities that teachers give the clips. ``is_made_up``: (clips,) whether a clip
    says what nobody does, such as a near miss.
    """

    features: NDArray[np.uint8]
    labels: NDArray[np.int64]
    parts: tuple[Part, ...] = ()
    noise: NDArray[np.float32] | None = None
    opinions: NDArray[np.float32] | None = None
    is_made_up: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.labels)


def plan_variants(split: Split, bank_clips: int) -> list[tuple[Example, int, int]]:
    """(example, index, variant) for each clip of the bank.

    Each example gets the same number of variants, as many as fill ``bank_clips`` and at
    least one. Unknown keeps its share but walks through the whole pool of unknown clips.
    """
    variants = max(1, -(-bank_clips // len(split.examples)))
    pool = split.unknown_pool
    plan: list[tuple[Example, int, int]] = []
    unknown_seen = 0
    for index, example in enumerate(split.examples):
        for variant in range(variants):
            if pool and example.label == pool[0].label:
                position = unknown_seen % len(pool)
                # Pool clips are counted from behind the examples: no two share a generator.
                plan.append((pool[position], len(split.examples) + position, unknown_seen // len(pool)))
                unknown_seen += 1
            else:
                plan.append((example, index, variant))
    return plan


def join(banks: Sequence[Bank], shares: Sequence[float]) -> Bank:
    """Banks as one, each with its share of every batch."""
    if len(banks) == 1:
        return banks[0]
    opinions = [bank.opinions for bank in banks if bank.opinions is not None]
    made_up = [bank.is_made_up for bank in banks if bank.is_made_up is not None]
    return Bank(
        np.concatenate([bank.features for bank in banks]),
        np.concatenate([bank.labels for bank in banks]),
        tuple(Part(len(bank), share) for bank, share in zip(banks, shares, strict=True)),
        opinions=np.concatenate(opinions) if opinions else None,
        is_made_up=np.concatenate(made_up) if made_up else None,
    )


@dataclass(frozen=True)
class BankRequest:
    """Everything that decides what is in the bank of a training split."""

    split: Split
    source: Clips
    front_end: FrontEnd
    augmentation: Augmentation
    corpus_sha256: str
    seed: int
    bank_clips: int

    @functools.cached_property
    def plan(self) -> list[tuple[Example, int, int]]:
        """(example, index, variant) for each clip."""
        return plan_variants(self.split, self.bank_clips)

    @property
    def is_made_up(self) -> NDArray[np.bool_]:
        """(clips,) of the plan: whether it says what nobody does."""
        clips = [example.clip for example, _, _ in self.plan]
        return np.array([clip is not None and is_made_up(clip.word) for clip in clips])

    @functools.cached_property
    def key(self) -> str:
        """The SHA-256 of it all: the clips and noises, front end, augmentation, examples, and the seed."""
        digest = hashlib.sha256()
        settings = [
            _BANK_VERSION, self.corpus_sha256, self.front_end.sha256, asdict(self.augmentation), self.seed
        ]  # fmt: skip
        digest.update(json.dumps(settings, sort_keys=True).encode())
        for example, index, variant in self.plan:
            digest.update(f"{example.source}\0{example.label}\0{index}\0{variant}\n".encode())
        return digest.hexdigest()[:32]

    @property
    def folder(self) -> Path:
        """Where the bank is kept."""
        return cache_root() / "banks" / self.key

    def heard_by(self, front_end: FrontEnd) -> "BankRequest":
        """The same audio, clip by clip, through another front end."""
        return replace(self, source=self.source.heard_by(front_end), front_end=front_end)

    @property
    def shape(self) -> tuple[int, int]:
        """(frames, bins) of a clip."""
        return self.front_end.frames, self.front_end.bins


def training_bank(request: BankRequest, workers: int = os.cpu_count() or 1) -> Bank:
    """The bank of a training split, from the cache if it is there."""
    folder = request.folder
    if folder.is_dir():
        os.utime(folder)
        try:
            return Bank(np.load(folder / _FEATURES, mmap_mode="r"), np.load(folder / _LABELS))
        except (OSError, ValueError, EOFError):  # damaged, by whatever: it is made again
            shutil.rmtree(folder, ignore_errors=True)
    labels = np.array([example.label for example, _, _ in request.plan], dtype=np.int64)
    with progress("features", len(request.plan)) as advance:
        features = compute(request, request.plan, advance, workers)
    _store(folder, features, labels)
    return Bank(features, labels)


def compute(
    request: BankRequest,
    plan: list[tuple[Example, int, int]],
    advance: Callable[..., None],
    workers: int = os.cpu_count() or 1,
) -> NDArray[np.uint8]:
    """(clips, frames, bins) features of a part of the request's plan; ``advance`` hears of each block."""
    features = np.empty((len(plan), *request.shape), dtype=request.front_end.step_type)

    def fill(block: slice) -> int:
        features[block] = request.source.training_features(plan[block])
        return len(plan[block])

    with interrupts.prompt(ThreadPoolExecutor(workers)) as pool:
        for count in pool.map(fill, _blocks(len(plan))):
            advance(count)
    return features


def plain_bank(split: Split, source: Clips) -> Bank:
    """Features of a validation or testing split, without augmentation."""
    labels = np.array([example.label for example in split.examples], dtype=np.int64)
    return Bank(source.plain_features(split), labels)


def _store(folder: Path, features: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
    with whole_folder(folder) as content:
        np.save(content / _FEATURES, features)
        np.save(content / _LABELS, labels)
    _prune(folder)


def _prune(newest: Path) -> None:
    """Remove the banks unused for longest until the rest fits into the limit."""
    banks = sorted(newest.parent.glob("[!.]*"), key=_used, reverse=True)
    total_bytes = 0
    for bank in banks:
        with contextlib.suppress(FileNotFoundError):  # another process does the same
            total_bytes += sum(file.stat().st_size for file in bank.iterdir())
        if total_bytes > _KEEP_BYTES and bank != newest:
            shutil.rmtree(bank, ignore_errors=True)


def _used(bank: Path) -> float:
    """When a bank was used last; 0 where another process has removed it."""
    try:
        return bank.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _blocks(clips: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK_CLIPS) for start in range(0, clips, _BLOCK_CLIPS))
