"""Trained runs as teachers: the network in training learns the scores that they give a batch."""

from dataclasses import replace
from pathlib import Path

import tensorflow as tf

from train import architectures
from train.core import runfolder
from train.core.errors import UserError
from train.core.spec import ModelSpec
from train.training.batches import Teacher

_TAKE_SCORES = "pass --teacher-scores cached"


def check_teachers(runs: tuple[Path, ...], spec: ModelSpec, *, is_cached: bool = False) -> None:
    """Refuse runs that cannot teach this job, before anything is computed.

    Args:
        is_cached: their scores of clips are taken, so that the front end may be another.
    Raises:
        UserError: no such run, or one with other labels or another front end.
    """
    for run in runs:
        taught = runfolder.read_spec(run, needs=[runfolder.KERAS])
        if taught.labels != spec.labels:
            raise UserError(
                f"--teacher {run}: its labels are {', '.join(taught.labels)}, expected "
                f"{', '.join(spec.labels)}, in this order; train it on the same --words"
            )
        if is_cached:
            continue
        if replace(taught.front_end, dc_block=spec.front_end.dc_block) == spec.front_end != taught.front_end:
            flag = "--dc-block" if taught.front_end.dc_block else "--no-dc-block"
            raise UserError(
                f"--teacher {run}: was trained with {flag}; pass {flag} for this job, too, train the "
                f"teacher again, or {_TAKE_SCORES}"
            )
        if (
            replace(taught.front_end, mel_top_hz=spec.front_end.mel_top_hz)
            == spec.front_end
            != taught.front_end
        ):
            raise UserError(
                f"--teacher {run}: its mel bands end at {taught.front_end.mel_top_hz} Hz; pass --mel-top-hz "
                f"{taught.front_end.mel_top_hz} for this job, too, train the teacher again, or {_TAKE_SCORES}"
            )
        if taught.front_end != spec.front_end:
            raise UserError(
                f"--teacher {run}: its front end is {taught.front_end.name}, with settings of its own, "
                f"expected that of this job, {spec.front_end.name}; train it with the same one, "
                f"or {_TAKE_SCORES}"
            )


def load_teacher(runs: tuple[Path, ...]) -> Teacher | None:
    """Load runs as one teacher, which gives the mean of their log-probabilities; None without runs."""
    if not runs:
        return None
    models = [architectures.logits(architectures.load(run / runfolder.KERAS)) for run in runs]

    def opinion(features: tf.Tensor) -> tf.Tensor:
        each = [tf.nn.log_softmax(model(features, training=False)) for model in models]
        return tf.add_n(each) / len(each)

    return opinion
