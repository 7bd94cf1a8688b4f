"""Operators in random forms against the TFLite-Micro interpreter: shapes, axes, scales, zero points, state.

EARSHOT_OPERATOR_FORMS sets how many of each.
"""

import os
import shutil

import numpy as np
import pytest
from engine_batch import EngineBatch
from kernel_models import Oracle, assert_equal, inputs_for
from operator_forms import GROUPS

from train.tflite.schema import ENGINE_OPS

FORMS = int(os.environ.get("EARSHOT_OPERATOR_FORMS", "4"))
RANDOM_INPUTS = 20
ALL_VALUES = np.arange(-128, 128).astype(np.int8)

pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")


def inputs_of(oracle: Oracle) -> np.ndarray:
    """Every value in one input, where it has as many places; else noise and the extremes."""
    if np.prod(oracle.input_shape) == len(ALL_VALUES):
        return np.stack([ALL_VALUES, ALL_VALUES[::-1]]).reshape(2, *oracle.input_shape)
    return inputs_for(oracle, RANDOM_INPUTS)


@pytest.mark.parametrize("group", GROUPS)
def test_random_forms(group):
    """All of a group in one library, under UBSan. What has state answers to a sequence."""
    models = {
        f"{name} {seed}": form(np.random.default_rng(seed))
        for name, form in GROUPS[group].items()
        for seed in range(FORMS)
    }
    engines, blind = EngineBatch(models), []
    for name, tflite in models.items():
        oracle = Oracle(tflite, name)
        inputs = inputs_of(oracle)
        expected = oracle.run(inputs).reshape(len(inputs), -1)
        np.testing.assert_array_equal(engines.run(name, inputs), expected, name)
        engines.reset(name)
        np.testing.assert_array_equal(engines.run(name, inputs), expected, f"{name}, again after a reset")
        if len(np.unique(expected)) == 1:
            blind.append(name)
    assert len(blind) <= len(models) / 3, f"all outputs are one number: {blind}"


@pytest.mark.parametrize("name", GROUPS["with state"])
def test_state_is_seen_and_forgotten(name):
    """An input is answered otherwise after others than at first, and as at first after a reset."""
    models = {str(seed): GROUPS["with state"][name](np.random.default_rng(seed)) for seed in range(6)}
    engines, differing = EngineBatch(models), 0
    for seed, tflite in models.items():
        oracle = Oracle(tflite, seed)
        inputs = inputs_for(oracle, 3)
        first = oracle.run(inputs)
        later = oracle.run(inputs)
        oracle.reset()
        np.testing.assert_array_equal(oracle.run(inputs), first)
        assert_equal(engines.run(seed, inputs), first, seed)
        assert_equal(engines.run(seed, inputs), later, f"{seed}, later")
        differing += bool((first != later).any())
    assert differing > 3


def test_no_operator_is_forgotten():
    """Those without a form here are in test_engine_operators.py, test_kernels.py or test_variables.py."""
    formed = {operator for group in GROUPS.values() for name in group for operator in name.split(", ")}
    elsewhere = {
        "ASSIGN_VARIABLE", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED", "HARD_SWISH", "LOGISTIC", "MAX_POOL_2D", "QUANTIZE", "READ_VARIABLE", "RELU",
        "RELU6", "RESHAPE", "SOFTMAX", "STRIDED_SLICE",
    }  # fmt: skip
    assert formed | elsewhere == set(ENGINE_OPS)
