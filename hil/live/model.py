"""Which run listens: the one that is named, by its folder or its model, or the newest."""

from dataclasses import dataclass
from pathlib import Path

from train.core import runfolder
from train.core.errors import UserError
from train.core.layout import SOUND_SUFFIXES
from train.core.operating_point import OperatingPoint, in_force
from train.core.spec import ModelSpec

_RUNS = Path("out")  # where earshot train puts them


@dataclass(frozen=True)
class LiveModel:
    """What it takes to listen.

    Attributes:
        point_name: of the operating point in force.
    """

    run: Path
    spec: ModelSpec
    point_name: str
    point: OperatingPoint


def load_model(place: Path) -> LiveModel:
    """The model of a run folder.

    Args:
        place: the folder, or the model.tflite in it.
    Raises:
        UserError: neither of the two, or the run was not finished.
    """
    run = run_of(place)
    spec = runfolder.read_spec(run, needs=[runfolder.TFLITE])
    return LiveModel(run, spec, *in_force(run, spec))


def newest_run(runs: Path = _RUNS) -> Path:
    """The run folder whose model was made last.

    Raises:
        UserError: there is none.
    """
    found = [path for path in runs.glob(f"*/{runfolder.TFLITE}") if (path.parent / runfolder.SPEC).is_file()]
    if not found:
        raise UserError(
            f"{runs}/: holds no finished run, and none was named; name a run folder, as in: earshot listen "
            "out/yes_no; or make one with: earshot train --words yes,no"
        )
    return max(found, key=lambda path: path.stat().st_mtime).parent


def run_of(place: Path) -> Path:
    """The run folder of a place.

    Raises:
        UserError: it is another file.
    """
    if place.is_dir() or not place.exists():
        return place  # read_spec tells what is missing
    run = place.parent
    if place.suffix.lower() in SOUND_SUFFIXES:
        raise UserError(
            f"{place}: is a recording, expected a run folder; let a run hear it with --wav {place}"
        )
    if place.name != runfolder.TFLITE or not (run / runfolder.SPEC).is_file():
        raise UserError(
            f"{place}: is no {runfolder.TFLITE} with a {runfolder.SPEC} beside it; a model alone does not "
            "say its labels nor how sound becomes its input, so name a run folder of earshot train"
        )
    return run
