"""How a network is trained: steps, rates, batches, what it is shown and what it aims at.

``ORIGINAL`` is the original's but for the optimizer and the weight decay
(docs/adr/0008-training-differences.md); ``STRONG`` is for small networks on logarithmic features;
``LISTENING`` is the same for what hears all that is said (docs/adr/0043-recipe-for-listening.md).
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from train.core.errors import UserError, count_of
from train.settings.augmentation import MICROPHONE_GAINS, FeatureAugmentation

PHASES, ONE_CYCLE = "phases", "one_cycle"
SCHEDULES = (PHASES, ONE_CYCLE)
_WARM_UP_SHARE = 0.1  # of the steps of one cycle
_LAST_RATE_SHARE = 0.002  # of the highest rate
_FINE_TUNING_RATE_SHARE = 0.1  # likewise
AS_TRAINED, ON_VALIDATION = "as_trained", "validation"
SETTLED = (AS_TRAINED, ON_VALIDATION)  # how the last layer may end
LIVE, CACHED = "live", "cached"
TEACHER_SCORES = (LIVE, CACHED)
OPTIMIZERS = ("gradient_descent", "momentum", "adam")


@dataclass(frozen=True)
class Recipe:
    """Phases of training: ``training_steps[i]`` steps at ``learning_rates[i]``."""

    training_steps: tuple[int, ...] = (12000, 3000)
    learning_rates: tuple[float, ...] = (0.001, 0.0001)
    batch_size: int = 100
    dropout: float = 0.5
    optimizer: str = "adam"
    weight_decay: float = 1.0  # decoupled: each step takes rate * weight_decay off every weight
    eval_step_interval: int = 400
    schedule: str = PHASES  # one_cycle: up to the rate of each phase and down to nothing within it
    label_smoothing: float = 0.0
    mixup: float = 0.0  # largest share of another clip, and of its label, in a clip
    average_steps: int = 0  # over which weights are averaged; 0: the last ones count
    feature_augmentation: FeatureAugmentation = field(default_factory=FeatureAugmentation)
    quantization_aware_steps: int = 0  # of fine-tuning with the rounding of int8, after the others
    teacher_share: float = 0.9  # of the loss, where there is a teacher
    teacher_temperature: float = 2.0
    teacher_scores: str = LIVE  # of the clips of each batch, or cached: of the clips of the bank, once
    patience_steps: int = 0  # training ends where validation has not risen for so many; 0: never early
    class_balance: float = 0.0  # 0: each clip is as likely, 1: each label of a corpus is
    hard_negatives: float = 0.0  # other words that pass for words are drawn up to so many times as often
    unknown_per_word: float = 1.0  # clips of other words to train on, for each of the average word
    unknown_bias: str = AS_TRAINED  # of other words, in the last layer, in the end
    temperature: str = AS_TRAINED  # that scores are divided by, in the end

    def __post_init__(self) -> None:
        for name, values in (
            ("--training-steps", self.training_steps),
            ("--learning-rate", self.learning_rates),
            ("--batch-size", (self.batch_size,)),
            ("--eval-step-interval", (self.eval_step_interval,)),
        ):
            if not all(value > 0 for value in values):
                raise UserError(f"{name} is {','.join(map(str, values))}, expected more than 0")
        steps, rates = len(self.training_steps), len(self.learning_rates)
        if not steps == rates > 0:
            raise UserError(
                f"--training-steps names {count_of(steps, 'phase')} and --learning-rate "
                f"{rates}; expected as many of each, e.g. 12000,3000 and 0.001,0.0001"
            )
        if not 0 <= self.dropout < 1:
            raise UserError(f"--dropout is {self.dropout}, expected 0 to less than 1")
        if not 0 <= self.weight_decay <= 100:
            raise UserError(f"--weight-decay is {self.weight_decay}, expected 0 to 100")
        if not 0 <= self.label_smoothing < 1:
            raise UserError(f"--label-smoothing is {self.label_smoothing}, expected 0 to less than 1")
        if not 0 <= self.mixup <= 0.5:
            raise UserError(f"--mixup is {self.mixup}, expected 0 to 0.5")
        if self.average_steps < 0:
            raise UserError(f"--average-steps is {self.average_steps}, expected 0 or more")
        if self.quantization_aware_steps < 0:
            raise UserError(
                f"--quantization-aware-steps is {self.quantization_aware_steps}, expected 0 or more"
            )
        if self.patience_steps < 0:
            raise UserError(f"--patience-steps is {self.patience_steps}, expected 0 or more")
        if not 0 <= self.class_balance <= 1:
            raise UserError(f"--class-balance is {self.class_balance}, expected 0 to 1")
        if self.hard_negatives and not 1 <= self.hard_negatives <= 100:
            raise UserError(f"--hard-negatives is {self.hard_negatives:g}, expected 1 to 100, or 0 for none")
        if not 0 < self.unknown_per_word <= 100:
            raise UserError(
                f"--unknown-per-word is {self.unknown_per_word:g}, expected more than 0, up to 100 "
                "(--unknown-percentage 0 goes without other words)"
            )
        if not 0 < self.teacher_share <= 1:
            raise UserError(f"--teacher-share is {self.teacher_share}, expected more than 0, up to 1")
        if not 0 < self.teacher_temperature <= 100:
            raise UserError(
                f"--teacher-temperature is {self.teacher_temperature}, expected more than 0, up to 100"
            )
        for name, choices in (
            ("schedule", SCHEDULES),
            ("optimizer", OPTIMIZERS),
            ("teacher_scores", TEACHER_SCORES),
            ("unknown_bias", SETTLED),
            ("temperature", SETTLED),
        ):
            if (value := getattr(self, name)) not in choices:
                flag = name.replace("_", "-")
                raise UserError(f"--{flag} is {value!r}, expected one of {', '.join(choices)}")

    def changed(self, **settings: Any) -> "Recipe":
        """The same with other settings. One number of steps is divided as the phases of this recipe are.

        Raises:
            UserError: a value out of range.
        """
        steps, rates = settings.get("training_steps", ()), settings.get("learning_rates", self.learning_rates)
        if len(steps) == 1 and steps[0] > 0 and len(rates) == len(self.training_steps):
            settings["training_steps"] = self._divided(steps[0])
        return replace(self, **settings)

    def _divided(self, total: int) -> tuple[int, ...]:
        """Steps of each phase: rounded to the nearest, the rest for the last; at least 1 for each."""
        phases: list[int] = []
        for steps in self.training_steps[:-1]:
            later = len(self.training_steps) - len(phases) - 1
            most = total - sum(phases) - later
            phases.append(max(1, min(round(total * steps / self.total_steps), most)))
        return (*phases, max(1, total - sum(phases)))

    def fine_tuning(self) -> "Recipe":
        """What follows with the rounding of int8: one cycle at a share of the highest rate, nothing averaged.

        As averages would be of weights on other steps of int8 than the weights that were rounded.
        """
        return replace(
            self,
            training_steps=(self.quantization_aware_steps,),
            learning_rates=(_FINE_TUNING_RATE_SHARE * max(self.learning_rates),),
            schedule=ONE_CYCLE,
            average_steps=0,
            patience_steps=0,
        )

    @property
    def total_steps(self) -> int:
        return sum(self.training_steps)

    def rate_at(self, step: int) -> float:
        """Learning rate of step 1..total_steps: that of the first phase not yet over."""
        start = 0
        for steps, rate in zip(self.training_steps, self.learning_rates, strict=True):
            if step <= start + steps:
                return rate if self.schedule == PHASES else rate * _one_cycle((step - start) / steps)
            start += steps
        return self.learning_rates[-1]

    def next_stop(self, step: int, chunk_steps: int) -> int:
        """Where to pause next: after a chunk, at a validation, or where a phase ends."""
        ends = [sum(self.training_steps[: count + 1]) for count in range(len(self.training_steps))]
        validation = (step // self.eval_step_interval + 1) * self.eval_step_interval
        return min([step + chunk_steps, validation, *(end for end in ends if end > step)])


def _one_cycle(done: float) -> float:
    """Share of the highest rate after this share of the steps: a straight line up, half a cosine down."""
    if done < _WARM_UP_SHARE:
        return max(done / _WARM_UP_SHARE, _LAST_RATE_SHARE)
    left = (1.0 - done) / (1.0 - _WARM_UP_SHARE)
    return max(0.5 - 0.5 * math.cos(math.pi * left), _LAST_RATE_SHARE)


ORIGINAL, STRONG, LISTENING = "original", "strong", "listening"
RECIPES = {
    ORIGINAL: Recipe(),
    STRONG: Recipe(
        training_steps=(12000,),
        learning_rates=(0.006,),
        batch_size=128,
        dropout=0.1,
        weight_decay=0.02,
        schedule=ONE_CYCLE,
        label_smoothing=0.05,
        average_steps=1000,
        feature_augmentation=FeatureAugmentation(
            shift_frames=5,
            time_stretch=0.06,
            frequency_warp=0.04,
            gain_db=6,
            tilt_db=2,
            noise_frequency=0.4,
            noise_volume=0.1,
            quieter_db=-20 * math.log10(MICROPHONE_GAINS[0]),
            louder_db=20 * math.log10(MICROPHONE_GAINS[1]),
            time_masks=2,
            time_mask_frames=4,
            frequency_masks=2,
            frequency_mask_bins=3,
        ),
    ),
}
RECIPES[LISTENING] = replace(
    RECIPES[STRONG], hard_negatives=8.0, unknown_per_word=2.0, unknown_bias=ON_VALIDATION
)
