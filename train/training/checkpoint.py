"""How far training has come, and the arrays of a checkpoint."""

import math
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
# A run that was stopped before its first validation has no loss yet.
_NO_LOSS = '"best_loss": Infinity, '


@dataclass
class State:
    """How far training has come; the weights are kept beside this."""

    step: int = 0
    best_step: int = 0
    best_accuracy: float = -1.0
    best_loss: float = math.inf
    corpus_sha256: str = ""
    seconds: float = 0.0
    training: list[dict[str, float]] = field(default_factory=list)
    validation: list[dict[str, float]] = field(default_factory=list)

    def improves(self, accuracy: float, loss: float) -> bool:
        """Better accuracy, or the same with a lower loss: small validation sets tie often."""
        return (accuracy, -loss) > (self.best_accuracy, -self.best_loss)


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
    best_loss: float = math.inf


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
    return State(**{**vars(saved), "training": list(saved.training), "validation": list(saved.validation)})
