"""Inference that computes only what is new: the bits of the whole inference, for every window of a stream.

EARSHOT_KERNEL_NETWORKS sets how many random networks; make bench-incremental takes 500.
"""

import os
import shutil
from itertools import pairwise

import numpy as np
import pytest
from kernel_models import Chain, Oracle, assert_equal, spectro_temporal, tiny_conv
from sweeping import sweep

from codegen.engine import Windows, build_engine
from codegen.incremental.rows import find_rows
from codegen.incremental.schedule import schedule
from codegen.native import UNDEFINED_SANITIZER, NativeEngine
from codegen.passes.ends import int8_core
from codegen.passes.fold import fold_constants
from train.tflite.graph import read_graph

NETWORKS = int(os.environ.get("EARSHOT_KERNEL_NETWORKS", "6"))
STRIDES = range(1, 11)
_ATTEMPTS, _APART = 10, 100_000  # for a network that shows something; seeds of which are none of the others'

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")


def check(tflite: bytes, where: str, stride_rows: int) -> NativeEngine:
    """The oracle's bits for windows of noise, of extremes, and of rows that repeat."""
    oracle = Oracle(tflite, where)
    engine = NativeEngine(tflite, where, UNDEFINED_SANITIZER, Windows(oracle.input_shape[0], stride_rows))
    rows, whole = windows_of(oracle, stride_rows)
    found = engine.run_stream(rows)
    assert_equal(found, oracle.run(whole), f"{where}, every {stride_rows} rows")
    engine.reset()
    assert np.array_equal(engine.run_stream(rows), found), "what lay in its memory must not matter"
    assert np.array_equal(engine.run(whole), found), "the whole inference stays"
    return engine


def windows_of(oracle: Oracle, stride_rows: int, count: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """A stream of rows, and its windows as the oracle takes them."""
    height = oracle.input_shape[0]
    rows = stream(height + stride_rows * (count - 1), int(np.prod(oracle.input_shape)) // height)
    starts = range(0, len(rows) - height + 1, stride_rows)
    return rows, np.stack([rows[start : start + height] for start in starts]).reshape(-1, *oracle.input_shape)


def stream(count: int, values: int) -> np.ndarray:
    """(count, values) int8."""
    rng = np.random.default_rng(3)
    rows = rng.integers(-128, 128, (count, values), dtype=np.int8)
    third = count // 3
    rows[third : third + 6] = rng.choice(np.array([-128, 127], np.int8), (6, values))
    rows[2 * third : 2 * third + 8] = rows[2 * third]
    return rows


@pytest.mark.parametrize("stride_rows", sweep(STRIDES, 3, 4))
@pytest.mark.parametrize("make", [tiny_conv, spectro_temporal])
def test_networks(make, stride_rows):
    check(make(), make.__name__, stride_rows)


def test_few_kept_rows_between_new_ones_are_computed_anew():
    """A call for each side would cost more; where there are many, it does not."""
    core = int8_core(fold_constants(read_graph(spectro_temporal(), "spectro_temporal")))
    rows = find_rows(core, core.tensors[core.inputs[0]].shape[1])
    gaps = {"DEPTHWISE_CONV_2D": [], "CONV_2D": []}
    for home, plan in schedule(rows, 4).items():
        for before, after in pairwise(plan.computed):
            gaps.setdefault(rows.ops[home].op.name, []).append(after.start - before.stop)
    assert min(gaps["DEPTHWISE_CONV_2D"] + gaps["CONV_2D"]) > 2
    assert max(gaps["DEPTHWISE_CONV_2D"]) > 8, "rows are kept at all"
    assert gaps["ADD"] == [2], "of rows that are cheap, those few stay"


def random_rows(seed: int) -> bytes:
    """Layers along time: any size, stride, dilation and padding, ways around, a dense end or none."""
    rng = np.random.default_rng(seed)
    height, width = int(rng.integers(8, 50)), int(rng.integers(1, 7))
    depth = int(rng.integers(1, 4))
    chain = Chain(seed, (height, width, depth), -128)
    for _ in range(int(rng.integers(1, 6))):
        rows, columns = chain.value.shape[1:3]
        taps = (int(rng.integers(1, 10)), int(rng.integers(1, min(columns, 3) + 1)))
        options = {"stride": (int(rng.choice([1, 1, 1, 2, 3])), int(rng.choice([1, 1, 2])))}
        if rng.random() < 0.3:
            options = {"dilation": (int(rng.integers(1, 4)), 1)}
        window = (taps[0] - 1) * options.get("dilation", (1, 1))[0] + 1
        options["padding"] = "VALID" if rng.random() < 0.4 and window < rows // 2 else "SAME"
        kind = rng.integers(5)
        if kind == 0:
            chain.depthwise(taps, **options)
        elif kind == 1 and columns == 1:
            chain.residual((taps[0], 1))
        elif kind == 2 and min(rows, columns) > 3:
            chain.pool(str(rng.choice(["MAX_POOL_2D", "AVERAGE_POOL_2D"])), (2, 2))
        elif kind == 3:
            chain.bins_to_channels()
        else:
            chain.convolve(taps, int(rng.integers(1, 7)), bool(rng.random() < 0.8), **options)
    return (chain.dense(5) if rng.random() < 0.5 else chain).tflite()


def is_blind(oracle: Oracle, stride_rows: int) -> bool:
    """Whether a network gives the same for all windows, as random ones sometimes do."""
    _, whole = windows_of(oracle, stride_rows)
    return len(np.unique(oracle.run(whole).reshape(len(whole), -1), axis=0)) == 1


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_random_networks(seed):
    stride_rows = 1 + seed % 10
    for attempt in range(_ATTEMPTS):
        number = seed + attempt * _APART
        tflite, where = random_rows(number), f"random_rows({number})"
        oracle = Oracle(tflite, where)
        windows = Windows(oracle.input_shape[0], stride_rows)
        keeps_rows = build_engine(read_graph(tflite, where), "", where, windows).next_rows > 0
        if keeps_rows and not is_blind(oracle, stride_rows):
            check(tflite, where, stride_rows)
            return
    pytest.fail(f"{_ATTEMPTS} networks keep no row, or give the same for any input")
