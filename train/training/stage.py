"""The stage that turns a corpus into a float model."""

import math
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from train.core import runfolder
from train.core.console import log, warn
from train.core.errors import UserError, typed
from train.core.installation import cache_root, earshot_version
from train.core.layout import TRAINING, VALIDATION
from train.core.results.training import CurvePoint, Curves, History, Stage, Training, TrainingPoint
from train.core.spec import UNKNOWN_LABEL
from train.data import feature_cache
from train.data.dataset import Split
from train.data.job_data import Material
from train.settings.job import Job
from train.settings.recipe import CACHED, ON_VALIDATION, Recipe
from train.training.cluster import Distribution

if TYPE_CHECKING:
    import keras

    from train.training.checkpoint import State
    from train.training.distribute import Replicas

CALIBRATION_CLIPS = 500
_FINE_TUNING = "quantization_aware"
_NOISE_CLIPS = 2000  # of background noise that a recipe may mix into features


@dataclass(frozen=True)
class Trained:
    """What the next stage is told beside the files: what training cost, and the size of the network."""

    timings_s: dict[str, float]
    training: Training
    parameters: int
    macs: int


def meet(job: Job, material: Material, distribution: Distribution) -> "Replicas":
    """Wait for the replicas that are to train, and check that all have the same settings.

    Raises:
        UserError: workers with other settings, or a batch that cannot be shared evenly.
        WorkerLost: a worker that does not come.
    """
    from train.training import distribute  # TensorFlow: seconds to import

    replicas = distribute.connect(distribution)
    with replicas.watched():
        replicas.check_same(_common(job, material))
        replicas.check_batch(job.recipe.batch_size)
    return replicas


def train(
    job: Job,
    material: Material,
    run: Path,
    resume: bool,
    stop: bool,
    distribution: Distribution,
    replicas: "Replicas | None" = None,
) -> Trained | None:
    """The first stage: RUN/model.keras, model.pb, labels.txt, history.json, spec.json, and calibration.npy.

    Args:
        resume: go on from the run folder's last checkpoint.
        stop: do not train on, finish with the best weights so far.
        distribution: where the bank lies, and whose part of it is made here.
        replicas: those of ``meet``. Only the chief writes into the run folder.
    Returns:
        what it cost; None of any worker but the chief.
    Raises:
        Interrupted: Ctrl-C during training; checkpoints are in the run folder.
        UserError: a network that cannot be built or frozen.
        WorkerLost: another worker is gone.
    """
    from train import architectures
    from train.graphdef import freeze  # TensorFlow: seconds to import
    from train.training.distillation import check_teachers, load_teacher
    from train.training.distribute import Replicas
    from train.training.quantization_aware import aware
    from train.training.start import HEAD, begin, only_head, recipes
    from train.training.trainer import Trainer, make_deterministic

    spec, teachers = job.spec, tuple(map(Path, job.teachers))
    is_cached = job.recipe.teacher_scores == CACHED
    check_teachers(teachers, spec, is_cached=is_cached)
    if teachers and is_cached and not distribution.is_alone:
        raise UserError(
            f"--teacher-scores cached: the scores are kept beside a bank on this computer; leave it out, or "
            f"--distribute {distribution.kind}"
        )
    replicas = replicas or Replicas()
    make_deterministic(job.seed)

    def build() -> "keras.Model":
        return architectures.build(
            job.architecture, job.front_end, len(spec.labels), job.recipe.dropout, job.seed
        )

    def trained(network: "keras.Model", recipe: Recipe, by: Replicas, stage: str = "") -> "State":
        banks = (training_bank, validation_bank)
        trainer = Trainer(network, spec, recipe, *banks, run, material.corpus_sha256, teacher, stage, by)
        if resume and by.is_chief and not trainer.resume() and not stop:
            log(f"{stage or 'training'}: no checkpoint yet, from the start")
        return trainer.stop_here() if stop else trainer.run()

    with replicas.watched(run):
        with replicas.scope():
            model = build()
        teacher = None if is_cached else load_teacher(teachers)
        started = time.monotonic()
        training_bank = _training_bank(job, material, distribution)
        validation_bank = feature_cache.plain_bank(material.splits[VALIDATION], material.main.clips)
        features_s = time.monotonic() - started
        log(f"features: {len(training_bank)} training clips in {features_s:.1f} s")
        if replicas.is_chief:
            log(f"curves: look at them with: {_tensorboard()} --logdir {typed(run / runfolder.LOGS)}")
        recipe = job.recipe
        if job.start_from is not None:
            begin(model, job)
            head_recipe, recipe = recipes(job.recipe, material.recordings_per_word(job.words))
            only_head(model, True)
            trained(model, head_recipe, replicas, HEAD)
            only_head(model, False)
        state = trained(model, recipe, replicas)
        replicas.leave()
    if not replicas.is_chief:
        return None
    if not replicas.is_alone:
        distributed, model = model, build()  # its variables are those of one device again
        model.set_weights(distributed.get_weights())
    tuned = None
    if job.recipe.quantization_aware_steps and not stop:  # the chief alone: a small part of the steps
        tuned = trained(aware(model), job.recipe.fine_tuning(), Replicas(), _FINE_TUNING)
    unknown_bias, temperature = _settled(model, job, material.splits, validation_bank)

    with runfolder.atomic_path(run / runfolder.KERAS) as temporary:
        model.save(temporary)
    runfolder.write_bytes(run / runfolder.GRAPHDEF, freeze.freeze(model, job.front_end))
    runfolder.write_text(run / runfolder.LABELS, "\n".join(spec.labels))
    artefacts = [runfolder.KERAS, runfolder.GRAPHDEF, runfolder.LABELS]
    if job.front_end.is_deployable:
        with runfolder.atomic_path(run / runfolder.CALIBRATION) as temporary:
            np.save(temporary, _calibration(training_bank.features))
        artefacts.append(runfolder.CALIBRATION)
    curves = {} if tuned is None else {_FINE_TUNING: Curves(**_curves(tuned))}
    model_sha256 = runfolder.sha256_file(run / runfolder.GRAPHDEF)  # model.keras has the time in it
    History(**_curves(state), **curves, model_sha256=model_sha256).write(run / runfolder.HISTORY)
    runfolder.write_spec(run, spec, artefacts)
    is_shared = replicas.count > 1
    return Trained(
        timings_s={"features": round(features_s, 1), "training": round(state.seconds, 1)},
        training=Training(
            **_in_short(state),
            distribute=distribution.kind if is_shared else None,
            replicas=replicas.count if is_shared else None,
            unknown_bias=unknown_bias,
            temperature=temperature,
            quantization_aware=None if tuned is None else Stage(**_in_short(tuned)),
        ),
        parameters=architectures.count_parameters(model),
        macs=architectures.count_macs(model),
    )


def _settled(
    model: "keras.Model", job: Job, splits: Mapping[str, Split], validation: feature_cache.Bank
) -> tuple[float | None, float | None]:
    """Change the last layer by what fits the validation clips; bias and temperature, or None: as trained."""
    from train.architectures import is_logistic
    from train.training.last_layer import (
        best_temperature,
        best_unknown_bias,
        logits_layer,
        settle,
        with_unknown_bias,
    )
    from train.training.opinions import log_probabilities

    shifts, divides = job.recipe.unknown_bias == ON_VALIDATION, job.recipe.temperature == ON_VALIDATION
    if not (shifts or divides):
        return None, None
    if is_logistic(model):
        if divides:
            warn(f"--temperature {ON_VALIDATION}: labels are asked for each on its own; nothing to divide")
        return None, None
    layer = logits_layer(model)
    if layer is None:
        warn("the network has no dense layer before its softmax: its scores stay as trained")
        return None, None
    scores = log_probabilities(model, job.front_end, validation, "validation scores")
    bias = temperature = None
    if shifts and layer.use_bias:
        bias = best_unknown_bias(scores, validation.labels, _expected_unknown_bias(job, splits))
        scores = with_unknown_bias(scores, bias)
    elif shifts:
        warn(f"--unknown-bias {ON_VALIDATION}: the network's last layer has none to change")
    if divides:
        temperature = best_temperature(scores, validation.labels)
    settle(layer, bias or 0.0, temperature or 1.0)
    for name, value in (f"bias of {UNKNOWN_LABEL}", bias), ("temperature of the scores", temperature):
        if value is not None:
            log(f"{name}: {value:.2g}, for {len(validation)} validation clips")
    return bias, temperature


def _expected_unknown_bias(job: Job, splits: Mapping[str, Split]) -> float:
    from train.training.last_layer import expected_unknown_bias

    trained, validated = (splits[name].unknown_per_word(job.spec.labels) for name in (TRAINING, VALIDATION))
    too_often = trained / validated if trained and validated else 1.0
    return expected_unknown_bias(too_often, is_hard=job.recipe.hard_negatives > 0)


def _tensorboard() -> str:
    """The program, as it is called here."""
    beside_python = Path(sys.executable).with_name("tensorboard")
    if shutil.which("tensorboard") or not beside_python.is_file():
        return "tensorboard"
    here = Path.cwd()
    return typed(beside_python.relative_to(here) if beside_python.is_relative_to(here) else beside_python)


def _curves(state: "State") -> dict[str, Any]:
    """The fields of ``Curves``."""
    return {
        "training": tuple(TrainingPoint(**point) for point in state.training),
        "validation": tuple(CurvePoint(**point) for point in state.validation),
    }


def _in_short(state: "State") -> dict[str, Any]:
    """The fields of ``Stage``."""
    return {
        "steps": state.step,
        "best_step": state.best_step,
        "best_validation_accuracy": state.best_accuracy,
        "steps_per_s": round(state.step / state.seconds, 1) if state.seconds else 0.0,
    }


def _common(job: Job, material: Material) -> dict[str, Any]:
    """The settings that must be the same on all workers.

    Not the places where each finds the clips, nor who named the values.
    """
    settings = job.settings()
    for name in ("data", "test_data", "preset"):
        settings.pop(name)
    settings["extra_data"] = [extra.share for extra in job.extra_data]
    return {"version": earshot_version(), "corpus": material.corpus_sha256, **settings}


def _training_bank(job: Job, material: Material, distribution: Distribution) -> feature_cache.Bank:
    """Gather the clips of every training corpus, each corpus with its share of a batch."""
    trained_on = [
        (material.splits[TRAINING], material.main),
        *((extra.split, extra.collection) for extra in material.extras),
    ]
    requests = [
        feature_cache.BankRequest(
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
    if distribution.is_alone and distribution.bank_folder is None:
        banks = [feature_cache.training_bank(request) for request in requests]
    else:
        from train.training.shards import sharded_bank  # TensorFlow

        folder = distribution.bank_folder or cache_root() / "banks"
        banks = [sharded_bank(request, folder, distribution.cluster) for request in requests]
    if job.recipe.hard_negatives:
        banks = [
            replace(bank, is_made_up=request.is_made_up)
            for bank, request in zip(banks, requests, strict=True)
        ]
    if job.teachers and job.recipe.teacher_scores == CACHED:
        from train.training.opinions import opinions_of  # TensorFlow

        runs = tuple(map(Path, job.teachers))
        banks = [
            replace(bank, opinions=opinions_of(runs, request, bank))
            for bank, request in zip(banks, requests, strict=True)
        ]
    shares = [extra.share for extra in material.extras]
    joined = feature_cache.join(banks, [1.0 - sum(shares), *shares])
    if not job.recipe.feature_augmentation.noise_frequency:
        return joined
    return replace(joined, noise=material.main.audio.noise_features(_NOISE_CLIPS))


def _calibration(features: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pick clips for quantization, evenly spaced through the shuffled training bank."""
    stride = max(1, math.ceil(len(features) / CALIBRATION_CLIPS))
    return np.ascontiguousarray(features[::stride])
