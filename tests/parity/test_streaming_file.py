"""Networks with their state inside: TFLite-Micro's bits for whole windows, and those of the compiled engine.

EARSHOT_KERNEL_NETWORKS sets how many random networks; make bench-kernels takes many.
"""

import os
import shutil

import numpy as np
import pytest
from kernel_models import Chain, Oracle, assert_equal

from codegen.native import UNDEFINED_SANITIZER, NativeEngine
from codegen.streaming.streaming_file import network_stride, streaming_file
from train.core.errors import UserError
from train.tflite.graph import read_graph

NETWORKS = int(os.environ.get("EARSHOT_KERNEL_NETWORKS", "6"))
BINS, LABELS, SCALE = 12, 3, 0.1


def random_valid(seed: int) -> tuple[bytes, int]:
    """Layers along time without padding; also how many rows a window has."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(30, 70))
    chain = Chain(seed, (rows, BINS, 1), -128)
    if rng.random() < 0.5:
        chain.bins_to_channels()
    for _ in range(int(rng.integers(1, 5))):
        height, width = chain.value.shape[1:3]
        taps = (int(rng.integers(1, 1 + min(7, height // 3))), int(rng.integers(1, 1 + min(width, 3))))
        options = {"stride": (int(rng.choice([1, 1, 2, 3])), int(rng.choice([1, min(2, width)])))}
        if rng.random() < 0.2 and 2 * taps[0] < height:
            options = {"dilation": (2, 1)}
        kind = rng.integers(4)
        if kind == 0:
            chain.depthwise(taps, padding="VALID", **options)
        elif kind == 1:
            chain.residual((1, 1))
        elif kind == 2 and height > 8:
            chain.pool(str(rng.choice(["MAX_POOL_2D", "AVERAGE_POOL_2D"])), (2, min(width, 2)))
        else:
            chain.convolve(taps, int(rng.integers(1, 7)), padding="VALID", **options)
        if chain.value.shape[1] < 6:
            break
    if rng.random() < 0.5:
        chain.mean()
    return chain.dense(LABELS).logistic().tflite(), rows


@pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")
@pytest.mark.parametrize("seed", range(NETWORKS))
def test_scores_are_those_of_windows(seed: int) -> None:
    tflite, window = random_valid(seed)
    where = f"random_valid({seed})"
    stride = network_stride(read_graph(tflite, where)) * (1 + seed % 2)
    pushes = window // stride + 20
    features = np.random.default_rng(seed).integers(-128, 128, (pushes, stride, BINS), dtype=np.int8)
    ends = [(push, end) for push in range(pushes) if (end := (push + 1) * stride) >= window]
    rows = features.reshape(-1, BINS)
    scores = Oracle(tflite, where).run(np.stack([rows[end - window : end, :, None] for _, end in ends]))
    label = next((label for label in range(LABELS) if len(np.unique(scores[:, label])) > 1), None)
    if label is None:
        pytest.skip("it gives the same for any input")
    made = streaming_file(tflite, where, stride, label, SCALE)
    found = Oracle(made.tflite, where).run(features)
    assert_equal(found[[push for push, _ in ends]], scores[:, [label]].astype(int) + 128, where)
    engine = NativeEngine(made.tflite, where, UNDEFINED_SANITIZER)
    assert_equal(engine.run(features), found, f"{where}, compiled")


def test_the_state_is_of_the_rows_that_are_kept() -> None:
    """4 rows before a kernel of 5, 6 before the mean over 7: of 12 values and of 3."""
    chain = Chain(1, (11, BINS, 1), -128).bins_to_channels().convolve((5, 1), 3, padding="VALID").mean()
    made = streaming_file(chain.dense(LABELS).logistic().tflite(), "chain", 1, 0, SCALE)
    assert (made.variables, made.state_bytes) == (2, 4 * 12 + 6 * 3)


def test_the_ends_are_those_of_micro_wake_word() -> None:
    chain = Chain(1, (11, BINS, 1), -128).convolve((5, 3), 3, padding="VALID").mean()
    graph = read_graph(
        streaming_file(chain.dense(1).logistic().tflite(), "chain", 2, 0, SCALE).tflite, "made"
    )
    given, score = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    assert (given.shape, given.type_name, given.zero_point) == ((1, 2, BINS), "INT8", -128)
    assert given.scale == np.float32(SCALE)
    assert (score.shape, score.type_name, score.scale, score.zero_point) == ((1, 1), "UINT8", 1 / 256, 0)


@pytest.mark.parametrize(
    ("chain", "stride", "message"),
    [
        (Chain(1, (11, BINS, 1), -128).convolve((5, 1), 3).mean().dense(2).logistic(), 1, "pads its rows"),
        (Chain(1, (11, BINS, 1), -128).mean().dense(2).softmax(), 1, "ends in SOFTMAX"),
        (Chain(1, (11, BINS, 1), -128).mean().logistic(), 1, "ends in LOGISTIC"),
        (
            Chain(1, (11, BINS, 1), -128)
            .convolve((3, 1), 3, stride=(2, 1), padding="VALID")
            .mean()
            .dense(2)
            .logistic(),
            3,
            "takes every 2. row of features, so 3 rows",
        ),
    ],
    ids=["padding", "softmax", "no dense layer", "stride"],
)
def test_what_cannot_be_one_is_refused(chain: Chain, stride: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        streaming_file(chain.tflite(), "a.tflite", stride, 0, SCALE)
