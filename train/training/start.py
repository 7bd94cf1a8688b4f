"""Transfer: a run begins with the weights of another one, all but those of the head, which knows other words.

The head is trained first, on what the trunk makes of the clips; then everything. Where recordings are few, or
none, that is at a small rate, so that they do not wash away what the trunk knows of voices.
"""

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from train.core import runfolder
from train.core.console import log
from train.core.errors import UserError
from train.core.pretrained.models import run_of, shipped
from train.core.spec import FrontEnd, ModelSpec
from train.data.takes import FEW_RECORDINGS
from train.settings.job import Job, StartFrom
from train.settings.presets import PRESETS, Preset
from train.settings.recipe import PHASES, Recipe

if TYPE_CHECKING:
    import keras

HEAD = "head"  # the stage
NOTHING = "nothing"  # in place of a run: from weights of chance
_LENGTH = "clip_duration_ms"  # the one setting of a front end that weights need not depend on
_HEAD_SHARE = 0.2  # of the steps
_GENTLE_RATE_SHARE = 0.3  # of the recipe's rates, for all weights, where recordings are few


def start_of(text: str) -> StartFrom:
    """What ``--start-from`` names: a run folder, or a model that ships.

    Raises:
        UserError: there is no such run.
    """
    return _start(text, run_of(text))


def usual_start(preset: Preset, architecture: str, front_end: FrontEnd) -> StartFrom | None:
    """What a job begins with that names no start: that of its preset, where network and front end fit."""
    folder = shipped(preset.start_from)
    if folder is None:
        return None
    spec = runfolder.read_spec(folder, needs=[runfolder.KERAS])
    if spec.architecture != architecture or _differing(spec.front_end, front_end):
        return None
    return StartFrom(preset.start_from, spec.artefacts[runfolder.KERAS])


def _start(name: str, run: Path) -> StartFrom:
    return StartFrom(name, runfolder.read_spec(run, needs=[runfolder.KERAS]).artefacts[runfolder.KERAS])


def _run(start: StartFrom) -> Path:
    """Where a start is; a folder here may have the name of the model that ships, and be another one."""
    folder = shipped(start.run)
    if folder is not None and _start(start.run, folder) == start:
        return folder
    return run_of(start.run)


def check_start(job: Job) -> None:
    """Refuse a start that does not fit the job, before anything is computed.

    Raises:
        UserError: no such run, another network or front end, or no longer the same weights.
    """
    if job.start_from is None:
        return
    where = f"--start-from {job.start_from.run}"
    spec = runfolder.read_spec(_run(job.start_from), needs=[runfolder.KERAS])
    if spec.artefacts[runfolder.KERAS] != job.start_from.sha256:
        raise UserError(
            f"{where}: is no longer the model that this run began with; start again with --overwrite"
        )
    if spec.architecture != job.architecture:
        raise UserError(
            f"{where}: its network is {spec.architecture}, that of this job {job.architecture}; pass "
            f"{_flags(spec)}"
        )
    unlike = _differing(spec.front_end, job.front_end)
    if unlike == [_LENGTH] and _has_weights_for_any_length(spec, job):
        return
    if unlike:
        found = ", ".join(f"{name} {getattr(spec.front_end, name)}" for name in unlike)
        here = ", ".join(str(getattr(job.front_end, name)) for name in unlike)
        length = f" --clip-duration-ms {spec.front_end.clip_duration_ms}" if _LENGTH in unlike else ""
        raise UserError(
            f"{where}: its front end has {found}, that of this job {here}; pass {_flags(spec)}{length}"
        )


def _has_weights_for_any_length(spec: ModelSpec, job: Job) -> bool:
    """Whether the network's weights are the same where it hears longer clips than the start did."""
    from train import architectures

    shapes = []
    for front_end in (spec.front_end, job.front_end):
        network = architectures.build(job.architecture, front_end, len(job.spec.labels), 0.0, job.seed)
        shapes.append([tuple(weight.shape) for weight in network.weights])
    return shapes[0] == shapes[1]


def begin(model: "keras.Model", job: Job) -> None:
    """Put the weights of the start into an untrained model.

    The rows of the head are taken for the labels that both know; silence and unknown are.

    Raises:
        UserError: the network is a head without a trunk.
    """
    from train import architectures

    assert job.start_from is not None
    run = _run(job.start_from)
    labels, known = job.spec.labels, runfolder.read_spec(run).labels
    source = architectures.load(run / runfolder.KERAS)
    head, weighted = head_of(model), [layer for layer in model.layers if layer.weights]
    if len(weighted) == 1:
        raise UserError(
            f"--start-from {job.start_from.run}: {job.architecture} has one layer alone, which knows the "
            "words; there is nothing to begin with"
        )
    for layer in weighted:
        if layer is not head:
            layer.set_weights(source.get_layer(layer.name).get_weights())
    shared = [label for label in labels if label in known]
    new, old = ([names.index(label) for label in shared] for names in (labels, known))
    values = head.get_weights()
    for value, trained in zip(values, source.get_layer(head.name).get_weights(), strict=True):
        value[..., new] = trained[..., old]
    head.set_weights(values)
    log(f"start: all layers but the head from {job.start_from.run}; of the head {', '.join(shared)}")


def head_of(model: "keras.Model") -> "keras.Layer":
    """The layer that has an output for each label."""
    return [layer for layer in model.layers if layer.weights][-1]


def only_head(model: "keras.Model", alone: bool) -> None:
    """Let training change the head alone, or everything again."""
    head = head_of(model)
    for layer in model.layers:
        layer.trainable = layer is head or not alone


def recipes(recipe: Recipe, recordings_per_word: float) -> tuple[Recipe, Recipe]:
    """A recipe in two: for the head, then for all; as many steps together."""
    head_steps = max(1, round(_HEAD_SHARE * recipe.total_steps))
    rest = max(len(recipe.training_steps), recipe.total_steps - head_steps)
    head = replace(
        recipe,
        training_steps=(head_steps,),
        learning_rates=(max(recipe.learning_rates),),
        schedule=PHASES,
        average_steps=0,
    )
    share = _GENTLE_RATE_SHARE if recordings_per_word < FEW_RECORDINGS else 1.0
    rates = tuple(share * rate for rate in recipe.learning_rates)
    return head, recipe.changed(training_steps=(rest,), learning_rates=rates)


def _differing(one: FrontEnd, other: FrontEnd) -> list[str]:
    """Names of the settings in which two front ends differ."""
    names = (field.name for field in fields(FrontEnd))
    return [name for name in names if getattr(one, name) != getattr(other, name)]


def _flags(spec: ModelSpec) -> str:
    """What gives a job this network and front end."""
    front_end, named = (
        spec.front_end,
        f"--preprocess {spec.front_end.name} --architecture {spec.architecture}",
    )
    for preset in PRESETS.values():
        of_preset = (preset.preprocess, preset.architecture, preset.window_stride_ms)
        if of_preset == (front_end.name, spec.architecture, front_end.window_stride_ms):
            named = f"--preset {preset.name}"
    return named
