"""The file that names the members of an ensemble and their weights."""

import json
import os
from pathlib import Path
from typing import Any

from train.challenge.scorers import Committee, convene
from train.core import runfolder
from train.core.errors import UserError
from train.core.outputs import Output, has_key

_MEMBERS = "ensemble_of"  # in the file: what shows that it is one
ENSEMBLE = Output(
    "holds an ensemble", "exists and is no earlier ensemble", has_key(_MEMBERS), example="ensemble.json"
)
_HOW = "make one with: earshot ensemble RUN RUN --out FILE"


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
        content = json.loads(path.read_text(encoding="utf-8"))
        members = content[_MEMBERS]
        runs = [path.parent / member["run"] for member in members]
        weights = [float(member["weight"]) for member in members]
        digests = [member["model_sha256"] for member in members]
        of_file = content["as_words"]
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file; {_HOW}") from error
    except (TypeError, KeyError, ValueError) as error:
        raise UserError(f"{path}: not an ensemble ({error!r}); {_HOW}") from error
    if words is None and of_file is not None:
        words = tuple(of_file)
    committee = convene(runs, words, weights)
    for run, now, then in zip(runs, committee.models_sha256, digests, strict=True):
        if now != then:
            raise UserError(
                f"{path}: the model of {run} is another than the one its weight was chosen for; make the "
                "ensemble again: earshot ensemble RUN RUN --out FILE --overwrite"
            )
    return committee
