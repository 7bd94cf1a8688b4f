"""How a network is trained: steps, rates, batches.

The defaults are the original's but for the optimizer and the weight decay
(docs/adr/0008-training-differences.md).
"""

from dataclasses import dataclass

from train.errors import UserError

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

    def __post_init__(self) -> None:
        if not len(self.training_steps) == len(self.learning_rates) > 0:
            raise UserError(
                f"--training-steps names {len(self.training_steps)} phases and --learning-rate "
                f"{len(self.learning_rates)}; expected as many of each, e.g. 12000,3000 and 0.001,0.0001"
            )
        for name, values in (
            ("--training-steps", self.training_steps),
            ("--learning-rate", self.learning_rates),
            ("--batch-size", (self.batch_size,)),
            ("--eval-step-interval", (self.eval_step_interval,)),
        ):
            if not all(value > 0 for value in values):
                raise UserError(f"{name} is {','.join(map(str, values))}, expected more than 0")
        if not 0 <= self.dropout < 1:
            raise UserError(f"--dropout is {self.dropout}, expected 0 to less than 1")
        if not 0 <= self.weight_decay <= 100:
            raise UserError(f"--weight-decay is {self.weight_decay}, expected 0 to 100")
        if self.optimizer not in OPTIMIZERS:
            raise UserError(f"--optimizer is {self.optimizer!r}, expected one of {', '.join(OPTIMIZERS)}")

    @property
    def total_steps(self) -> int:
        return sum(self.training_steps)

    def rate_at(self, step: int) -> float:
        """Learning rate of step 1..total_steps: that of the first phase not yet over."""
        end = 0
        for steps, rate in zip(self.training_steps, self.learning_rates, strict=True):
            end += steps
            if step <= end:
                return rate
        return self.learning_rates[-1]

    def next_stop(self, step: int, chunk_steps: int) -> int:
        """Where to pause next: after a chunk, at a validation, or where a phase ends."""
        ends = [sum(self.training_steps[: count + 1]) for count in range(len(self.training_steps))]
        validation = (step // self.eval_step_interval + 1) * self.eval_step_interval
        return min([step + chunk_steps, validation, *(end for end in ends if end > step)])
