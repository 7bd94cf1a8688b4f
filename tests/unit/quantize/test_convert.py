"""From Keras to int8: every architecture comes out clean, small, near its float scores and reproducible."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from sweeping import sweep

from quantize.audit import audit
from quantize.convert import centre_logits, convert
from quantize.slim import slim
from quantize.stage import quantize
from train import architectures
from train.audio.frontend import dequantize_features, model_input
from train.core import runfolder
from train.core.errors import UserError
from train.core.spec import FrontEnd, ModelSpec, labels_for
from train.tflite.tf_interpreter import tensorflow_scores
from train.tflite.tflm import TflmModel

FRONT_END = FrontEnd()
# A conversion runs its calibration clips a few dozen times: seconds for small networks, more for these.
_BIG = ("conv", "low_latency_conv", "low_latency_svdf")


def calibration(clips: int, seed: int = 3) -> np.ndarray:
    """(clips, 49, 43) uint8: quiet, with a few loud places, as speech is in linear features."""
    loud = np.random.default_rng(seed).exponential(12.0, (clips, 49, 43))
    return np.minimum(loud, 255).astype(np.uint8)


def build(name: str = "tiny_conv", labels: int = 4, seed: int = 11) -> keras.Model:
    """Random weights large enough that the scores differ from clip to clip."""
    keras.utils.set_random_seed(seed)
    model = architectures.build(name, FRONT_END, labels, 0.5, seed)
    generator = np.random.default_rng(seed)
    for weight in model.trainable_variables:
        fan_in = max(1, int(np.prod(weight.shape[:-1])))
        weight.assign(generator.normal(0, 0.5 / np.sqrt(fan_in), weight.shape))
    return model


@pytest.fixture(scope="module")
def tiny() -> tuple[keras.Model, bytes]:
    model = build()
    return model, convert(model, calibration(20), FRONT_END, "tiny")


def test_the_yes_no_file_is_under_20000_bytes_and_its_input_is_the_front_ends(tiny):
    """Not a matter of the clips: these nowhere reach 255."""
    assert calibration(20).max() < 255
    result = audit(slim(tiny[1]), FRONT_END)
    assert result.file_bytes < 20_000
    assert (result.input.scales, result.input.zero_points) == ((0.5,), (-128,))
    assert (result.output.scales, result.output.zero_points) == ((1 / 256,), (-128,))


def test_int8_scores_are_near_the_float_ones(tiny):
    model, tflite = tiny
    unseen = calibration(30, seed=4)
    expected = model.predict(dequantize_features(unseen, FRONT_END)[..., None], verbose=0)
    assert expected.std(axis=0).max() > 0.02, "the test must not be blind to its inputs"
    found = (TflmModel(tflite, "tiny").run(model_input(unseen, FRONT_END)) + 128.0) / 256
    assert np.abs(found - expected).max() < 0.12
    assert np.abs(found - expected).mean() < 0.02


def test_conversion_is_deterministic(tiny):
    """In what is kept: the names that Keras makes up, of which slim keeps none, count up."""
    assert slim(convert(build(), calibration(20), FRONT_END, "again")) == slim(tiny[1])


def test_other_weights_give_another_file(tiny):
    other = slim(convert(build(seed=12), calibration(20), FRONT_END, "other"))
    assert other != slim(tiny[1])


ARCHITECTURES = [
    pytest.param(name, marks=pytest.mark.slow if name in _BIG else ())
    for name in architectures.names()
    if architectures.front_end_of(name).is_deployable
]


@pytest.mark.parametrize("name", sweep(ARCHITECTURES, "tiny_conv", "low_latency_svdf", "spectro_temporal"))
def test_every_architecture_converts_and_passes_the_audit(name):
    model = build(name)
    clips = calibration(2 if name in _BIG else 8)
    tflite = slim(convert(model, clips, FRONT_END, name))
    result = audit(tflite, FRONT_END, name)
    assert result.output.shape == (1, 4)
    assert len(tflite) < model.count_params() * 1.25 + 6000, "int8: about a byte for each parameter"
    assert sum(op.macs for op in result.ops) == architectures.count_macs(model)
    inputs = model_input(clips, FRONT_END)
    assert tensorflow_scores(tflite, inputs).shape == (len(clips), 4)
    oracle = TflmModel(tflite, name)
    assert oracle.run(inputs).shape == (len(clips), 4)
    assert oracle.arena_bytes > 0


@pytest.mark.parametrize("name", ["tiny_conv", "single_fc"])
def test_centring_the_logits_leaves_the_scores_as_they_were(name):
    model = build(name)
    features = dequantize_features(calibration(20), FRONT_END)[..., None]
    logits = architectures.logits(model)  # shares the weights
    before = model.predict(features, verbose=0)
    assert np.abs(logits.predict(features, verbose=0).sum(axis=-1)).max() > 0.01, "nothing to centre"
    centre_logits(model)
    assert np.abs(model.predict(features, verbose=0) - before).max() < 1e-5
    assert np.abs(logits.predict(features, verbose=0).sum(axis=-1)).max() < 1e-4


def make_run(run: Path, features: np.ndarray) -> Path:
    """A run folder as training leaves it."""
    run.mkdir()
    build().save(run / runfolder.KERAS)
    with (run / runfolder.CALIBRATION).open("wb") as file:
        np.save(file, features)
    runfolder.write_spec(run, ModelSpec(labels_for(("yes", "no"))), [runfolder.KERAS, runfolder.CALIBRATION])
    return run


def test_the_stage_writes_the_file_and_its_hash(tmp_path, tiny):
    run = make_run(tmp_path / "run", calibration(20))
    result = quantize(run)
    assert (run / runfolder.TFLITE).read_bytes() == slim(tiny[1])
    assert result.file_bytes == (run / runfolder.TFLITE).stat().st_size
    runfolder.read_spec(run, needs=[runfolder.TFLITE, runfolder.KERAS, runfolder.CALIBRATION])
    keras_hash = json.loads((run / runfolder.SPEC).read_text())["artefacts"][runfolder.KERAS]
    assert keras_hash == runfolder.sha256_file(run / runfolder.KERAS), "centring must not touch model.keras"


@pytest.mark.parametrize(
    "features",
    [np.zeros((0, 49, 43), np.uint8), np.zeros((4, 49, 40), np.uint8), np.zeros((4, 49, 43), "f4")],
)
def test_calibration_of_another_kind_is_refused(tmp_path, features):
    with pytest.raises(UserError, match=r"calibration\.npy: .* expected uint8 \(n, 49, 43\); train again"):
        quantize(make_run(tmp_path / "run", features))


@pytest.mark.parametrize("content", [b"", b"no array at all", b"PK\x03\x04"])
def test_calibration_that_is_no_array_is_refused(tmp_path, content):
    run = make_run(tmp_path / "run", calibration(2))
    (run / runfolder.CALIBRATION).write_bytes(content)
    spec = runfolder.read_spec(run, needs=[runfolder.KERAS])
    runfolder.write_spec(run, spec, [runfolder.CALIBRATION])  # so that its hash is not what is wrong
    with pytest.raises(UserError, match=r"calibration\.npy: .* train again"):
        quantize(run)
    assert not (run / runfolder.TFLITE).exists()


def test_a_model_exchanged_after_training_is_refused(tmp_path):
    run = make_run(tmp_path / "run", calibration(2))
    build(seed=5).save(run / runfolder.KERAS)
    with pytest.raises(UserError, match=r"model\.keras: does not belong to"):
        quantize(run)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_keras_model_is_refused(tmp_path, content):
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(UserError, match=r"model\.keras: not a model\.keras that can be loaded"):
        architectures.load(tmp_path / "model.keras")
