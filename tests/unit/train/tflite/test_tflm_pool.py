"""Inferences in several processes are those of one."""

import os
import signal

import numpy as np
import pytest

from train.core.errors import UserError
from train.tflite import tflm_pool
from train.tflite.tflm import TflmModel


def test_processes_give_the_same_bits_in_the_same_order(
    tiny_tflite: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = TflmModel(tiny_tflite, "tiny")
    features = np.random.default_rng(1).integers(-128, 128, (450, 49, 43)).astype(np.int8)
    alone = tflm_pool.run_model(model, features)
    monkeypatch.setattr(tflm_pool, "_CLIPS_WORTH_PROCESSES", 0)
    monkeypatch.setattr(tflm_pool.os, "cpu_count", lambda: 2)
    assert np.array_equal(tflm_pool.run_model(model, features), alone)
    assert len(np.unique(alone, axis=0)) > 100, "else the order would not be seen"


def test_a_process_that_is_killed_is_told(tiny_tflite: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    model = TflmModel(tiny_tflite, "tiny")
    monkeypatch.setattr(tflm_pool, "_CLIPS_WORTH_PROCESSES", 0)
    monkeypatch.setattr(tflm_pool.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(tflm_pool, "_start_worker", _die)
    with pytest.raises(UserError, match="a process that was scoring clips was ended from outside"):
        tflm_pool.run_model(model, np.zeros((450, 49, 43), np.int8))


def _die(_: TflmModel) -> None:
    os.kill(os.getpid(), signal.SIGKILL)  # as the system does that has no memory left
