"""Training on a few made-up clips, for the tests of what a training run does."""

import os
import signal
from pathlib import Path

import numpy as np

from train import architectures
from train.core.spec import ModelSpec, labels_for
from train.data.feature_cache import Bank
from train.settings.recipe import Recipe
from train.training.trainer import Trainer, make_deterministic

# Pauses at 40, 60, 80 and 100: validations every 40 steps, a phase that ends at 60, and the end.
RECIPE = Recipe(training_steps=(60, 40), learning_rates=(0.001, 0.0001), batch_size=8, eval_step_interval=40)
SEED = 7


def make_bank(clips: int, seed: int) -> Bank:
    """Noise, louder in a band of its own for each of three labels."""
    generator = np.random.default_rng(seed)
    labels = np.arange(clips, dtype=np.int64) % 3
    features = generator.integers(0, 60, (clips, 49, 43), dtype=np.uint8)
    for clip, label in enumerate(labels):
        features[clip, :, 10 * label : 10 * label + 5] += 40
    return Bank(features, labels)


def make_trainer(
    run: Path, *, seed: int = SEED, recipe: Recipe = RECIPE, name: str = "tiny_conv", corpus: str = ""
) -> Trainer:
    make_deterministic(seed)
    spec = ModelSpec(labels_for(("yes",)), seed=seed)
    model = architectures.build(name, spec.front_end, len(spec.labels), recipe.dropout, seed)
    return Trainer(model, spec, recipe, make_bank(60, seed=1), make_bank(30, seed=2), run, corpus)


def interrupt_in_chunk(trainer: Trainer, number: int) -> None:
    """Ctrl-C while TensorFlow computes: Python hears of it when the call returns, the weights changed."""
    compute, calls = trainer._train_chunk, []

    def chunk(start, end):
        result = compute(start, end)
        calls.append(start)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGINT)
        return result

    trainer._train_chunk = chunk


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
