"""Simple models trained for seconds, to see how hard words are before a network is trained on them.

Two of scikit-learn's on all features at once, three of Keras, of which two hear the clip in steps.
"""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from train.core.console import progress
from train.explore.baseline_task import SEGMENTS, Examples, Task, Trial
from train.training.trainer import make_deterministic

_EPOCHS, _PATIENCE = 40, 8  # the weights of the best epoch are kept
_BATCH_CLIPS, _RATE = 64, 3e-3
_TREES, _UNITS, _HIDDEN = 100, 64, 128
_REGULARIZATION = 0.01  # scikit-learn's C: there are a third as many features as clips

# What a model answers: (clips, features) to (clips,) label indices.
Predict = Callable[[NDArray[np.float32]], NDArray[np.intp]]
Fit = Callable[[Task, int, Callable[..., None]], tuple[Predict, int]]


def run_trials(task: Task, seed: int) -> tuple[Trial, ...]:
    """Each model trained and scored; the same seed gives the same figures, except for the seconds."""
    trials = []
    with progress("baselines", len(MODELS) * _EPOCHS) as advance:
        for name, about, fit in MODELS:
            advance(0, note=name)
            started = time.monotonic()
            predict, parameters = fit(task, seed, advance)
            correct = _correct(predict, task.testing)
            validation = _correct(predict, task.validation) / len(task.validation.labels)
            duration_s = time.monotonic() - started
            clips = len(task.testing.labels)
            trials.append(Trial(name, about, correct, clips, validation, parameters, duration_s))
    return tuple(trials)


def _correct(predict: Predict, examples: Examples) -> int:
    return int((predict(examples.features) == examples.labels).sum())


def _linear(task: Task, seed: int, advance: Callable[..., None]) -> tuple[Predict, int]:
    model = LogisticRegression(C=_REGULARIZATION, max_iter=2000)
    with threadpool_limits(1, user_api="blas"):  # small matrices: threads would wait for each other
        model.fit(task.training.features, task.training.labels, sample_weight=task.weights)
    advance(_EPOCHS)
    return model.predict, model.coef_.size + model.intercept_.size


def _forest(task: Task, seed: int, advance: Callable[..., None]) -> tuple[Predict, int]:
    model = RandomForestClassifier(_TREES, min_samples_leaf=2, n_jobs=-1, random_state=seed)
    model.fit(task.training.features, task.training.labels, sample_weight=task.weights)
    advance(_EPOCHS)
    # A branch holds a feature's number and a threshold, a leaf the shares of the labels.
    trees = [each.tree_ for each in model.estimators_]
    leaves = sum(tree.n_leaves for tree in trees)
    branches = sum(tree.node_count for tree in trees) - leaves
    return model.predict, int(2 * branches + leaves * len(model.classes_))


def _mlp() -> list[Any]:
    return [layers.Dense(_HIDDEN, activation="relu"), layers.Dropout(0.5)]


def _recurrent(layer: Callable[..., Any]) -> list[Any]:
    # Unrolled: so few steps are faster as one graph than as a loop.
    return [layers.Reshape((SEGMENTS, -1)), layer(_UNITS, unroll=True), layers.Dropout(0.3)]


def _network(hidden: Callable[[], list[Any]]) -> Fit:
    def fit(task: Task, seed: int, advance: Callable[..., None]) -> tuple[Predict, int]:
        make_deterministic(seed)
        features = task.training.features
        model = keras.Sequential([keras.Input(features.shape[1:]), *hidden(), layers.Dense(task.label_count)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(_RATE), loss, metrics=["accuracy"], weighted_metrics=[])
        best = keras.callbacks.EarlyStopping(
            "val_accuracy", mode="max", patience=_PATIENCE, restore_best_weights=True
        )
        told = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: advance())
        history = model.fit(
            features,
            task.training.labels,
            sample_weight=task.weights,
            batch_size=_BATCH_CLIPS,
            epochs=_EPOCHS,
            validation_data=(task.validation.features, task.validation.labels),
            callbacks=[best, told],
            verbose=0,
        )
        advance(_EPOCHS - len(history.epoch))

        def predict(inputs: NDArray[np.float32]) -> NDArray[np.intp]:
            answers: NDArray[np.intp] = keras.ops.convert_to_numpy(model(inputs)).argmax(axis=1)
            return answers

        return predict, model.count_params()

    return fit


# Name, what it is, and what trains it; the simplest first.
MODELS: tuple[tuple[str, str, Fit], ...] = (
    ("linear", "logistic regression", _linear),
    ("random forest", f"{_TREES} trees", _forest),
    ("MLP", f"one hidden layer of {_HIDDEN}", _network(_mlp)),
    ("GRU", f"{_UNITS} units, {SEGMENTS} steps", _network(lambda: _recurrent(layers.GRU))),
    ("LSTM", f"{_UNITS} units, {SEGMENTS} steps", _network(lambda: _recurrent(layers.LSTM))),
)
