"""The stage that turns a corpus into a float model."""

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from train import bank, runfolder
from train.console import log
from train.corpus import TRAINING, VALIDATION
from train.job import Job
from train.material import Material
from train.recipe import Recipe

if TYPE_CHECKING:
    import keras

    from train.fit import State

CALIBRATION_CLIPS = 500
_FINE_TUNING = "quantization_aware"
_NOISE_CLIPS = 2000  # of background noise that a recipe may mix into features


def train(job: Job, material: Material, run: Path, resume: bool, stop: bool) -> dict[str, Any]:
    """The first stage: RUN/model.keras, model.pb, labels.txt, history.json, spec.json, and calibration.npy.

    Args:
        resume: go on from the run folder's last checkpoint.
        stop: do not train on, finish with the best weights so far.
    Returns:
        the timings_s and training sections of metrics.json.
    Raises:
        Interrupted: Ctrl-C during training; checkpoints are in the run folder.
        UserError: a network that cannot be built or frozen.
    """
    from train import architectures, graphdef  # TensorFlow: seconds to import
    from train.fit import Trainer, make_deterministic
    from train.quantization_aware import aware
    from train.teacher import check_teachers, load_teacher

    spec, teachers = job.spec, tuple(map(Path, job.teachers))
    check_teachers(teachers, spec)
    make_deterministic(job.seed)
    model = architectures.build(
        job.architecture, job.front_end, len(spec.labels), job.recipe.dropout, job.seed
    )
    started = time.monotonic()
    training_bank = _training_bank(job, material)
    validation_bank = bank.plain_bank(material.splits[VALIDATION], material.main.clips)
    features_s = time.monotonic() - started
    log(f"features: {len(training_bank)} training clips in {features_s:.1f} s")

    teacher = load_teacher(teachers)

    def trained(network: "keras.Model", recipe: Recipe, name: str = "") -> "State":
        banks = (training_bank, validation_bank)
        trainer = Trainer(network, spec, recipe, *banks, run, material.corpus_sha256, teacher, name)
        if resume and not trainer.resume() and not stop:
            log(f"{name or 'training'}: no checkpoint yet, from the start")
        return trainer.stop_here() if stop else trainer.run()

    state = trained(model, job.recipe)
    history: dict[str, Any] = {"training": state.training, "validation": state.validation}
    fine_tuned: dict[str, Any] = {}
    if job.recipe.quantization_aware_steps and not stop:
        tuning = trained(aware(model), job.recipe.fine_tuning(), _FINE_TUNING)
        history[_FINE_TUNING] = {"training": tuning.training, "validation": tuning.validation}
        fine_tuned[_FINE_TUNING] = _in_short(tuning)

    with runfolder.atomic_path(run / runfolder.KERAS) as temporary:
        model.save(temporary)
    runfolder.write_bytes(run / runfolder.GRAPHDEF, graphdef.freeze(model, job.front_end))
    runfolder.write_text(run / runfolder.LABELS, "\n".join(spec.labels))
    artefacts = [runfolder.KERAS, runfolder.GRAPHDEF, runfolder.LABELS]
    if job.front_end.is_deployable:
        with runfolder.atomic_path(run / runfolder.CALIBRATION) as temporary:
            np.save(temporary, _calibration(training_bank.features))
        artefacts.append(runfolder.CALIBRATION)
    runfolder.write_json(run / runfolder.HISTORY, history)
    runfolder.write_spec(run, spec, artefacts)
    return {
        "timings_s": {"features": round(features_s, 1), "training": round(state.seconds, 1)},
        "training": _in_short(state) | fine_tuned,
        "network": {
            "parameters": architectures.count_parameters(model),
            "macs": architectures.count_macs(model),
        },
    }


def _in_short(state: "State") -> dict[str, Any]:
    return {
        "steps": state.step,
        "best_step": state.best_step,
        "best_validation_accuracy": state.best_accuracy,
        "steps_per_s": round(state.step / state.seconds, 1) if state.seconds else 0.0,
    }


def _training_bank(job: Job, material: Material) -> bank.Bank:
    """The clips of every corpus that is trained on, each with its share of a batch."""
    trained_on = [
        (material.splits[TRAINING], material.main),
        *((extra.split, extra.collection) for extra in material.extras),
    ]
    banks = [
        bank.training_bank(
            split,
            collection.clips,
            job.front_end,
            job.augmentation,
            collection.corpus.sha256,
            job.seed,
            job.bank_clips,
        )
        for split, collection in trained_on
    ]
    shares = [extra.share for extra in material.extras]
    joined = bank.join(banks, [1.0 - sum(shares), *shares])
    if not job.recipe.feature_augmentation.noise_frequency:
        return joined
    return replace(joined, noise=material.main.audio.noise_features(_NOISE_CLIPS))


def _calibration(features: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Representative clips for quantization: evenly spaced through the (shuffled) training bank."""
    stride = max(1, math.ceil(len(features) / CALIBRATION_CLIPS))
    return np.ascontiguousarray(features[::stride])
