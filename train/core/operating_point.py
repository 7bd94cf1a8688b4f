"""When the smoothed scores of a stream become a detection: the settings of the device's recognizer.

``operating_points.json`` holds those that ``earshot tune`` measured, and which of them is in force; the
C of the firmware is generated from it, and Python decides by it.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.core import runfolder
from train.core.errors import UserError
from train.core.spec import ModelSpec

ORIGINAL, TUNED = NAMES = ("original", "tuned")
NEVER = 255  # a threshold that no mean exceeds
INFERENCE_STRIDE_ROWS = 5  # rows from one inference to the next, unless a program has another wish
# Scores that the recognizer keeps. One that finds no place is dropped, as in micro_speech: at 20 ms a window
# of 1000 ms would hold 51.
RECOGNIZER_CAPACITY = 50
_LIMITS = {"window_ms": 60_000, "suppression_ms": 3_600_000, "minimum_count": RECOGNIZER_CAPACITY}


@dataclass(frozen=True)
class OperatingPoint:
    """Settings of firmware/listener/recognizer.h.

    Attributes:
        window_ms: scores are averaged over this long.
        suppression_ms: the same label is news again only after more than this.
        minimum_count: fewer scores than this are no decision.
        thresholds: of each label: its mean score, 0 to 255, must exceed this; NEVER: it is not reported.
    """

    window_ms: int
    suppression_ms: int
    minimum_count: int
    thresholds: tuple[int, ...]

    def __post_init__(self) -> None:
        for name, most in _LIMITS.items():
            if not 1 <= getattr(self, name) <= most:
                raise UserError(f"operating point: {name} is {getattr(self, name)}, expected 1 to {most}")
        for threshold in self.thresholds:
            if not 0 <= threshold <= NEVER:
                raise UserError(f"operating point: a threshold is {threshold}, expected 0 to {NEVER}")

    @property
    def sha256(self) -> str:
        """Identifies the settings; the generated C has it."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def original(label_count: int) -> OperatingPoint:
    """The settings of TensorFlow's micro_speech: one high threshold for every label, over a long mean.

    Source:
        RecognizeCommands of micro_speech, as it is on the device.
    """
    return OperatingPoint(1000, 1500, 3, (200,) * label_count)


def in_force(run: Path, spec: ModelSpec) -> tuple[str, OperatingPoint]:
    """Name and settings of what the firmware of a run decides by; the original's where nothing was tuned.

    Raises:
        UserError: operating_points.json is of another model, or not as ``earshot tune`` writes it.
    """
    if not (run / runfolder.OPERATING_POINTS).is_file():
        return ORIGINAL, original(len(spec.labels))
    content = read_points(run, spec)
    return content["in_force"], point_of(content, content["in_force"], run, spec)


def read_points(run: Path, spec: ModelSpec) -> dict[str, Any]:
    """The content of operating_points.json, after checking that it is about this model.

    Raises:
        UserError: it is not there, or as for ``in_force``.
    """
    path = run / runfolder.OPERATING_POINTS
    if not path.is_file():
        raise UserError(f"{path}: nothing was tuned yet; begin with: earshot tune {run}")
    content = runfolder.read_json(path)
    if not isinstance(content, dict) or content.get("in_force") not in NAMES:
        raise UserError(f"{path}: 'in_force' is none of {', '.join(NAMES)}; {_remedy(run)}")
    if content.get("model_sha256") != spec.artefacts.get(runfolder.TFLITE):
        raise UserError(f"{path}: was made for another {runfolder.TFLITE}; {_remedy(run)}")
    for name in NAMES:
        point_of(content, name, run, spec)
    return content


def point_of(content: Mapping[str, Any], name: str, run: Path, spec: ModelSpec) -> OperatingPoint:
    """One of the points of operating_points.json."""
    path = run / runfolder.OPERATING_POINTS
    try:
        settings = dict(content["points"][name]["settings"])
        point = OperatingPoint(thresholds=tuple(settings.pop("thresholds")), **settings)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: its {name} point cannot be read ({error!r}); {_remedy(run)}") from error
    except UserError as error:
        raise UserError(f"{path}: {error}; {_remedy(run)}") from error
    if len(point.thresholds) != len(spec.labels):
        raise UserError(
            f"{path}: its {name} point has {len(point.thresholds)} thresholds, expected {len(spec.labels)}, "
            f"one for each label; {_remedy(run)}"
        )
    return point


def _remedy(run: Path) -> str:
    return f"make it again with: earshot tune {run}, or remove it for the original's settings"
