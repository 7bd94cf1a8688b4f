"""The file that names the members of an ensemble and their weights."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.challenge.scorers import Committee, convene
from train.core import runfolder
from train.core.errors import UserError
from train.core.outputs import Output, has_key
from train.core.typed_json import Mismatch, decode, read
from train.settings.words import check_words

_MEMBERS = "ensemble_of"  # in the file: what shows that it is one
ENSEMBLE = Output(
    "holds an ensemble", "exists and is no earlier ensemble", has_key(_MEMBERS), example="ensemble.json"
)
_HOW = "make one with: earshot ensemble RUN RUN --out FILE"


@dataclass(frozen=True)
class _Member:
    """``run``: its folder, as seen from the file."""

    run: str
    model_sha256: str
    weight: float

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise UserError(f"weight is {self.weight:g}, expected 0 to 1")


@dataclass(frozen=True)
class _Ensemble:
    ensemble_of: tuple[_Member, ...]
    as_words: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.ensemble_of:
            raise UserError(f"{_MEMBERS} is empty")
        if self.as_words is not None:
            check_words(self.as_words, "as_words")


def write_ensemble(path: Path, committee: Committee, record: dict[str, Any]) -> None:
    """Write the members, as seen from the file, their weights and the hashes of their models."""
    members = [
        {"run": os.path.relpath(run, path.parent), "model_sha256": digest, "weight": weight}
        for run, digest, weight in zip(
            committee.runs, committee.models_sha256, committee.weights, strict=True
        )
    ]
    words = list(committee.words) if committee.words is not None else None
    runfolder.write_json(path, {_MEMBERS: members, "as_words": words, **record})


def read_ensemble(path: Path, words: tuple[str, ...] | None = None) -> Committee:
    """The committee that ``write_ensemble`` wrote.

    Args:
        words: to judge by; None: those that the weights were chosen for.
    Raises:
        UserError: not such a file, or a member has gone or was trained again.
    """
    try:
        found = decode(_Ensemble, read(path), "it")
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file; {_HOW}") from error
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {_HOW}") from error
    except Mismatch as error:
        raise UserError(f"{path}: not an ensemble ({error}); {_HOW}") from error
    runs = [path.parent / member.run for member in found.ensemble_of]
    committee = convene(runs, words or found.as_words, [member.weight for member in found.ensemble_of])
    for run, now, then in zip(runs, committee.models_sha256, found.ensemble_of, strict=True):
        if now != then.model_sha256:
            raise UserError(
                f"{path}: the model of {run} is another than the one its weight was chosen for; make the "
                "ensemble again: earshot ensemble RUN RUN --out FILE --overwrite"
            )
    return committee
