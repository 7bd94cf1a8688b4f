"""One training job: its settings."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from train.core import runfolder
from train.core.errors import UserError, suggestion
from train.core.files.plain import read_plain
from train.core.operating_point import NAMES, TARGET_PER_HOUR, TUNED, check_target
from train.core.spec import FrontEnd, ModelSpec, labels_for
from train.core.typed_json import MOST_BYTES, Mismatch, decode, parse, require
from train.settings.augmentation import Augmentation
from train.settings.presets import ORIGINAL, PRESETS
from train.settings.recipe import Recipe
from train.settings.sampling import Sampling
from train.settings.words import check_words

_ALWAYS_THERE = ("words", "extra_data", "teachers", "front_end", "recipe", "sampling", "augmentation")
_LARGEST_BANK_BYTES = 8 * 10**9  # it is held in memory


@dataclass(frozen=True)
class ExtraData:
    """Clips to train on beside those of ``--data``, and their share of each batch."""

    where: str
    share: float

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise UserError(
                f"{self.where}: its share of each batch is {self.share:g}, expected more than 0 and less "
                "than 1 (--pseudo-fraction, or behind the @ of --data)"
            )


@dataclass(frozen=True)
class StartFrom:
    """A run or a model that ships whose weights a training begins with; ``sha256``: of its model.keras."""

    run: str
    sha256: str


SYNTHETIC_CLIPS = 2500  # a corpus on which the default network learns all it can


@dataclass(frozen=True)
class Job:
    """Everything that ``earshot train`` was asked to do."""

    words: tuple[str, ...]
    data: str | None = None
    extra_data: tuple[ExtraData, ...] = ()  # for training alone, beside ``data``
    test_data: str | None = None  # where test clips come from, instead of ``data``
    language: str = "en"
    synthetic_clips: int = SYNTHETIC_CLIPS  # of each word that synthetic voices speak
    architecture: str = PRESETS[ORIGINAL].architecture
    front_end: FrontEnd = field(default_factory=FrontEnd)
    recipe: Recipe = field(default_factory=Recipe)
    sampling: Sampling = field(default_factory=Sampling)
    augmentation: Augmentation = field(default_factory=Augmentation)
    validation_percentage: float = 10.0
    testing_percentage: float = 10.0
    bank_clips: int = 40000
    teachers: tuple[str, ...] = ()  # run folders
    start_from: StartFrom | None = None
    operating_point: str = TUNED  # that the firmware decides by
    false_accepts_per_hour: float = TARGET_PER_HOUR  # at most, on validation streams
    seed: int = 59185  # the seed of speech_commands' index
    # Where the values above come from that no flag gave. They are the job, whoever named them.
    preset: str = field(default=ORIGINAL, compare=False)

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise UserError(f"--preset {self.preset} is not known; {suggestion(self.preset, PRESETS)}")
        for name in ("validation_percentage", "testing_percentage"):
            if not 0 <= getattr(self, name) <= 100:
                raise UserError(f"--{name.replace('_', '-')} is {getattr(self, name)}, expected 0 to 100")
        if self.validation_percentage + self.testing_percentage >= 100:
            raise UserError("--validation-percentage and --testing-percentage leave nothing to train on")
        if self.synthetic_clips < 1:
            raise UserError(f"--synthetic-clips is {self.synthetic_clips}, expected 1 or more")
        if self.bank_clips < 1:
            raise UserError(f"--bank-clips is {self.bank_clips}, expected 1 or more")
        bank_bytes = self.bank_clips * self.front_end.feature_bytes
        if bank_bytes > _LARGEST_BANK_BYTES:
            raise UserError(
                f"--bank-clips is {self.bank_clips}: their features take {bank_bytes / 1e9:.0f} GB, "
                f"expected at most {_LARGEST_BANK_BYTES / 1e9:.0f} GB "
                f"({_LARGEST_BANK_BYTES // self.front_end.feature_bytes} clips)"
            )
        if sum(extra.share for extra in self.extra_data) >= 1:
            raise UserError(
                "the shares behind the @ of --data and --pseudo-fraction leave nothing for the first --data; "
                "expected less than 1 together"
            )
        if self.front_end.is_micro and self.recipe.feature_augmentation.changes_powers:
            raise UserError(
                "--preprocess micro: its features are relative to the noise before them, so that level, "
                "noise and rooms cannot be changed in them; leave these out of --feature-augmentation "
                "(--gain and --background-volume vary the audio)"
            )
        if self._changes_features_too_far:
            raise UserError(
                f"--preprocess {self.front_end.name}: this recipe changes level and noise of logarithmic "
                "features; pass --preprocess log or log_mel, --feature-augmentation none or --recipe original"
            )
        if self.recipe.quantization_aware_steps and not self.front_end.is_deployable:
            raise UserError(
                f"--preprocess {self.front_end.name}: is for no board, so nothing is quantized that "
                "--quantization-aware-steps could prepare; leave that out, or pass another front end"
            )
        check_target(self.false_accepts_per_hour)
        if self.operating_point not in NAMES:
            raise UserError(
                f"--operating-point is {self.operating_point!r}, expected one of {', '.join(NAMES)}"
            )
        if not 0 <= self.seed < 1 << 32:
            raise UserError(f"--seed is {self.seed}, expected 0 to {(1 << 32) - 1}")
        shift_ms, clip_ms = self.augmentation.time_shift_ms, self.front_end.clip_duration_ms
        if shift_ms >= clip_ms:
            raise UserError(
                f"--time-shift-ms is {shift_ms}, which moves words out of their clip; expected less than "
                f"{clip_ms} (--clip-duration-ms)"
            )

    @property
    def _changes_features_too_far(self) -> bool:
        front_end = self.front_end
        is_for_any = front_end.log_scale is not None or front_end.is_micro
        return not is_for_any and not self.recipe.feature_augmentation.is_none

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec(labels_for(self.words), self.architecture, self.front_end, self.seed)

    def on(self, data: str | None) -> "Job":
        """The same job, to be scored on other recordings; None: on those it was to be tested on."""
        return dataclasses.replace(self, data=data, test_data=None) if data is not None else self

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, where: str) -> "Job":
        """The job that ``to_json`` wrote.

        Raises:
            UserError: not one, or one of another version of Earshot.
        """
        try:
            content = parse(text, "it")
            require(content, _ALWAYS_THERE, "it")
            content.pop("command", None)  # for the report alone
            job = decode(cls, content, "it", allow_unknown=False)
            check_words(job.words, "words")
        except (Mismatch, UserError) as error:
            raise UserError(
                f"{where}: not the settings of a run of this version ({error}); start the run again with "
                "--overwrite"
            ) from error
        return job

    def settings(self) -> dict[str, Any]:
        """Flag by flag, for the report."""
        flat = {"preset": self.preset} | dataclasses.asdict(self)
        flat["start_from"] = self.start_from.run if self.start_from else None
        for group in ("recipe", "recipe.feature_augmentation", "sampling", "augmentation", "front_end"):
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
            "earshot train --words yes,no"
        )
    return Job.from_json(read_plain(path, MOST_BYTES), str(path))


def trained_job(run: Path, spec: ModelSpec, data: str | None = None) -> Job:
    """What the run was trained with; a folder without job.json still says the most of it.

    Args:
        data: another corpus, to be judged by.
    """
    if (run / runfolder.JOB).is_file():
        job = read_job(run)
    else:
        job = Job(spec.words, architecture=spec.architecture, front_end=spec.front_end, seed=spec.seed)
    return job.on(data)
