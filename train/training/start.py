"""Transfer: a run begins with the weights of another one, all but those of the head, which knows other words.

The head is trained first, on what the trunk makes of the clips; then everything, at a small rate, so that
what the trunk knows of voices is not washed away by a few recordings.
"""

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from train.core import runfolder
from train.core.console import log
from train.core.errors import UserError
from train.core.pretrained.models import run_of
from train.core.spec import FrontEnd, ModelSpec
from train.settings.job import Job, StartFrom
from train.settings.presets import PRESETS
from train.settings.recipe import PHASES, Recipe

if TYPE_CHECKING:
    import keras

HEAD = "head"  # the stage
_HEAD_SHARE = 0.2  # of the steps
_GENTLE_RATE_SHARE = 0.3  # of the recipe's rates, for all weights


def start_of(text: str) -> StartFrom:
    """What ``--start-from`` names: a run folder, or a model that ships.

    Raises:
        UserError: there is no such run.
    """
    spec = runfolder.read_spec(run_of(text), needs=[runfolder.KERAS])
    return StartFrom(text, spec.artefacts[runfolder.KERAS])


def check_start(job: Job) -> None:
    """Refuse a start that does not fit the job, before anything is computed.

    Raises:
        UserError: no such run, another network or front end, or no longer the same weights.
    """
    if job.start_from is None:
        return
    where = f"--start-from {job.start_from.run}"
    spec = runfolder.read_spec(run_of(job.start_from.run), needs=[runfolder.KERAS])
    if spec.artefacts[runfolder.KERAS] != job.start_from.sha256:
        raise UserError(
            f"{where}: is no longer the model that this run began with; start again with --overwrite"
        )
    if spec.architecture != job.architecture:
        raise UserError(
            f"{where}: its network is {spec.architecture}, that of this job {job.architecture}; pass "
            f"{_flags(spec)}"
        )
    if unlike := _differing(spec.front_end, job.front_end):
        found = ", ".join(f"{name} {getattr(spec.front_end, name)}" for name in unlike)
        here = ", ".join(str(getattr(job.front_end, name)) for name in unlike)
        raise UserError(f"{where}: its front end has {found}, that of this job {here}; pass {_flags(spec)}")


def begin(model: "keras.Model", job: Job) -> None:
    """Put the weights of the start into an untrained model.

    The rows of the head are taken for the labels that both know; silence and unknown are.

    Raises:
        UserError: the network is a head without a trunk.
    """
    from train import architectures

    assert job.start_from is not None
    run = run_of(job.start_from.run)
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


def recipes(recipe: Recipe) -> tuple[Recipe, Recipe]:
    """A recipe in two: for the head, then for all at a small rate; as many steps together."""
    head_steps = max(1, round(_HEAD_SHARE * recipe.total_steps))
    rest = max(len(recipe.training_steps), recipe.total_steps - head_steps)
    head = replace(
        recipe,
        training_steps=(head_steps,),
        learning_rates=(max(recipe.learning_rates),),
        schedule=PHASES,
        average_steps=0,
    )
    rates = tuple(_GENTLE_RATE_SHARE * rate for rate in recipe.learning_rates)
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
    if front_end.clip_duration_ms != FrontEnd().clip_duration_ms:
        named += f" --clip-duration-ms {front_end.clip_duration_ms}"
    return named
