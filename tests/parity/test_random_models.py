"""Random Keras models: TFLite-Micro's bits from the compiled engine, or one line that says why not."""

import contextlib
import io
import shutil
from collections import Counter

import numpy as np
import pytest
from fuzzing import cases
from kernel_models import Oracle
from model_ends import inputs_of

from codegen.native import UNDEFINED_SANITIZER, NativeEngine
from train.core.errors import UserError

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tflite_micro.python.tflite_micro.runtime")

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")

MODELS = cases(4, 500)
FOUND = ()  # seeds beyond the first that once showed a fault
FEWEST_EQUAL = 0.5  # of those that TFLite-Micro runs: a test that only sees refusals proves nothing
EQUAL, REFUSED, FOREIGN, UNCONVERTED = "equal", "refused", "TFLite-Micro refuses it", "not converted"


def converted(seed: int) -> bytes | None:
    """None where TensorFlow's own converter gives up."""
    from random_keras import random_keras

    with contextlib.redirect_stdout(io.StringIO()):
        try:
            return random_keras(seed)
        except Exception as error:  # of the converter, which has many kinds
            print(f"seed {seed}: {type(error).__name__}")
            return None


def outcome(seed: int) -> tuple[str, str]:
    """What became of the model of a seed, and why."""
    tflite = converted(seed)
    if tflite is None:
        return UNCONVERTED, ""
    try:
        oracle = Oracle(tflite, f"model {seed}")
    except UserError as error:
        return FOREIGN, str(error)
    try:
        engine = NativeEngine(tflite, f"model {seed}", UNDEFINED_SANITIZER)
    except UserError as error:
        return REFUSED, str(error)
    inputs = inputs_of(oracle)
    for found, expected in zip(engine.run_all(inputs), oracle.run_all(inputs), strict=True):
        assert found.dtype == expected.dtype, f"seed {seed}"
        np.testing.assert_array_equal(found.reshape(expected.shape), expected, err_msg=f"seed {seed}")
    return EQUAL, ""


@pytest.mark.fuzz
def test_random_keras_models():
    outcomes = Counter()
    for seed in sorted({*range(MODELS), *FOUND}):
        kind, why = outcome(seed)
        outcomes[kind] += 1
        assert "\n" not in why
        if why:
            print(f"seed {seed}: {kind}: {why}")
    print(f"{MODELS} random Keras models: {dict(outcomes)}")
    run_by_both = outcomes[EQUAL] + outcomes[REFUSED]
    assert outcomes[EQUAL] >= FEWEST_EQUAL * run_by_both > 0
