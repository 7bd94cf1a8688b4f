"""Training on a few clips: the same bits for the same seed, interrupted or not, and the best weights."""

import signal
from dataclasses import replace

import keras
import numpy as np
import pytest
from small_training import RECIPE, SEED, interrupt_in_chunk, make_trainer, same

from train.core import runfolder
from train.core.errors import Interrupted, UserError
from train.settings.recipe import Recipe
from train.training.checkpoint import State
from train.training.trainer import Trainer


def all_variables(trainer: Trainer) -> list[np.ndarray]:
    """Weights, and what dropout draws next."""
    return [variable.numpy() for variable in trainer.model.variables]


pytestmark = pytest.mark.usefixtures("ctrl_c_is_heard")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Trainer:
    trainer = make_trainer(tmp_path_factory.mktemp("whole"))
    trainer.run()
    return trainer


@pytest.mark.parametrize("chunk", [1, 2, 4])
def test_interrupted_and_resumed_gives_the_same_bits(tmp_path, uninterrupted, chunk):
    """Interrupted where a validation is due (step 40), where none is (60), and at the very end (100)."""
    first = make_trainer(tmp_path)
    interrupt_in_chunk(first, chunk)
    with pytest.raises(Interrupted) as caught:
        first.run()
    stopped_at = (40, 60, None, 100)[chunk - 1]
    assert f"stopped at step {stopped_at} of 100" in str(caught.value)
    assert f"best so far: {100 * first.state.best_accuracy:.1f}%" in str(caught.value)
    assert f"earshot train --resume {tmp_path}" in str(caught.value)
    assert caught.value.exit_code == 130

    second = make_trainer(tmp_path)
    assert second.resume()
    assert second.state.step == stopped_at
    state = second.run()
    assert same(second.model.get_weights(), uninterrupted.model.get_weights())
    assert state.training == uninterrupted.state.training
    assert state.validation == uninterrupted.state.validation
    assert state.best_step == uninterrupted.state.best_step


def test_resuming_without_a_checkpoint_says_so(tmp_path):
    assert not make_trainer(tmp_path).resume()


def test_the_same_seed_gives_the_same_bits_and_another_does_not(tmp_path, uninterrupted):
    again = make_trainer(tmp_path / "again")
    again.run()
    assert same(again.model.get_weights(), uninterrupted.model.get_weights())
    other = make_trainer(tmp_path / "other", seed=SEED + 1)
    other.run()
    assert not same(other.model.get_weights(), uninterrupted.model.get_weights())


def test_batches_alone_depend_on_the_seed(tmp_path):
    """The same first weights and dropout, other batches."""
    weights = []
    for seed in (SEED, SEED + 1):
        trainer = make_trainer(tmp_path / str(seed), seed=seed, name="single_fc")
        trainer.model.set_weights([np.zeros_like(array) for array in trainer.model.get_weights()])
        trainer._advance_to(5, 0.001)
        weights.append(trainer.model.get_weights())
    assert not same(*weights)


def test_it_learns_and_logs(uninterrupted):
    state = uninterrupted.state
    assert state.best_accuracy > 0.9
    assert state.training[-1]["loss"] < state.training[0]["loss"]
    assert [entry["step"] for entry in state.training] == [40, 60, 80, 100]
    assert [entry["rate"] for entry in state.training] == [0.001, 0.001, 0.0001, 0.0001]
    assert [entry["step"] for entry in state.validation] == [40, 80, 100]
    assert list((uninterrupted._run / runfolder.LOGS).glob("events.out.tfevents*"))


def test_the_model_ends_with_its_best_validation_weights(tmp_path, monkeypatch):
    """Validation is made to say that step 80 was best; the weights of that step are kept aside."""
    trainer = make_trainer(tmp_path)
    kept, score = {}, trainer._validation_scores

    def validation_scores():
        kept[trainer.state.step] = trainer.model.get_weights()
        labels = trainer._validation_labels
        predicted = labels if trainer.state.step == 80 else (labels + 1) % 3
        return np.eye(3, dtype=np.float32)[predicted] + 0 * score()

    monkeypatch.setattr(trainer, "_validation_scores", validation_scores)
    state = trainer.run()
    assert (state.best_step, state.best_accuracy) == (80, 1.0)
    assert same(trainer.model.get_weights(), kept[80])
    assert not same(kept[80], kept[100])


def test_it_ends_where_validation_has_not_risen_for_the_patience_of_the_recipe(tmp_path, monkeypatch, capfd):
    """Validation is made to rise up to step 40; what is resumed after the end stays there."""
    recipe = replace(RECIPE, eval_step_interval=20, patience_steps=40)
    trainer = make_trainer(tmp_path, recipe=recipe)

    def validation_scores():
        labels = trainer._validation_labels
        predicted = labels if trainer.state.step == 40 else (labels + 1) % 3
        return np.eye(3, dtype=np.float32)[predicted]

    monkeypatch.setattr(trainer, "_validation_scores", validation_scores)
    state = trainer.run()
    assert (state.step, state.best_step) == (80, 40)
    said = "ended at step 80 of 100: validation has not risen since step 40 (--patience-steps 40)"
    assert said in capfd.readouterr().err
    resumed = make_trainer(tmp_path, recipe=recipe)
    assert resumed.resume()
    assert resumed.run().step == 80
    assert same(resumed.model.get_weights(), trainer.model.get_weights())


def test_of_equal_accuracies_the_last_is_kept_and_patience_counts_from_the_first():
    state = State()
    kept = []
    for state.step, accuracy in ((40, 0.6), (80, 0.8), (120, 0.6), (160, 0.8), (200, 0.7)):
        kept.append(state.validated(accuracy))
    assert kept == [True, True, False, True, False]
    assert (state.best_step, state.risen_step, state.best_accuracy) == (160, 80, 0.8)


def test_stop_training_takes_the_best_so_far(tmp_path):
    first = make_trainer(tmp_path)
    interrupt_in_chunk(first, 2)
    with pytest.raises(Interrupted):
        first.run()
    at_60 = all_variables(first)
    second = make_trainer(tmp_path)
    second.resume()
    state = second.stop_here()
    assert (state.step, state.best_step) == (60, 40)
    with np.load(tmp_path / runfolder.CHECKPOINTS / "best.npz") as best:
        assert same(all_variables(second), [best[name] for name in sorted(best.files) if name != "state"])
    assert not same(all_variables(second), at_60)


def test_stop_training_before_any_validation_is_refused(tmp_path):
    with pytest.raises(UserError, match="nothing was validated yet; resume without --stop-training"):
        make_trainer(tmp_path).stop_here()


def test_a_loss_that_is_no_number_is_a_clear_error(tmp_path):
    recipe = Recipe((100,), (1e38,), batch_size=8, eval_step_interval=40)
    with pytest.raises(
        UserError, match=r"between steps 0 and 40: the loss is (nan|inf) at learning rate 1e\+38; lower"
    ):
        make_trainer(tmp_path, recipe=recipe).run()


def test_the_checkpoint_of_another_network_is_refused(tmp_path):
    trainer = make_trainer(tmp_path, name="single_fc")
    trainer._save("last.npz")
    with pytest.raises(UserError, match=r"last\.npz: was saved for another network"):
        make_trainer(tmp_path).resume()


def test_going_on_with_other_clips_is_refused(tmp_path):
    make_trainer(tmp_path, corpus="a" * 64)._save("last.npz")
    assert make_trainer(tmp_path, corpus="a" * 64).resume()
    with pytest.raises(UserError, match=r"last\.npz: was trained on other clips: corpus aaaaaaaaaaaa"):
        make_trainer(tmp_path, corpus="b" * 64).resume()


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_damaged_checkpoint_is_refused(tmp_path, content):
    trainer = make_trainer(tmp_path, name="single_fc")
    trainer._save("last.npz")
    path = tmp_path / runfolder.CHECKPOINTS / "last.npz"
    path.write_bytes(path.read_bytes()[:-300] if content is None else content)
    with pytest.raises(UserError, match=r"last\.npz: not a checkpoint that can be read .*remove the file"):
        trainer.resume()


def test_ctrl_c_works_as_before_once_training_is_over(uninterrupted):
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_dropout_is_part_of_what_resuming_restores(tmp_path):
    """Otherwise a resumed run would drop other activations than an uninterrupted one."""
    trainer = make_trainer(tmp_path)
    saved = [variable.path for variable in trainer.model.variables]
    assert any("seed" in path for path in saved)
    assert any(isinstance(layer, keras.layers.Dropout) for layer in trainer.model.layers)
