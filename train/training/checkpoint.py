"""How far training has come, and the arrays of a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from train.core.errors import UserError
from train.core.files.arrays import NoArrays, open_npz
from train.core.files.plain import reason
from train.core.typed_json import Mismatch, decode, parse

_STATE = "state"  # the array beside those of the variables: JSON
_MOST_STATE_BYTES = 100_000_000
# Of earlier versions, where a run was stopped before its first validation.
_NO_LOSS = '"best_loss": Infinity, '


@dataclass
class State:
    """How far training has come; the weights are kept beside this.

    Attributes:
        best_step: of the last validation with the highest accuracy, whose weights are kept.
        risen_step: of the first one with it.
    """

    step: int = 0
    best_step: int = 0
    best_accuracy: float = -1.0
    risen_step: int = 0
    corpus_sha256: str = ""
    seconds: float = 0.0
    training: list[dict[str, float]] = field(default_factory=list)
    validation: list[dict[str, float]] = field(default_factory=list)

    def validated(self, accuracy: float) -> bool:
        """Take in a validation at this step; whether its weights are to be kept.

        Of equal accuracies the last one is. A handful of clips ties often, and its loss is that of the one
        which the network gets wrong: lowest at the beginning, when it is sure of nothing.
        """
        if accuracy < self.best_accuracy:
            return False
        if accuracy > self.best_accuracy:
            self.risen_step = self.step
        self.best_step, self.best_accuracy = self.step, accuracy
        return True


@dataclass(frozen=True)
class _Saved:
    """A ``State`` as JSON has it."""

    step: int
    best_step: int
    best_accuracy: float
    corpus_sha256: str
    seconds: float
    training: tuple[Mapping[str, float], ...]
    validation: tuple[Mapping[str, float], ...]
    risen_step: int | None = None  # None: of an earlier version


def load(path: Path, variables: list[Any]) -> State:
    """Put a checkpoint's arrays into variables; return the state that was saved with them.

    Raises:
        UserError: no checkpoint, a damaged one, or one of another network.
    """
    most_bytes = sum(int(np.prod(variable.shape)) * 8 for variable in variables) + _MOST_STATE_BYTES
    try:
        with open_npz(path, most_bytes) as saved:
            names = sorted(name for name in saved.headers if name != _STATE)
            found = [(saved.headers[name].shape, saved.headers[name].dtype.name) for name in names]
            if found != [(tuple(variable.shape), variable.dtype) for variable in variables]:
                raise UserError(
                    f"{path}: was saved for another network; remove the run folder and train again"
                )
            arrays = [saved.read(name) for name in names]
            state = _state(str(saved.read(_STATE)))
    except (OSError, NoArrays, Mismatch) as error:
        raise UserError(
            f"{path}: not a checkpoint that can be read ({reason(error)}); remove the file to train from "
            "the start"
        ) from error
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return state


def _state(text: str) -> State:
    saved = decode(_Saved, parse(text.replace(_NO_LOSS, ""), _STATE), _STATE)
    risen_step = saved.best_step if saved.risen_step is None else saved.risen_step
    lists = {"training": list(saved.training), "validation": list(saved.validation)}
    return State(**vars(saved) | lists | {"risen_step": risen_step})
