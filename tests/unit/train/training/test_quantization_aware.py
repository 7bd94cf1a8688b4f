"""Fine-tuning with the rounding of int8: on the weights that were trained, on the steps of the .tflite."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_training import RECIPE, SEED, make_bank, make_trainer

from quantize.convert import convert
from train import architectures
from train.architectures import count_parameters
from train.audio.frontend import dequantize_features, model_input
from train.core import runfolder
from train.core.errors import UserError
from train.core.spec import FrontEnd, ModelSpec, labels_for
from train.settings.job import Job
from train.settings.recipe import ONE_CYCLE, RECIPES, STRONG, Recipe
from train.tflite.tf_interpreter import tensorflow_scores
from train.training.quantization_aware import aware
from train.training.trainer import Trainer

FRONT_END = FrontEnd()
FEATURES = make_bank(60, seed=1).features
FLOATS = dequantize_features(FEATURES, FRONT_END)[..., np.newaxis]
# The two largest have no layers that the others lack; wake_word, for longer clips, has those of streaming.
NETWORKS = sorted({*architectures.names_for_boards()} - {"conv", "spectro_temporal_large", "wake_word"})


def built(name: str) -> keras.Model:
    """A network whose normalizations have statistics and factors of their own."""
    model = architectures.build(name, FRONT_END, 4, 0.0, SEED)
    generator = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for variable in layer.weights:
                variable.assign(generator.uniform(0.5, 1.5, variable.shape))
    return model


def calibrated(model: keras.Model) -> keras.Model:
    rounded = aware(model)
    rounded(FLOATS, training=True)
    return rounded


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_the_same_but_for_rounding(name):
    model = built(name)
    rounded = calibrated(model)
    expected, got = model(FLOATS).numpy(), rounded(FLOATS).numpy()
    assert not np.array_equal(expected, got)
    assert np.abs(expected - got).max() < 0.1
    assert count_parameters(model) > 0, "counting needs the first graph as it was"
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(rounded(FLOATS, training=True)[:, 0])
    gradients = tape.gradient(loss, rounded.trainable_variables)
    assert all(gradient is not None for gradient in gradients)
    statistics = 2 * sum(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers)
    assert len(rounded.trainable_variables) == len(model.weights) - statistics


def test_rounds_as_the_tflite_does(tmp_path):
    """Scores of the rounded network lie nearer to those of the .tflite than scores of the float one."""
    trainer = make_trainer(tmp_path)
    trainer.run()
    model = trainer.model
    rounded = calibrated(model)
    int8 = tensorflow_scores(
        convert(model, FEATURES, FRONT_END, "the test"), model_input(FEATURES, FRONT_END)
    )
    scores = (int8.astype(np.float64) + 128) / 256
    far = np.abs(scores - model(FLOATS).numpy()).mean()
    near = np.abs(scores - rounded(FLOATS).numpy()).mean()
    assert near < far


def test_fine_tuning_changes_the_trained_network_and_its_statistics_stay(tmp_path):
    model = built("temporal")
    before = {variable.path: variable.numpy() for variable in model.variables}
    recipe = Recipe(quantization_aware_steps=40, batch_size=8, eval_step_interval=20).fine_tuning()
    spec = ModelSpec(labels_for(("yes", "no")), "temporal", FRONT_END, SEED)
    model = built("temporal")
    trainer = Trainer(
        aware(model), spec, recipe, make_bank(60, 1), make_bank(30, 2), tmp_path, stage="quantization_aware"
    )
    state = trainer.run()
    assert state.step == 40
    assert (tmp_path / runfolder.CHECKPOINTS / "quantization_aware" / "last.npz").is_file()
    changed = {
        variable.path
        for variable in model.variables
        if not np.array_equal(before[variable.path], variable.numpy())
    }
    trained = {variable.path for variable in model.trainable_variables}
    assert changed == trained


def test_its_recipe():
    recipe = Recipe(quantization_aware_steps=300).fine_tuning()
    assert recipe.training_steps == (300,)
    assert recipe.learning_rates == pytest.approx((0.0001,))
    assert (recipe.schedule, recipe.average_steps) == (ONE_CYCLE, 0)
    assert RECIPES[STRONG].quantization_aware_steps == RECIPE.quantization_aware_steps == 0
    with pytest.raises(UserError, match="--quantization-aware-steps is -1, expected 0 or more"):
        Recipe(quantization_aware_steps=-1)
    with pytest.raises(UserError, match="--preprocess mfcc: is for no board, so nothing is quantized"):
        Job(("yes",), recipe=Recipe(quantization_aware_steps=1), front_end=FrontEnd("mfcc"))
