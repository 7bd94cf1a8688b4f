"""Trains on batches from the bank, keeps the weights that validate best, and resumes exactly."""

import contextlib
import dataclasses
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from train.architectures import is_logistic, logits
from train.core import runfolder
from train.core.console import is_watched, log, progress
from train.core.errors import Interrupted, UserError, typed
from train.core.metrics import confusion_matrix, cross_entropy
from train.core.spec import ModelSpec
from train.core.terminal import interrupts
from train.data.feature_cache import Bank
from train.settings.recipe import Recipe
from train.training.batches import Batches, Teacher, batch_loss, scaled
from train.training.checkpoint import State, load
from train.training.cluster import CHIEF
from train.training.distribute import Replicas

_CHUNK_STEPS = 100  # steps per call into TensorFlow: the bar moves and Ctrl-C is heard this often


def make_deterministic(seed: int) -> None:
    """The same seed gives the same weights, whatever the number of cores: ``native.THREADS`` is fixed."""
    keras.utils.set_random_seed(seed % 2**32)
    tf.config.experimental.enable_op_determinism()


class Trainer:
    """One training run in a run folder."""

    def __init__(
        self,
        model: keras.Model,
        spec: ModelSpec,
        recipe: Recipe,
        bank: Bank,
        validation: Bank,
        run: Path,
        corpus_sha256: str = "",
        teacher: Teacher | None = None,
        stage: str = "",
        replicas: Replicas | None = None,
    ) -> None:
        """Prepare one stage of a run's training; its checkpoints are in a folder of that name.

        ``corpus_sha256`` identifies what the banks were made of; checkpoints of another are refused.
        With ``replicas`` the model has to be built in their scope.
        """
        self._replicas = replicas or Replicas()
        self.model, self.state = model, State(corpus_sha256=corpus_sha256)
        self._spec, self._recipe, self._run = spec, recipe, run
        self._stage, self._checkpoints = stage or "training", run / runfolder.CHECKPOINTS / stage
        self._logits, self._is_logistic = logits(model), is_logistic(model)
        with self._replicas.scope():
            self._optimizer = _optimizer(recipe)
            self._optimizer.build(model.trainable_variables)
            self._average = _Average(model, recipe.average_steps) if recipe.average_steps else None
        self._batches, self._teacher = Batches(bank, recipe, spec), teacher
        self._validation_features = tf.constant(validation.features)
        self._validation_labels = np.asarray(validation.labels)
        self._writer = (
            tf.summary.create_file_writer(str(run / runfolder.LOGS / stage))
            if self._replicas.is_chief
            else tf.summary.create_noop_writer()
        )
        self._train_chunk = tf.function(self._chunk)
        self._validate_batch = tf.function(
            lambda batch: self._logits(scaled(batch, spec.front_end)[..., None], training=False)
        )

    def resume(self) -> bool:
        """Load the last checkpoint of the run folder; False where there is none."""
        path = self._checkpoints / runfolder.LAST
        if not path.is_file():
            return False
        self.state = self._restored(path, self._all_variables())
        log(f"{self._stage}: resumed at step {self.state.step} of {self._recipe.total_steps}")
        return True

    def run(self) -> State:
        """Train to the end and leave the model with its best weights.

        Raises:
            Interrupted: Ctrl-C; last and best weights are kept.
            UserError: the loss is no longer a finite number.
            WorkerLost: another worker is gone.
        """
        recipe, state = self._recipe, self.state
        state.step = self._replicas.begin(self._all_variables(), _seeds(self.model), state.step)
        started = time.monotonic() - state.seconds
        try:
            # Held back, so that the saved weights, step and history belong together.
            held = interrupts.held(self._how_it_stops, self._what_is_left)
            with held as interrupted, progress(self._stage, recipe.total_steps) as advance:
                advance(state.step)
                while state.step < recipe.total_steps and not self._has_stopped_rising():
                    end = recipe.next_stop(state.step, _CHUNK_STEPS)
                    rate = recipe.rate_at(state.step + 1)
                    accuracy, loss = self._advance_to(end, rate)
                    state.seconds = time.monotonic() - started
                    advance(end - state.step, note=f"loss {loss:.3f} accuracy {100 * accuracy:.1f}%")
                    state.step = end
                    due = state.step % recipe.eval_step_interval == 0 or state.step == recipe.total_steps
                    if due and recipe.hard_negatives:
                        self._refocus()
                    if due and self._replicas.is_chief:
                        self._evaluate(rate, accuracy, loss)
                    if self._replicas.any(interrupted()):
                        if self._replicas.is_chief:
                            self._save(runfolder.LAST)
                        raise self._how_to_go_on()
        finally:
            self._writer.flush()
        if self._replicas.is_chief:
            if state.step < recipe.total_steps:
                log(
                    f"{self._stage}: ended at step {state.step} of {recipe.total_steps}: validation has not "
                    f"risen since step {state.risen_step} (--patience-steps {recipe.patience_steps})"
                )
            self._load_best()
        return state

    def _has_stopped_rising(self) -> bool:
        """Whether validation last rose longer ago than the recipe is patient; the chief tells the others."""
        patience = self._recipe.patience_steps
        return bool(patience) and self._replicas.any(0 < self.state.risen_step <= self.state.step - patience)

    def _load_best(self) -> None:
        """The weights of the best validation, which this training wrote.

        Raises:
            UserError: they are another's.
        """
        path, state = self._checkpoints / runfolder.BEST, self.state
        best = load(path, self.model.variables)
        if (best.step, best.corpus_sha256) != (state.best_step, state.corpus_sha256):
            raise UserError(
                f"{path}: is of step {best.step}, and the best validation was at step {state.best_step}, so "
                "another process wrote it; train again with --overwrite, or elsewhere with --out FOLDER"
            )

    def stop_here(self) -> State:
        """Leave the model with the best weights so far, without training on.

        Raises:
            UserError: nothing was validated yet.
        """
        best = self._checkpoints / runfolder.BEST
        if not best.is_file():
            raise UserError(f"{best}: nothing was validated yet; resume without --stop-training")
        self._restored(best, self.model.variables)
        return self.state

    def _advance_to(self, end: int, rate: float) -> tuple[float, float]:
        self._optimizer.learning_rate.assign(rate)
        accuracy, loss = self._train_chunk(tf.constant(self.state.step), tf.constant(end))
        accuracy, loss = float(accuracy), float(loss)
        if not math.isfinite(loss):
            raise UserError(
                f"training broke down between steps {self.state.step} and {end}: the loss is {loss} at "
                f"learning rate {rate:g}; lower --learning-rate"
            )
        with self._writer.as_default(step=end):
            tf.summary.scalar("training/accuracy", accuracy)
            tf.summary.scalar("training/cross_entropy", loss)
            tf.summary.scalar("training/rate", rate)
        self.state.training.append({"step": end, "rate": rate, "accuracy": accuracy, "loss": loss})
        return accuracy, loss

    def _chunk(self, start: tf.Tensor, end: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Train steps start+1..end in one graph call; return their mean accuracy and mean loss."""
        accuracy, loss = tf.constant(0.0), tf.constant(0.0)
        for step in tf.range(start, end):
            step_accuracy, step_loss = self._replicas.mean_of(self._step, step)
            accuracy += step_accuracy
            loss += step_loss
        self._replicas.settle(self._kept_by_each())
        steps = tf.cast(end - start, tf.float32)
        return accuracy / steps, loss / steps

    def _step(self, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch = self._batches.draw(step)
        with tf.GradientTape() as tape:
            scores = self._logits(batch.features, training=True)
            loss = batch_loss(scores, batch, self._recipe, self._teacher, self._is_logistic)
        variables = self.model.trainable_variables
        gradients = self._replicas.shares(tape.gradient(loss, variables))
        self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
        if self._average is not None:
            self._average.update(step)
        hits = tf.equal(tf.argmax(scores, axis=-1), tf.argmax(batch.targets, axis=-1))
        return tf.reduce_mean(tf.cast(hits, tf.float32)), tf.cast(loss, tf.float32)

    def _evaluate(self, rate: float, accuracy: float, loss: float) -> None:
        """Validate, remember the best weights, save, and log lines like those of speech_commands."""
        state = self.state
        with self._averaged():
            scores = self._validation_scores()
        truth = self._validation_labels
        predicted = scores.argmax(axis=-1)
        held_out_accuracy = float(np.mean(predicted == truth))
        held_out_loss = cross_entropy(scores, truth)
        if is_watched():
            matrix = confusion_matrix(truth, predicted, len(self._spec.labels))
            log("Confusion Matrix:", *f" {matrix}".splitlines())
        log(
            f"Step {state.step}: Validation accuracy = {100 * held_out_accuracy:.1f}% (N={len(truth)}), "
            f"training accuracy {100 * accuracy:.1f}%, cross entropy {loss:f}, rate {rate:f}"
        )
        with self._writer.as_default(step=state.step):
            tf.summary.scalar("validation/accuracy", held_out_accuracy)
            tf.summary.scalar("validation/cross_entropy", held_out_loss)
        state.validation.append({"step": state.step, "accuracy": held_out_accuracy, "loss": held_out_loss})
        if state.validated(held_out_accuracy):
            with self._averaged():
                self._save(runfolder.BEST)
        self._save(runfolder.LAST)

    def _validation_scores(self) -> NDArray[np.float32]:
        return self._scores_of(self._validation_features)

    def _refocus(self) -> None:
        with self._averaged():
            self._batches.refocus(self._scores_of)

    def _scores_of(self, features: Any) -> NDArray[np.float32]:
        batches = tf.data.Dataset.from_tensor_slices(features).batch(500)
        return np.concatenate([self._validate_batch(batch).numpy() for batch in batches])

    def _all_variables(self) -> list[Any]:
        """The variables that training needs to go on."""
        average = self._average.variables if self._average is not None else []
        return [*self.model.variables, *self._optimizer.variables, *average, *self._batches.variables]

    def _kept_by_each(self) -> list[Any]:
        """Variables that each replica changes by its own clips alone: moving statistics, their averages."""
        kept = [variable for variable in self.model.non_trainable_variables if "float" in variable.dtype]
        return kept + (self._average.of(kept) if self._average is not None else [])

    def _averaged(self) -> contextlib.AbstractContextManager[None]:
        """Give the model its averaged weights within the block, if the recipe averages."""
        return contextlib.nullcontext() if self._average is None else self._average.in_place()

    def _save(self, name: str) -> None:
        variables = self._all_variables() if name == runfolder.LAST else self.model.variables
        arrays = {f"v{index:04}": variable.numpy() for index, variable in enumerate(variables)}
        state = json.dumps(dataclasses.asdict(self.state))
        with runfolder.atomic_path(self._checkpoints / name) as temporary:
            np.savez(temporary, state=np.array(state), **arrays)

    def _restored(self, path: Path, variables: list[Any]) -> State:
        """The state of a checkpoint, its arrays put into the variables."""
        state = load(path, variables)
        if state.corpus_sha256 != self.state.corpus_sha256:
            raise UserError(
                f"{path}: was trained on other clips: corpus {state.corpus_sha256[:12]}…, now "
                f"{self.state.corpus_sha256[:12]}…; bring the corpus back as it was, or start again with "
                "--overwrite"
            )
        return state

    def _how_it_stops(self) -> str:
        """What Ctrl-C brings about."""
        end = self._recipe.next_stop(self.state.step, _CHUNK_STEPS)
        return f"stopping at step {end}; {interrupts.AGAIN}, as of the last validation"

    def _what_is_left(self) -> str:
        """What the user can do when it stopped there and then."""
        saved = (self._checkpoints / runfolder.LAST).is_file()
        return f"go on with: earshot train --resume {typed(self._run)}{self._replicas.flag}" if saved else ""

    def _how_to_go_on(self) -> Interrupted:
        state, flag = self.state, self._replicas.flag
        if not self._replicas.is_chief:
            return Interrupted(f"all workers stopped at step {state.step}; worker {CHIEF} says how to go on")
        best = (
            f"best so far: {100 * state.best_accuracy:.1f}% on validation at step {state.best_step}"
            if state.best_step
            else "no validation yet"
        )
        return Interrupted(
            f"stopped at step {state.step} of {self._recipe.total_steps}; {best}.",
            f"go on:             earshot train --resume {typed(self._run)}{flag}\n"
            f"finish as it is:   earshot train --resume {typed(self._run)} --stop-training",
        )


class _Average:
    """Averages weights over the last steps; the averages validate better than any one step's weights.

    Over the last ninth of the steps, until that are as many as the recipe says: in a short training the
    average does not lag behind.

    Source:
        Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992); the growing
        length is that of TensorFlow's ExponentialMovingAverage with num_updates.
    """

    def __init__(self, model: keras.Model, steps: int) -> None:
        # Seeds of dropout are variables, too, and whole numbers: those are left as they are.
        self._averaged = [variable for variable in model.variables if "float" in variable.dtype]
        self.variables = [tf.Variable(variable.numpy(), trainable=False) for variable in self._averaged]
        self._steps = float(steps)

    def update(self, step: tf.Tensor) -> None:
        """Move each average towards its weight: by 1/steps, more at the start of training."""
        done = tf.cast(step, tf.float32) + 1.0
        share = tf.maximum(1.0 / self._steps, 9.0 / (9.0 + done))
        for average, variable in zip(self.variables, self._averaged, strict=True):
            average.assign_add(tf.cast(share, average.dtype) * (variable.value - average))

    def of(self, variables: list[Any]) -> list[Any]:
        """The averages of some of the weights."""
        wanted = {id(variable) for variable in variables}
        pairs = zip(self.variables, self._averaged, strict=True)
        return [average for average, variable in pairs if id(variable) in wanted]

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the averages in place of the weights within the block."""
        weights = [variable.numpy() for variable in self._averaged]
        for variable, average in zip(self._averaged, self.variables, strict=True):
            variable.assign(average)
        try:
            yield
        finally:
            for variable, weight in zip(self._averaged, weights, strict=True):
                variable.assign(weight)


def _seeds(model: keras.Model) -> list[Any]:
    """The seeds of dropout: the variables of the model that are whole numbers."""
    return [variable for variable in model.variables if "float" not in variable.dtype]


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    decay = recipe.weight_decay or None
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(weight_decay=decay)
    if recipe.optimizer == "momentum":
        return keras.optimizers.SGD(momentum=0.9, nesterov=True, weight_decay=decay)
    return keras.optimizers.SGD(weight_decay=decay)
