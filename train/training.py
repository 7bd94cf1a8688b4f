"""The stage that turns a corpus into a float model."""

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train import runfolder
from train.console import log
from train.corpus import TRAINING, VALIDATION
from train.job import Job, Material

CALIBRATION_CLIPS = 500


def train(job: Job, material: Material, run: Path, resume: bool, stop: bool) -> dict[str, Any]:
    """The first stage: RUN/model.keras, model.pb, labels.txt, calibration.npy, history.json, spec.json.

    Args:
        resume: go on from the run folder's last checkpoint.
        stop: do not train on, finish with the best weights so far.
    Returns:
        the timings_s and training sections of metrics.json.
    Raises:
        Interrupted: Ctrl-C during training; checkpoints are in the run folder.
        UserError: a network that cannot be built or frozen.
    """
    from train import architectures, bank, graphdef  # TensorFlow: seconds to import
    from train.fit import Trainer, make_deterministic

    spec = job.spec
    make_deterministic(job.seed)
    model = architectures.build(
        job.architecture, job.front_end, len(spec.labels), job.recipe.dropout, job.seed
    )
    started = time.monotonic()
    training_bank = bank.training_bank(
        material.splits[TRAINING],
        material.audio,
        job.front_end,
        job.augmentation,
        material.corpus.sha256,
        job.seed,
        job.bank_clips,
    )
    validation = material.splits[VALIDATION]
    validation_bank = bank.plain_bank(validation, material.audio.plain(validation), job.front_end)
    features_s = time.monotonic() - started
    log(f"features: {len(training_bank)} training clips in {features_s:.1f} s")

    trainer = Trainer(model, spec, job.recipe, training_bank, validation_bank, run, material.corpus.sha256)
    if resume and not trainer.resume() and not stop:
        log("no checkpoint yet: training from the start")
    state = trainer.stop_here() if stop else trainer.run()

    with runfolder.atomic_path(run / runfolder.KERAS) as temporary:
        model.save(temporary)
    runfolder.write_bytes(run / runfolder.GRAPHDEF, graphdef.freeze(model, job.front_end))
    runfolder.write_text(run / runfolder.LABELS, "\n".join(spec.labels))
    with runfolder.atomic_path(run / runfolder.CALIBRATION) as temporary:
        np.save(temporary, _calibration(training_bank.features))
    runfolder.write_json(
        run / runfolder.HISTORY, {"training": state.training, "validation": state.validation}
    )
    runfolder.write_spec(
        run, spec, [runfolder.KERAS, runfolder.GRAPHDEF, runfolder.LABELS, runfolder.CALIBRATION]
    )
    return {
        "timings_s": {"features": round(features_s, 1), "training": round(state.seconds, 1)},
        "training": {
            "steps": state.step,
            "best_step": state.best_step,
            "best_validation_accuracy": state.best_accuracy,
            "steps_per_s": round(state.step / state.seconds, 1) if state.seconds else 0.0,
        },
        "network": {
            "parameters": model.count_params(),
            "macs": architectures.count_macs(model),
        },
    }


def _calibration(features: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Representative clips for quantization: evenly spaced through the (shuffled) training bank."""
    stride = max(1, math.ceil(len(features) / CALIBRATION_CLIPS))
    return np.ascontiguousarray(features[::stride])
