"""What teachers say of every clip of a bank: computed once, and kept beside the bank.

A teacher may have another front end. It hears the audio that the clips of the bank were made of.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from train import architectures
from train.core import runfolder
from train.core.console import progress
from train.core.spec import FrontEnd
from train.data.feature_cache import Bank, BankRequest, training_bank
from train.training.batches import scaled

_BATCH_CLIPS = 250


def opinions_of(runs: tuple[Path, ...], request: BankRequest, bank: Bank) -> NDArray[np.float32]:
    """The mean log-probabilities of teachers for the clips of a bank: (clips, labels) float32.

    Args:
        request: of the bank.
    Raises:
        UserError: a run without a model, or one whose front end cannot hear the clips.
    """
    return np.mean([_opinion(run, request, bank) for run in runs], axis=0, dtype=np.float32)


def _opinion(run: Path, request: BankRequest, bank: Bank) -> NDArray[np.float32]:
    spec = runfolder.read_spec(run, needs=[runfolder.KERAS])
    kept = request.folder / f"opinion-{spec.artefacts[runfolder.KERAS][:32]}.npy"
    if kept.is_file():
        return np.asarray(np.load(kept), dtype=np.float32)
    if spec.front_end != request.front_end:
        bank = training_bank(request.heard_by(spec.front_end))
    model = architectures.load(run / runfolder.KERAS)
    scores = log_probabilities(model, spec.front_end, bank, f"scores of {run.name}")
    if request.folder.is_dir():
        with runfolder.atomic_path(kept) as temporary, temporary.open("wb") as file:
            np.save(file, scores)
    return scores


def log_probabilities(model: keras.Model, front_end: FrontEnd, bank: Bank, what: str) -> NDArray[np.float32]:
    """What a model says of the clips of a bank: (clips, labels) float32.

    Args:
        what: for the bar that shows how far it is.
    """
    logits = architectures.logits(model)

    @tf.function(reduce_retracing=True)
    def heard(steps: tf.Tensor) -> tf.Tensor:
        return tf.nn.log_softmax(logits(scaled(steps, front_end)[..., None], training=False))

    blocks = []
    with progress(what, len(bank)) as advance:
        for start in range(0, len(bank), _BATCH_CLIPS):
            blocks.append(heard(tf.constant(bank.features[start : start + _BATCH_CLIPS])).numpy())
            advance(len(blocks[-1]))
    return np.concatenate(blocks)
