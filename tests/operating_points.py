"""A run folder whose firmware is to decide by a point of the test's choice."""

import dataclasses
from pathlib import Path

from train.core import runfolder
from train.core.operating_point import ORIGINAL, TUNED, OperatingPoint, original


def put_in_force(run: Path, point: OperatingPoint) -> None:
    """operating_points.json with nothing but settings: what codegen and the twin read of it."""
    spec = runfolder.read_spec(run)
    points = {ORIGINAL: original(len(spec.labels)), TUNED: point}
    content = {
        "model_sha256": spec.artefacts[runfolder.TFLITE],
        "in_force": TUNED,
        "points": {name: {"settings": dataclasses.asdict(point)} for name, point in points.items()},
    }
    runfolder.write_json(run / runfolder.OPERATING_POINTS, content)
