"""TFLite-Micro in a process of its own: what crashes there is told here."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from kernel_models import Oracle, inputs_for, tiny_conv
from places import ROOT
from tflite_builder import Network

from train.core.errors import UserError
from train.tflite import tflm_host
from train.tflite.tflm import TflmModel

SIZES_BYTES = (16, 464, 912)  # of which one crashes it, and two are refused


@pytest.fixture(scope="module")
def dense() -> bytes:
    """A model so small that the memory for loading it is more than that for running it."""
    network = Network((3,))
    return network.tflite(network.softmax(network.input))


def test_a_crash_is_told_and_other_models_go_on(dense):
    other = Oracle(tiny_conv(), "other")
    inputs = inputs_for(other, 3)
    before = other.run(inputs)
    told = []
    for arena_bytes in SIZES_BYTES:
        with pytest.raises(UserError, match=r"^dense: TFLite-Micro refuses it: ") as refusal:
            TflmModel(dense, "dense", arena_bytes)
        told.append("its interpreter crashes (SIG" in str(refusal.value))
    assert told == [True, False, False]
    np.testing.assert_array_equal(other.run(inputs), before)


def test_the_smallest_arena_of_small_models(dense):
    model = TflmModel(dense, "dense")
    assert TflmModel(dense, "dense", model.arena_bytes).run(np.zeros((1, 3), np.int8)).shape == (1, 3)
    with pytest.raises(UserError, match="refuses it"):
        TflmModel(dense, "dense", model.arena_bytes - 16)


def test_what_does_not_come_to_an_end(dense, monkeypatch):
    model = TflmModel(dense, "slow")
    monkeypatch.setattr(tflm_host, "_LOAD_TIMEOUT_S", 1)
    monkeypatch.setattr(tflm_host, "_SECONDS_PER_INPUT", 0)
    with pytest.raises(
        UserError, match=r"^slow: TFLite-Micro refuses it: does not come to an end within 1 s"
    ):
        model.run(np.zeros((3_000_000, 3), np.int8))
    assert model.run(np.zeros((1, 3), np.int8)).shape == (1, 3)


def test_it_ends_with_the_process_that_asks(dense, tmp_path):
    (tmp_path / "dense.tflite").write_bytes(dense)
    code = (
        "import sys, time; from train.tflite import tflm, tflm_host\n"
        f"tflm.TflmModel(open({str(tmp_path / 'dense.tflite')!r}, 'rb').read(), 'dense')\n"
        "print(tflm_host._host._process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    os.kill(child, 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        if not _runs(child):
            return
        time.sleep(0.05)
    pytest.fail("it goes on")


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = ROOT.joinpath(f"/proc/{process}/stat")
    return not status.exists() or ") Z " not in status.read_text()
