"""What simple baselines learn and are judged by: small features of a job's clips, and their figures."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from train.audio.frontend import float_features
from train.core.console import progress
from train.core.errors import UserError
from train.core.layout import SPLITS, TESTING, TRAINING, VALIDATION
from train.core.spec import SILENCE_LABEL
from train.data.corpus import Clip, Corpus, require_words
from train.data.dataset import UNKNOWN_INDEX, AudioSource, Split
from train.explore.balance import possible_split
from train.explore.clip_stats import pooled
from train.explore.label_errors import Baseline
from train.settings.augmentation import Augmentation
from train.settings.job import Job

SEGMENTS = 16  # of a clip: 60 ms each, which a recurrent network steps through
_BLOCK_CLIPS = 256  # read at a time: 16 MB of audio


@dataclass(frozen=True)
class Examples:
    """(clips, segments x bins) float32 features, segment by segment, and (clips,) label indices."""

    features: NDArray[np.float32]
    labels: NDArray[np.intp]


@dataclass(frozen=True)
class Task:
    """Features of a job's splits, of zero mean and unit deviation in training."""

    training: Examples
    validation: Examples
    testing: Examples
    weights: NDArray[np.float64]  # of the training clips: a label has that of its share in the job
    label_count: int


@dataclass(frozen=True)
class Trial(Baseline):
    """A baseline scored on test clips of the job; ``validation`` is its accuracy there, 0 to 1."""

    validation: float
    parameters: int
    duration_s: float  # of training and scoring, on this computer


@dataclass(frozen=True)
class Comparison:
    """Baselines on the same clips."""

    trials: tuple[Trial, ...]
    labels: tuple[str, ...]  # that have test clips
    training_clips: int
    left_out: int  # training clips, because their speaker is heard in validation or test
    majority: float  # share of the commonest label of the test clips


@dataclass(frozen=True)
class Plan:
    """The clips of a task, chosen before anything slow is done."""

    audio: AudioSource
    job: Job
    splits: dict[str, Split]
    weights: NDArray[np.float64]
    left_out: int


def plan(corpus: Corpus, job: Job) -> Plan:
    """The clips that a job would train on, without speakers of its validation and test clips.

    A job hears every clip of another word, so the baselines do, each weighing less instead.

    Args:
        job: no words stand for all that have clips in each split.
    Raises:
        UserError: a word without clips in a split, or without training clips of other speakers.
    """
    if job.words:
        require_words(corpus, job.words)
    job = replace(job, words=job.words or _words(corpus))
    labels = job.spec.labels
    splits = {name: possible_split(corpus, labels, name, job.sampling, job.seed) for name in SPLITS}
    wanted = splits[TRAINING].counts(labels)
    heard = {clip.speaker for name in (VALIDATION, TESTING) for clip in _clips(splits[name])}
    everything = [each for each in splits[TRAINING].examples if each.label != UNKNOWN_INDEX]
    everything += splits[TRAINING].unknown_pool
    kept = tuple(each for each in everything if each.clip is None or each.clip.speaker not in heard)
    splits[TRAINING] = Split(TRAINING, kept)
    counts = splits[TRAINING].counts(labels)
    for label in labels:
        if wanted[label] and not counts[label]:
            raise UserError(
                f"{corpus.root}: every training clip of {label!r} is by a speaker who is also in validation "
                "or test, so --baselines has nothing to learn it from; keep each speaker in one split"
            )
    if sum(count > 0 for count in counts.values()) < 2:
        raise UserError(f"{corpus.root}: --baselines needs two labels to tell apart, found one")
    weights = np.array([wanted[labels[each.label]] / counts[labels[each.label]] for each in kept])
    audio = AudioSource(corpus, job.spec, Augmentation(), job.seed)
    return Plan(audio, job, splits, weights, len(everything) - len(kept))


def make_task(plan: Plan) -> Task:
    """Features of the planned clips."""
    front_end, splits = plan.job.front_end, plan.splits
    examples: dict[str, Examples] = {}
    with progress("features of baselines", sum(len(split.examples) for split in splits.values())) as advance:
        for name, split in splits.items():
            blocks = []
            for start in range(0, len(split.examples), _BLOCK_CLIPS):
                indices = range(start, min(start + _BLOCK_CLIPS, len(split.examples)))
                audio = np.stack([plan.audio.plain_clip(split, index) for index in indices])
                blocks.append(pooled(float_features(audio, front_end, os.cpu_count() or 1), SEGMENTS))
                advance(len(indices))
            labels = np.array([example.label for example in split.examples], dtype=np.intp)
            examples[name] = Examples(np.concatenate(blocks), labels)
    training = examples[TRAINING].features
    mean, deviation = training.mean(axis=0), training.std(axis=0)
    deviation[deviation == 0] = 1.0  # a bin that says nothing
    for name, each in examples.items():
        examples[name] = replace(each, features=(each.features - mean) / deviation)
    return Task(
        examples[TRAINING],
        examples[VALIDATION],
        examples[TESTING],
        plan.weights,
        len(plan.job.spec.labels),
    )


def comparison(plan: Plan, trials: Sequence[Trial]) -> Comparison:
    """The figures with what is needed to read them."""
    labels = plan.job.spec.labels
    tested = plan.splits[TESTING].counts(labels)
    return Comparison(
        trials=tuple(trials),
        labels=tuple(label for label in labels if tested[label]),
        training_clips=len(plan.splits[TRAINING].examples),
        left_out=plan.left_out,
        majority=max(tested.values()) / sum(tested.values()),
    )


def _words(corpus: Corpus) -> tuple[str, ...]:
    """Words with clips in each split."""
    spoken = {split: {clip.word for clip in corpus.clips if clip.split == split} for split in SPLITS}
    words = set.intersection(*spoken.values()) - {SILENCE_LABEL}
    if not words:
        raise UserError(
            f"{corpus.root}: no word has clips for training, validation and testing, as --baselines needs; "
            "record more speakers, or leave it out"
        )
    return tuple(sorted(words))


def _clips(split: Split) -> list[Clip]:
    return [example.clip for example in split.examples if example.clip is not None]
