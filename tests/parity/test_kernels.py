"""The hot kernels on the host: random networks under sanitizers, and outputs that lie over inputs.

EARSHOT_KERNEL_NETWORKS sets how many of each kind; make bench-kernels takes many.
"""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from kernel_models import (
    Chain,
    Oracle,
    assert_equal,
    inputs_for,
    random_convolutions,
    random_dense,
    random_pools,
    random_sums,
    weighted,
)
from places import C_PROGRAMS
from tflite_builder import INPUT_SCALE, Network, Weighted

from codegen.native import NativeEngine, compile_engine
from codegen.ops import _convolution
from codegen.plan import ALIGNMENT_BYTES, Overlap
from train.core.errors import UserError

HARNESS = C_PROGRAMS / "run_engine.c"
NETWORKS = int(os.environ.get("EARSHOT_KERNEL_NETWORKS", "3"))
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")


def check(tflite: bytes, where: str, folder: Path) -> None:
    """The oracle's bits, no undefined behaviour, nothing touched outside of the arena and the constants."""
    oracle = Oracle(tflite, where)
    inputs = inputs_for(oracle, 20)
    expected = oracle.run(inputs).reshape(len(inputs), -1)
    compile_engine(tflite, where, folder, folder / "program", SANITIZERS, extra=[HARNESS])
    done = subprocess.run([folder / "program"], input=inputs.tobytes(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    assert_equal(np.frombuffer(done.stdout, np.int8).reshape(expected.shape), expected, where)


@pytest.mark.parametrize("seed", range(NETWORKS))
@pytest.mark.parametrize("make", [random_convolutions, random_dense, random_pools, random_sums])
def test_random_networks(make, seed, tmp_path):
    check(make(seed), f"{make.__name__}({seed})", tmp_path)


def test_dense_rows_at_the_end_of_the_arena(tmp_path):
    """The last row is read in whole blocks, which end behind it."""
    rng = np.random.default_rng(1)
    network = Network((400,))
    wide = weighted(rng, rng.integers(-128, 128, (272, 400), dtype=np.int8), 0, 0, 3)
    rows = network.reshape(network.dense(network.input, wide), (16, 17))
    narrow = weighted(rng, rng.integers(-128, 128, (1, 17), dtype=np.int8), 0, 3, 5)
    tflite = network.tflite(network.reshape(network.dense(rows, narrow), (1, 16)))
    check(tflite, "rows", tmp_path)


@pytest.mark.parametrize("has_bias", [True, False])
def test_one_scale_of_a_dense_layer_is_multiplied_in_float64(has_bias):
    """Sums at the brink between two outputs, where the last bit of the multiplier decides."""
    rng = np.random.default_rng(0)
    count, value = 2048, 127
    weights, total = np.full((1, count), value, np.int8), count * value * value
    inputs = np.stack([np.full(count, value, np.int8), np.full(count, -128, np.int8)])
    decided = 0
    for _ in range(400):
        step, weight_scale = int(rng.integers(20, 100)), float(np.float32(rng.uniform(0.001, 0.01)))
        scale_in = float(np.float32(INPUT_SCALE))
        scale = float(np.float32(scale_in * weight_scale * total / (step + 0.5)))
        narrow = float(np.float32(scale_in) * np.float32(weight_scale)) / scale
        steps = [total * factor - step > 0.5 for factor in (scale_in * weight_scale / scale, narrow)]
        if steps[0] == steps[1]:
            continue
        bias = np.zeros(1) if has_bias else None
        layer = Weighted(weights, bias, np.array([weight_scale * scale_in / scale]), scale, 0)
        network = Network((count,))
        tflite = network.tflite(network.dense(network.input, layer))
        assert_equal(NativeEngine(tflite, "brink").run(inputs), Oracle(tflite, "brink").run(inputs))
        decided += 1
        if decided == 8:
            return
    pytest.fail(f"only {decided} cases in which float32 and float64 differ")


def test_a_constant_as_the_input_of_a_dense_layer_is_refused():
    rng = np.random.default_rng(1)
    network = Network((8,))
    constant = network.constant_input(rng.integers(-128, 128, (1, 9), dtype=np.int8))
    layer = weighted(rng, rng.integers(-128, 128, (8, 9), dtype=np.int8), 0, 0, 0)
    tflite = network.tflite(network.flat([network.dense(constant, layer)]))
    with pytest.raises(UserError, match=r"op 0 FULLY_CONNECTED: tensor \d+ .* is a constant; .* computed"):
        NativeEngine(tflite, "constant")


# Rows of all these are multiples of the alignment, so that no byte of a lead is spare.
def rows_with_a_lead() -> bytes:
    """Each row of outputs is longer than one of the inputs."""
    return Chain(3, (9, 8, 4)).convolve((3, 3), 16).tflite()


def segments() -> bytes:
    """1x1 convolutions of more positions than scratch holds, to more channels; the last is shorter."""
    return Chain(4, (11, 17, 16)).convolve((1, 1), 32).convolve((1, 1), 64).convolve((1, 1), 4).tflite()


def in_place() -> bytes:
    """Channels that are rewritten where they lie, also with fewer places than before."""
    return Chain(5, (8, 8, 20)).depthwise((3, 3)).depthwise((3, 2), stride=(2, 2)).tflite()


def columns() -> bytes:
    """Images one place wide, which are taken for rows."""
    chain = Chain(6, (40, 1, 16)).convolve((3, 1), 16).depthwise((9, 1)).depthwise((3, 1), stride=(2, 2))
    return chain.convolve((5, 1), 32, stride=(2, 1)).convolve((1, 1), 16).tflite()


def ways_around() -> bytes:
    """What is read again behind a block must outlast it; the sums lie over one of their inputs."""
    return Chain(7, (24, 1, 16)).residual((9, 1)).residual((3, 1)).residual((9, 1)).tflite()


CHAINS = [rows_with_a_lead, segments, in_place, columns, ways_around]


def same_on_host(tflite: bytes) -> bool:
    oracle = Oracle(tflite, "chain")
    inputs = inputs_for(oracle, 30)
    found = NativeEngine(tflite, "chain").run(inputs)
    return bool((found == oracle.run(inputs).reshape(found.shape)).all())


@pytest.mark.parametrize("make", CHAINS)
def test_outputs_over_inputs(make, tmp_path):
    check(make(), make.__name__, tmp_path)


@pytest.mark.parametrize("make", [rows_with_a_lead, segments])
def test_a_lead_that_is_too_short_is_seen(make, monkeypatch):
    """So the plans above use every lead, and none of them is longer than it must be."""
    lead_bytes = _convolution._lead_bytes

    def too_short(parts):
        return max(0, lead_bytes(parts) - ALIGNMENT_BYTES)

    monkeypatch.setattr(_convolution, "_lead_bytes", too_short)
    assert not same_on_host(make())


def test_channels_a_little_out_of_place_are_seen(monkeypatch):
    overlap = Overlap(lead_bytes=ALIGNMENT_BYTES, exactly=True)
    monkeypatch.setattr(_convolution, "Overlap", lambda *_, **__: overlap)
    assert not same_on_host(in_place())
