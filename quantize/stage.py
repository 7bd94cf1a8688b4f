"""The stage: model.keras and calibration.npy of a run folder to an audited model.tflite."""

from pathlib import Path

import numpy as np

from quantize.audit import Audit, audit
from quantize.convert import convert
from quantize.slim import slim
from train import architectures
from train.core import runfolder
from train.core.errors import UserError
from train.core.files.arrays import NoArrays, read_npy

_MOST_CALIBRATION_BYTES = 1 << 28  # training leaves a few thousand clips


def quantize(run: Path) -> Audit:
    """Write RUN/model.tflite and its hash into RUN/spec.json.

    Raises:
        UserError: files missing or not belonging together, a front end that no board has, or a
            model that does not come out as full int8.
    """
    run = Path(run)
    runfolder.read_spec(run).front_end.check_deployable(run)
    spec = runfolder.read_spec(run, needs=[runfolder.KERAS, runfolder.CALIBRATION])
    shape = (spec.front_end.frames, spec.front_end.bins)
    try:
        calibration = read_npy(run / runfolder.CALIBRATION, _MOST_CALIBRATION_BYTES)
    except NoArrays as error:
        raise UserError(
            f"{run / runfolder.CALIBRATION}: not an array that can be read ({error}); train again"
        ) from error
    if calibration.dtype != np.uint8 or calibration.shape[1:] != shape or not len(calibration):
        raise UserError(
            f"{run / runfolder.CALIBRATION}: {calibration.dtype} {calibration.shape}, expected uint8 "
            f"(n, {shape[0]}, {shape[1]}); train again"
        )
    where = str(run / runfolder.TFLITE)
    model = architectures.load(run / runfolder.KERAS)
    tflite = slim(convert(model, calibration, spec.front_end, where), where)
    result = audit(tflite, spec.front_end, where)
    runfolder.write_bytes(run / runfolder.TFLITE, tflite)
    runfolder.write_spec(run, spec, [runfolder.TFLITE])
    return result
