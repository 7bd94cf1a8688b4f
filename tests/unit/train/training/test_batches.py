"""What a step of training sees and aims at: shares, seeds, smoothed labels, teachers, averages."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_training import interrupt_in_chunk, make_bank, make_trainer, same

from train import architectures
from train.core import runfolder
from train.core.errors import Interrupted, UserError
from train.core.spec import FrontEnd, ModelSpec, labels_for
from train.data.feature_cache import Bank, join
from train.settings.recipe import Recipe
from train.training.batches import Batch, Batches, batch_loss
from train.training.distillation import check_teachers, load_teacher

FRONT_END = FrontEnd()
BATCH = Recipe(batch_size=2000)


def constant_bank(clips: int, value: int) -> Bank:
    return Bank(np.full((clips, 49, 43), value, np.uint8), np.full(clips, value, np.int64))


def drawn(
    bank: Bank, step: int = 1, seed: int = 5, recipe: Recipe = BATCH, labels: int = 51
) -> tuple[np.ndarray, np.ndarray]:
    """Features, and the shares of each label."""
    spec = ModelSpec(labels_for([f"word{index}" for index in range(2, labels)]), "tiny_conv", FRONT_END, seed)
    batch = Batches(bank, recipe, spec).draw(tf.constant(step))
    return batch.features.numpy(), batch.targets.numpy()


def test_one_bank_alone_stays_itself():
    bank = constant_bank(3, 1)
    assert join([bank], [1.0]) is bank


def test_each_source_gets_its_share_whatever_its_size():
    features, targets = drawn(
        join([constant_bank(5, 0), constant_bank(500, 1), constant_bank(50, 2)], [0.5, 0.2, 0.3])
    )
    labels = targets.argmax(axis=-1)
    assert features.shape == (2000, 49, 43, 1)
    assert np.array_equal(features[:, 0, 0, 0], labels * FRONT_END.feature_scale)
    shares = np.bincount(labels) / len(labels)
    assert shares == pytest.approx([0.5, 0.2, 0.3], abs=0.04)


def test_every_clip_of_a_source_is_drawn():
    marked = Bank(np.zeros((40, 49, 43), np.uint8), np.arange(40, dtype=np.int64))
    _, targets = drawn(join([marked, constant_bank(7, 50)], [0.5, 0.5]))
    assert set(targets.argmax(axis=-1).tolist()) == {*range(40), 50}


def test_seed_and_step_decide_what_is_drawn():
    bank = join([make_bank(30, 1), make_bank(20, 2)], [0.5, 0.5])
    first, again, step, seed = drawn(bank), drawn(bank), drawn(bank, step=2), drawn(bank, seed=6)
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], step[0])
    assert not np.array_equal(first[0], seed[0])


def test_mixup_takes_as_much_of_a_neighbour_as_of_its_label():
    bank = join([constant_bank(5, 0), constant_bank(5, 1)], [0.5, 0.5])
    recipe = Recipe(batch_size=2000, mixup=0.4)
    features, targets = drawn(bank, recipe=recipe, labels=3)
    assert targets.sum(axis=-1) == pytest.approx(np.ones(2000))
    ones = targets[:, 1]  # clips of label 1 hold ones, those of label 0 zeros
    assert features[:, 0, 0, 0] / FRONT_END.feature_scale == pytest.approx(ones, abs=1e-6)
    mixed = ones[(ones > 0) & (ones < 1)]
    assert 0.4 < len(mixed) / 2000 < 0.6
    shares = np.minimum(mixed, 1 - mixed)
    assert shares.max() == pytest.approx(0.4, abs=0.01)
    assert shares.mean() == pytest.approx(0.2, abs=0.02)
    again = drawn(bank, recipe=recipe, labels=3)
    assert np.array_equal(features, again[0])


def test_balance_draws_labels_alike_within_the_share_of_their_source():
    """Of the first source, which has 60 % of the batch, 90 clips are of label 0 and 10 of label 1."""
    uneven = Bank(np.zeros((100, 49, 43), np.uint8), np.repeat([0, 1], [90, 10]))
    bank = join([uneven, constant_bank(7, 2)], [0.6, 0.4])
    for balance, wanted in ((0.0, [0.54, 0.06, 0.4]), (0.5, [0.42, 0.18, 0.4]), (1.0, [0.3, 0.3, 0.4])):
        _, targets = drawn(bank, recipe=Recipe(batch_size=4000, class_balance=balance), labels=3)
        assert targets.mean(axis=0) == pytest.approx(wanted, abs=0.03)
    every = Bank(np.zeros((40, 49, 43), np.uint8), np.arange(40, dtype=np.int64))
    _, targets = drawn(every, recipe=Recipe(batch_size=2000, class_balance=1.0))
    assert set(targets.argmax(axis=-1).tolist()) == {*range(40)}


def test_hard_negatives_are_drawn_more_often_and_all_other_words_as_often_as_before():
    """Of 40 clips of other words 10 hold ones, and pass for the word; those are four times as likely.

    Ten others hold twos, and pass for silence: that sets nothing off.
    """
    labels = np.repeat([0, 1, 2], [20, 40, 40])
    features = np.zeros((100, 49, 43), np.uint8)
    features[20:30], features[30:40] = 1, 2
    batches = Batches(
        Bank(features, labels),
        Recipe(batch_size=6000, hard_negatives=4.0),
        ModelSpec(labels_for(("yes",)), "tiny_conv", FRONT_END),
    )

    def shares(step: int) -> tuple[float, float]:
        batch = batches.draw(tf.constant(step))
        ones = batch.features.numpy()[:, 0, 0, 0] == FRONT_END.feature_scale
        return batch.targets.numpy()[:, 1].mean(), ones.mean()

    assert shares(1) == pytest.approx((0.4, 0.1), abs=0.03)
    batches.refocus(lambda found: np.array([[0, 9, 0], [0, 0, 9], [9, 0, 0]], np.float32)[found[:, 0, 0]])
    assert shares(1) == pytest.approx((0.4, 0.4 * 40 / 70), abs=0.03)
    (kept,) = batches.variables
    assert np.diff(kept.numpy(), prepend=0.0)[20:30] == pytest.approx(4 * 0.4 / 70, rel=1e-3)


def test_what_nobody_says_is_no_hard_negative():
    """Of 40 clips of other words all pass for the word, and the first 10 are near misses."""
    labels = np.repeat([0, 1, 2], [20, 40, 40])
    bank = Bank(np.zeros((100, 49, 43), np.uint8), labels, is_made_up=np.arange(100) < 30)
    spec = ModelSpec(labels_for(("yes",)), "tiny_conv", FRONT_END)
    batches = Batches(bank, Recipe(hard_negatives=4.0), spec)
    batches.refocus(lambda found: np.tile(np.array([0, 0, 9], np.float32), (len(found), 1)))
    (ends,) = batches.variables
    chances = np.diff(ends.numpy(), prepend=0.0)
    made_up, said = chances[20:30], chances[30:60]
    assert said == pytest.approx(4 * made_up[0], rel=1e-3)
    assert chances[20:60].sum() == pytest.approx(0.4)


def test_balanced_batches_depend_on_seed_and_step():
    recipe = Recipe(batch_size=50, class_balance=1.0)
    bank = make_bank(30, 1)
    first, again, step = (drawn(bank, step, recipe=recipe)[0] for step in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, step)


def test_opinions_of_the_bank_go_with_their_clips():
    """Label 0 is thought to be 1, label 1 to be 0, and mixed clips are thought as mixed."""
    opinions = np.log(np.array([[0.1, 0.8, 0.1], [0.7, 0.2, 0.1]], np.float32)).repeat(5, axis=0)
    bank = replace(join([constant_bank(5, 0), constant_bank(5, 1)], [0.5, 0.5]), opinions=opinions)
    recipe = Recipe(batch_size=500, mixup=0.4, teacher_temperature=1.0)
    batch = Batches(bank, recipe, ModelSpec(labels_for(("yes",)), "tiny_conv", FRONT_END)).draw(
        tf.constant(1)
    )
    ones = batch.targets.numpy()[:, 1:2]
    assert 0 < ones.mean() < 1
    wanted = (1 - ones) * [0.1, 0.8, 0.1] + ones * [0.7, 0.2, 0.1]
    assert batch.opinions.numpy() == pytest.approx(wanted, abs=1e-5)


def test_joined_banks_keep_their_opinions():
    banks = [replace(constant_bank(2, 0), opinions=np.full((2, 3), value, np.float32)) for value in (1, 2)]
    assert join(banks, [0.5, 0.5]).opinions[:, 0].tolist() == [1, 1, 2, 2]
    assert join([constant_bank(2, 0), constant_bank(2, 1)], [0.5, 0.5]).opinions is None


def loss_of(logits: list[float], label: int, teacher=None, **settings: float) -> float:
    targets = tf.one_hot([label], len(logits))
    batch = Batch(tf.zeros([1]), targets)
    return float(batch_loss(tf.constant([logits]), batch, Recipe(**settings), teacher))


def cross_entropy(target: np.ndarray, logits: np.ndarray) -> float:
    return float(-(target * (logits - np.log(np.exp(logits).sum()))).sum())


def test_loss_to_labels():
    logits = np.array([2.0, -1.0, 0.5])
    assert loss_of([*logits], 0) == pytest.approx(cross_entropy(np.array([1, 0, 0]), logits), rel=1e-5)
    smooth = np.array([0.1, 0.1, 0.8])
    assert loss_of([*logits], 2, label_smoothing=0.3) == pytest.approx(
        cross_entropy(smooth, logits), rel=1e-5
    )


def test_a_logistic_loss_is_summed_over_labels():
    """By hand: -log(1 - sigmoid(0)) - log(sigmoid(2)) - log(1 - sigmoid(-1))."""
    batch = Batch(tf.zeros((1, 49, 43, 1)), tf.constant([[0.0, 1.0, 0.0]]))
    found = float(batch_loss(tf.constant([[0.0, 2.0, -1.0]]), batch, Recipe(), None, is_logistic=True))
    expected = np.log1p(np.exp(0.0)) + np.log1p(np.exp(-2.0)) + np.log1p(np.exp(-1.0))
    assert found == pytest.approx(expected, rel=1e-5)


def test_loss_to_a_teacher():
    logits, taught = np.array([2.0, -1.0, 0.5]), np.array([-1.0, 0.0, 3.0])
    soft = np.exp(taught / 4) / np.exp(taught / 4).sum()
    expected = 0.25 * cross_entropy(np.array([0, 1, 0]), logits) + 0.75 * 16 * cross_entropy(soft, logits / 4)
    teacher = lambda features: tf.constant([taught], tf.float32)  # noqa: E731
    found = loss_of([*logits], 1, teacher, teacher_share=0.75, teacher_temperature=4)
    assert found == pytest.approx(expected, rel=1e-5)
    recipe = Recipe(teacher_share=0.75, teacher_temperature=4)
    opinions = tf.constant(soft[np.newaxis], tf.float32)
    batch = Batch(tf.zeros([1]), tf.one_hot([1], 3), opinions)
    kept = float(batch_loss(tf.constant([logits], tf.float32), batch, recipe, None))
    assert kept == pytest.approx(expected, rel=1e-5)


@pytest.fixture
def teacher_run(tmp_path):
    """A run folder with an untrained model."""
    spec = ModelSpec(labels_for(("yes",)))
    run = tmp_path / "teacher"
    run.mkdir()
    architectures.build("single_fc", FRONT_END, 3, 0.0, 1).save(run / runfolder.KERAS)
    runfolder.write_spec(run, spec, [runfolder.KERAS])
    return run


def test_teachers_are_averaged(teacher_run):
    features = tf.random.stateless_uniform([4, 49, 43, 1], [1, 2], 0, 100)
    model = keras.models.load_model(teacher_run / runfolder.KERAS)
    assert load_teacher(()) is None
    one, two = load_teacher((teacher_run,)), load_teacher((teacher_run, teacher_run))
    assert np.exp(one(features)) == pytest.approx(model(features).numpy(), abs=1e-6)
    assert two(features).numpy() == pytest.approx(one(features).numpy(), abs=1e-5)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            ModelSpec(labels_for(("no",))),
            "its labels are _silence_, _unknown_, yes, expected .*, no, in this",
        ),
        (
            ModelSpec(labels_for(("yes",)), front_end=FrontEnd("log")),
            "its front end is average.*expected.* log;",
        ),
        (
            ModelSpec(labels_for(("yes",)), front_end=FrontEnd(dc_block=True)),
            "was trained with --no-dc-block; pass --no-dc-block for this job, too, train the teacher again, "
            "or pass --teacher-scores cached",
        ),
    ],
)
def test_a_teacher_of_something_else_is_refused(teacher_run, spec, message):
    check_teachers((teacher_run,), ModelSpec(labels_for(("yes",))))
    with pytest.raises(UserError, match=f"--teacher {teacher_run}: {message}"):
        check_teachers((teacher_run,), spec)
    if spec.words == ("yes",):
        check_teachers((teacher_run,), spec, is_cached=True)


def test_a_teacher_of_other_mel_bands_is_refused_unless_its_scores_are_taken(tmp_path):
    spec, wide = (
        ModelSpec(labels_for(("yes",)), front_end=FrontEnd("log_mel", mel_top_hz=top)) for top in (4000, 7600)
    )
    run = tmp_path / "teacher"
    run.mkdir()
    (run / runfolder.KERAS).write_bytes(b"model")
    runfolder.write_spec(run, wide, [runfolder.KERAS])
    with pytest.raises(UserError, match="its mel bands end at 7600 Hz; pass --mel-top-hz 7600 for this job"):
        check_teachers((run,), spec)
    check_teachers((run,), spec, is_cached=True)


def test_averages_do_not_lag_in_a_short_training(tmp_path):
    """Of 60 steps with averages over 1,000, the first weights keep less than a thousandth."""
    recipe = Recipe((60,), (0.01,), batch_size=4, average_steps=1000)
    trainer = make_trainer(tmp_path, recipe=recipe, name="single_fc")
    average = trainer._average
    first = [variable.numpy() for variable in average.variables]
    for variable in average._averaged:
        variable.assign(variable + 1.0)
    for step in range(60):
        average.update(tf.constant(step))
    for before, after in zip(first, average.variables, strict=True):
        assert after.numpy() - before == pytest.approx(np.ones_like(before), abs=1e-3)


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_averaged_weights_are_validated_kept_and_resumed(tmp_path):
    """The best checkpoint holds the averages, training goes on with the weights and draws themselves."""
    recipe = Recipe((40,), (0.01,), batch_size=8, eval_step_interval=20, average_steps=10, hard_negatives=5.0)
    whole = make_trainer(tmp_path / "whole", recipe=recipe, name="single_fc")
    before = [array.copy() for array in whole.model.get_weights()]
    whole._advance_to(20, 0.01)
    weights = whole.model.get_weights()
    with whole._averaged():
        averages = whole.model.get_weights()
    assert same(whole.model.get_weights(), weights)
    for start, average, end in zip(before, averages, weights, strict=True):
        assert np.abs(average - start).sum() > 0
        assert np.abs(average - end).sum() > 0

    stopped = make_trainer(tmp_path / "stopped", recipe=recipe, name="single_fc")
    interrupt_in_chunk(stopped, 1)
    with pytest.raises(Interrupted):
        stopped.run()
    resumed, straight = (
        make_trainer(tmp_path / run, recipe=recipe, name="single_fc") for run in ("stopped", "straight")
    )
    assert resumed.resume()
    assert resumed.run().best_step == straight.run().best_step
    assert same(resumed.model.get_weights(), straight.model.get_weights())
