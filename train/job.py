"""One training job: its settings, and its corpus, read and divided."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from train import runfolder
from train.augment import Augmentation
from train.console import log, warn
from train.corpus import SPLITS, TESTING, TRAINING, Corpus, read_corpus, require_words
from train.dataset import AudioSource, Sampling, Split, make_split
from train.errors import UserError
from train.recipe import Recipe
from train.sources import Source, resolve
from train.spec import FrontEnd, ModelSpec, labels_for
from train.wav import conversion_command

_LARGEST_BANK_BYTES = 8 * 10**9  # it is held in memory
_FEW_TEST_CLIPS = 20  # per word; below, the interval of an accuracy is wider than 30 points
_LISTED_SKIPS = 5


@dataclass(frozen=True)
class Job:
    """Everything that ``python -m train`` was asked to do."""

    words: tuple[str, ...]
    data: str | None = None
    language: str = "en"
    architecture: str = "tiny_conv"
    front_end: FrontEnd = field(default_factory=FrontEnd)
    recipe: Recipe = field(default_factory=Recipe)
    sampling: Sampling = field(default_factory=Sampling)
    augmentation: Augmentation = field(default_factory=Augmentation)
    validation_percentage: float = 10.0
    testing_percentage: float = 10.0
    bank_clips: int = 40000
    seed: int = 59185  # the seed of speech_commands' index

    def __post_init__(self) -> None:
        for name in ("validation_percentage", "testing_percentage"):
            if not 0 <= getattr(self, name) <= 100:
                raise UserError(f"--{name.replace('_', '-')} is {getattr(self, name)}, expected 0 to 100")
        if self.validation_percentage + self.testing_percentage >= 100:
            raise UserError("--validation-percentage and --testing-percentage leave nothing to train on")
        if self.bank_clips < 1:
            raise UserError(f"--bank-clips is {self.bank_clips}, expected 1 or more")
        bank_bytes = self.bank_clips * self.front_end.feature_count
        if bank_bytes > _LARGEST_BANK_BYTES:
            raise UserError(
                f"--bank-clips is {self.bank_clips}: their features take {bank_bytes / 1e9:.0f} GB, "
                f"expected at most {_LARGEST_BANK_BYTES / 1e9:.0f} GB "
                f"({_LARGEST_BANK_BYTES // self.front_end.feature_count} clips)"
            )
        if self.seed < 0:
            raise UserError(f"--seed is {self.seed}, expected 0 or more")
        shift_ms, clip_ms = self.augmentation.time_shift_ms, self.front_end.clip_duration_ms
        if shift_ms >= clip_ms:
            raise UserError(
                f"--time-shift-ms is {shift_ms}, which moves words out of their clip; expected less than "
                f"{clip_ms} (--clip-duration-ms)"
            )

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec(labels_for(self.words), self.architecture, self.front_end, self.seed)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, where: str) -> "Job":
        """The job that ``to_json`` wrote.

        Raises:
            UserError: not one, or one of another version of Earshot.
        """
        try:
            content: dict[str, Any] = json.loads(text)
            content.pop("command", None)  # for the report alone
            recipe = content.pop("recipe")
            for name in ("training_steps", "learning_rates"):
                recipe[name] = tuple(recipe[name])
            return cls(
                words=tuple(content.pop("words")),
                front_end=FrontEnd(**content.pop("front_end")),
                recipe=Recipe(**recipe),
                sampling=Sampling(**content.pop("sampling")),
                augmentation=Augmentation(**content.pop("augmentation")),
                **content,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{where}: not the settings of a run of this version ({error}); start the run again with "
                "--overwrite"
            ) from error

    def settings(self) -> dict[str, Any]:
        """Flag by flag, for the report."""
        flat = dataclasses.asdict(self)
        for group in ("recipe", "sampling", "augmentation", "front_end"):
            flat |= {f"{group}.{name}": value for name, value in flat.pop(group).items()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in flat.items()}


def read_job(run: Path) -> Job:
    """The job of a run folder, for going on with it.

    Raises:
        UserError: there is none, or it is damaged.
    """
    path = run / runfolder.JOB
    if not path.is_file():
        raise UserError(
            f"{run}: no run there to go on with ({runfolder.JOB} is missing); start one with: "
            "python -m train --words yes,no"
        )
    return Job.from_json(path.read_bytes(), str(path))


def trained_job(run: Path, spec: ModelSpec, data: str | None = None) -> Job:
    """What the run was trained with; a folder without job.json still says the most of it.

    Args:
        data: another corpus, to be judged by.
    """
    if (run / runfolder.JOB).is_file():
        job = read_job(run)
    else:
        job = Job(spec.words, architecture=spec.architecture, front_end=spec.front_end, seed=spec.seed)
    return job if data is None else dataclasses.replace(job, data=data)


@dataclass(frozen=True)
class Material:
    """A job's corpus, read, checked and divided."""

    source: Source
    corpus: Corpus
    splits: dict[str, Split]
    audio: AudioSource

    def summary(self, front_end: FrontEnd, labels: tuple[str, ...]) -> dict[str, Any]:
        """The corpus section of metrics.json."""
        used = {example.clip for split in self.splits.values() for example in _all_examples(split)} - {None}
        lengths = [clip.samples for clip in used if clip is not None]
        return {
            "kind": self.source.kind,
            "name": self.source.name,
            "path": str(self.source.root),
            "note": self.source.note,
            "split": self.corpus.split_rule,
            "sha256": self.corpus.sha256,
            "clips": {name: split.counts(labels) for name, split in self.splits.items()},
            "unknown_pool": len(self.splits[TRAINING].unknown_pool) if TRAINING in self.splits else 0,
            "speakers": {
                name: len({example.clip.speaker for example in _all_examples(split) if example.clip})
                for name, split in self.splits.items()
            },
            "skipped": [
                {"file": item.file, "kind": item.kind, "reason": item.reason} for item in self.corpus.skipped
            ],
            "listed_but_missing": list(self.corpus.missing),
            "padded": sum(length < front_end.clip_samples for length in lengths),
            "cut": sum(length > front_end.clip_samples for length in lengths),
        }


def gather(job: Job, splits: tuple[str, ...] = SPLITS) -> Material:
    """Find, read and divide the corpus of a job, and say what was found.

    Raises:
        UserError: no corpus, a word without clips, or too little to train on.
    """
    labels = labels_for(job.words)
    source = resolve(job.data, job.words, job.seed, job.language, job.front_end.sample_rate_hz)
    corpus = read_corpus(
        source.root, job.front_end.sample_rate_hz, job.validation_percentage, job.testing_percentage
    )
    _report_skips(corpus, job.front_end.sample_rate_hz)
    require_words(corpus, job.words, [name for name in splits if name in SPLITS])
    divided = {name: make_split(corpus, labels, name, job.sampling, job.seed) for name in splits}
    for name, split in divided.items():
        counts = split.counts(labels)
        log(f"{name}: " + ", ".join(f"{label} {count}" for label, count in counts.items()))
        fewest = min(counts[word] for word in job.words)
        if name == TESTING and fewest < _FEW_TEST_CLIPS:
            warn(f"only {fewest} test clips of a word: its accuracy will be known only roughly")
    return Material(source, corpus, divided, AudioSource(corpus, job.spec, job.augmentation, job.seed))


def _all_examples(split: Split) -> tuple[Any, ...]:
    return split.examples + split.unknown_pool


def _report_skips(corpus: Corpus, sample_rate_hz: int) -> None:
    if not corpus.skipped:
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in corpus.skipped_by_kind().items())
    warn(
        f"{len(corpus.skipped)} files of {corpus.root} cannot be used: {kinds}; all are listed in the report"
    )
    for item in corpus.skipped[:_LISTED_SKIPS]:
        warn(f"  {item.file}: {item.reason}")
    if len(corpus.skipped) > _LISTED_SKIPS:
        warn(f"  … and {len(corpus.skipped) - _LISTED_SKIPS} more")
    warn(f"  whole recordings can be converted: {conversion_command(sample_rate_hz)}")
