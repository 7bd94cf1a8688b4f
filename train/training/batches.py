"""Makes the batch of one training step: clips drawn from the bank, changed, with the scores to aim at."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from train.core.spec import FrontEnd, ModelSpec
from train.data.dataset import UNKNOWN_INDEX
from train.data.feature_cache import Bank, Part
from train.settings.recipe import Recipe
from train.training.distribute import own_rows, own_seed
from train.training.feature_augmentation import Augmenter

# Features (clips, frames, bins, 1) to the mean log-probabilities of the teachers, (clips, labels).
Teacher = Callable[[tf.Tensor], tf.Tensor]

_CLIPS, _CHANGES, _MIXES = 0, 1, 2  # what a seed is folded with: the draws of a step are independent


class Batch(NamedTuple):
    """The clips of one step, float32.

    ``features`` (clips, frames, bins, 1); ``targets`` (clips, labels) shares of each label; ``opinions``
    (clips, labels) softened probabilities of the teachers, where the bank has their scores.
    """

    features: tf.Tensor
    targets: tf.Tensor
    opinions: tf.Tensor | None = None


class Batches:
    """Draws batches that depend on seed and step alone, so that a resumed run draws the same ones."""

    def __init__(self, bank: Bank, recipe: Recipe, spec: ModelSpec) -> None:
        front_end, self._classes = spec.front_end, len(spec.labels)
        self._front_end = front_end
        self._batch_size, self._mixup = recipe.batch_size, recipe.mixup
        self._features, self._labels = tf.constant(bank.features), tf.constant(bank.labels)
        self._parts = bank.parts
        self._hardest = recipe.hard_negatives
        self._chances = (
            _chances(bank, recipe.class_balance) if recipe.class_balance or self._hardest else None
        )
        self._ends = None if self._chances is None else tf.Variable(np.cumsum(self._chances), trainable=False)
        self._others = np.flatnonzero(bank.labels == UNKNOWN_INDEX) if self._hardest else np.zeros(0, int)
        self._is_said = 1.0 if bank.is_made_up is None else 1.0 - bank.is_made_up[self._others]
        self._opinions = None
        if bank.opinions is not None:
            self._opinions = tf.nn.softmax(tf.constant(bank.opinions) / recipe.teacher_temperature)
        self._seed = spec.seed % 2**31
        changes = recipe.feature_augmentation
        noise = None if bank.noise is None else tf.constant(bank.noise)
        self._augment = None if changes.is_none else Augmenter(changes, front_end, noise)

    @property
    def variables(self) -> list[tf.Variable]:
        """What the draws depend on besides seed and step."""
        return [self._ends] if self._hardest else []

    def refocus(self, score: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> None:
        """Draw other words that are taken for words more often; together they stay as many.

        Those taken for silence set nothing off. Were they drawn more often, silence would be taken for them.
        What is made up is hard, too, but nobody says it.

        Args:
            score: quantized features (clips, frames, bins) to logits (clips, labels).
        """
        if not len(self._others):
            return
        scores = tf.nn.softmax(score(self._features.numpy()[self._others])).numpy().astype(np.float64)
        mistaken = self._is_said * np.minimum(1.0, 2.0 * scores[:, UNKNOWN_INDEX + 1 :].sum(axis=1))
        chances, before = self._chances.copy(), self._chances[self._others]
        wanted = before * (1.0 + (self._hardest - 1.0) * mistaken)
        chances[self._others] = wanted * before.sum() / wanted.sum()
        self._ends.assign(np.cumsum(chances))

    def draw(self, step: tf.Tensor) -> Batch:
        """This replica's part of the batch of a step."""
        seed = tf.stack([tf.constant(self._seed), step])
        chosen = own_rows(self._chosen(seed))
        features = scaled(tf.gather(self._features, chosen), self._front_end)
        if self._augment is not None:
            changes = own_seed(tf.random.experimental.stateless_fold_in(seed, _CHANGES))
            features = self._augment(features, changes)
        targets = tf.one_hot(tf.gather(self._labels, chosen), self._classes)
        opinions = None if self._opinions is None else tf.gather(self._opinions, chosen)
        if self._mixup:
            seed = own_seed(tf.random.experimental.stateless_fold_in(seed, _MIXES))
            share = tf.random.stateless_uniform([tf.shape(targets)[0], 1], seed, 0.0, self._mixup)
            features = _mixed(features, share[..., None])
            targets = _mixed(targets, share)
            opinions = None if opinions is None else _mixed(opinions, share)
        return Batch(features[..., None], targets, opinions)

    def _chosen(self, seed: tf.Tensor) -> tf.Tensor:
        """Draw clips of the bank: first its part, by the part's share, then any clip of that part.

        With balance or hard negatives, clip after clip has its chance of all that there is.
        """
        if self._ends is not None:
            draws = tf.random.stateless_uniform([self._batch_size], seed, 0.0, self._ends[-1], tf.float64)
            drawn = tf.searchsorted(self._ends, draws, side="right")
            return tf.minimum(drawn, len(self._labels) - 1)
        if not self._parts:
            return tf.random.stateless_uniform([self._batch_size], seed, 0, len(self._labels), tf.int32)
        clips = np.array([part.clips for part in self._parts])
        shares = np.cumsum([part.share for part in self._parts])
        starts = tf.constant(np.cumsum(clips) - clips, tf.int32)
        seeds = tf.random.experimental.stateless_fold_in(seed, _CLIPS)
        draws = tf.random.stateless_uniform([2, self._batch_size], seeds)
        part = tf.searchsorted(tf.constant(shares[:-1] / shares[-1], tf.float32), draws[0], side="right")
        within = draws[1] * tf.cast(tf.gather(tf.constant(clips), part), tf.float32)
        return tf.gather(starts, part) + tf.cast(within, tf.int32)


def _chances(bank: Bank, balance: float) -> NDArray[np.float64]:
    """(clips,) chance of each clip to be drawn; ``balance``: how much of it goes by labels, 0 to 1."""
    chances = []
    start = 0
    for part in bank.parts or (Part(len(bank), 1.0),):
        labels = bank.labels[start : start + part.clips]
        counts = np.bincount(labels)
        by_label = 1.0 / (np.count_nonzero(counts) * counts[labels])
        chances.append(part.share * ((1.0 - balance) / part.clips + balance * by_label))
        start += part.clips
    return np.concatenate(chances)


def _mixed(clips: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Mix each clip of a batch with a share of its neighbour."""
    return (1.0 - share) * clips + share * tf.roll(clips, 1, axis=0)


def scaled(quantized: tf.Tensor, front_end: FrontEnd) -> tf.Tensor:
    """Quantized features on the scale that the float model takes, float32."""
    return tf.cast(quantized, tf.float32) * front_end.feature_scale


def batch_loss(
    logits: tf.Tensor, batch: Batch, recipe: Recipe, teacher: Teacher | None, is_logistic: bool = False
) -> tf.Tensor:
    """Mean cross entropy of a batch, to its targets and to the teacher, or to what the bank has of one.

    Args:
        is_logistic: each label is a question of its own: its cross entropy is summed over the labels.
    Source:
        Hinton et al., "Distilling the Knowledge in a Neural Network" (2015): the soft part is
        multiplied by the square of the temperature, so that gradients keep their size.
    """
    classes = logits.shape[-1]
    smooth = recipe.label_smoothing
    hard = batch.targets * (1.0 - smooth) + smooth / classes
    entropy = tf.reduce_mean(_cross_entropy(hard, logits, is_logistic))
    temperature, soft = recipe.teacher_temperature, batch.opinions
    if teacher is not None:
        soft = tf.nn.softmax(teacher(batch.features) / temperature)
    if soft is None:
        return entropy
    taught = _cross_entropy(soft, logits / temperature, is_logistic)
    share = recipe.teacher_share
    return (1.0 - share) * entropy + share * temperature**2 * tf.reduce_mean(taught)


def _cross_entropy(targets: tf.Tensor, logits: tf.Tensor, is_logistic: bool) -> tf.Tensor:
    """Of each clip, from (clips, labels) each."""
    if is_logistic:
        return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits), axis=-1)
    return tf.nn.softmax_cross_entropy_with_logits(labels=targets, logits=logits)
