"""Convolutions of every d-th place become one with dilation, with TFLite-Micro's bits."""

import math
import shutil

import numpy as np
import pytest
from engine_batch import EngineBatch
from kernel_models import Oracle, assert_equal, inputs_for, random_weights, weighted
from repacked import repack
from tflite_builder import Network, Value

from codegen.engine import build_engine
from codegen.engines.both import load_engines
from codegen.passes.dilation import join_dilated
from train.core.errors import UserError
from train.tflite.graph import read_graph

CONV, DEPTHWISE = "CONV_2D", "DEPTHWISE_CONV_2D"


def apart(network: Network, value: Value, blocks, pads, like=None) -> Value:
    inputs = [value, network.numbers(blocks), network.numbers(pads)]
    places = [(n + sum(pair)) // block for n, pair, block in zip(value.shape[1:], pads, blocks, strict=False)]
    shape = (math.prod(blocks), *places, *value.shape[1 + len(blocks) :])
    return network.op("SPACE_TO_BATCH_ND", inputs, shape, like or value, "SpaceToBatchNDOptions")


def together(network: Network, value: Value, blocks, crops) -> Value:
    inputs = [value, network.numbers(blocks), network.numbers(crops)]
    places = [n * block - sum(pair) for n, pair, block in zip(value.shape[1:], crops, blocks, strict=False)]
    shape = (1, *places, *value.shape[1 + len(blocks) :])
    return network.op("BATCH_TO_SPACE_ND", inputs, shape, value, "BatchToSpaceNDOptions")


def convolved(network: Network, value: Value, name: str, taps, seed: int, **options) -> Value:
    rng, depth = np.random.default_rng(seed), value.shape[3]
    shape, axis = ((5, *taps, depth), 0) if name == CONV else ((1, *taps, depth), 3)
    layer = weighted(rng, random_weights(rng, shape), axis, value.zero_point, 7)
    return network.convolve(name, value, layer, padding="VALID", **options)


def group(
    shape,
    blocks,
    pads,
    crops,
    taps,
    name=CONV,
    *,
    at=1,
    readers=1,
    scale=None,
    stride=1,
    tail=None,
    zero_point=-9,
) -> bytes:
    """A model of one group, or of ``readers`` convolutions of the same SPACE_TO_BATCH_ND.

    Args:
        shape: of an image, or (places, channels) of a sequence.
        at: dimension of 1 that a sequence gets as an image.
        scale: another one of what was dealt out.
        tail: "read" or "put out", what else is done with the output of the convolution.
    """
    network = Network(shape, zero_point)
    parts = apart(network, network.input, blocks, pads, scale and (scale, zero_point))
    image = parts
    if len(shape) == 2:
        image = network.reshape(parts, (*parts.shape[:at], 1, *parts.shape[at:]))
    results = []
    for seed in range(readers):
        value = convolved(network, image, name, taps, seed, stride=(stride, stride))
        inside = value
        if len(shape) == 2:
            value = network.reshape(value, (*value.shape[:at], *value.shape[at + 1 :]))
        results.append(together(network, value, blocks, crops))
        if tail == "read":
            results.append(inside)
    return network.tflite(inside if tail == "put out" else network.flat(results))


MODELS = {
    "sequence": (group((33, 6), [4], [[0, 3]], [[0, 3]], (1, 3)), [CONV]),
    "column": (group((34, 6), [8], [[0, 6]], [[0, 6]], (3, 1), at=2), [CONV]),
    "shared": (group((19, 4), [2], [[0, 1]], [[0, 1]], (1, 2), readers=2), [CONV, CONV]),
    "one_output": (group((9, 4), [4], [[0, 3]], [[0, 3]], (3, 1), at=2), [CONV]),
    "padded_in_front": (group((9, 6), [2], [[1, 0]], [[1, 0]], (1, 3)), [CONV]),
    "depthwise": (group((32, 6), [2], [[0, 0]], [[0, 0]], (1, 3), DEPTHWISE), [DEPTHWISE]),
    "image": (group((9, 7, 3), [2, 3], [[0, 1], [0, 2]], [[0, 1], [0, 2]], (3, 2)), [CONV]),
    "columns": (
        group((3, 33, 3), [1, 4], [[0, 0], [0, 3]], [[0, 0], [0, 3]], (2, 3), DEPTHWISE),
        [DEPTHWISE],
    ),
}


def joined_names(tflite: bytes) -> list[str]:
    names = [op.name for op in join_dilated(read_graph(tflite, "model"), "model").ops]
    return [name for name in names if name not in ("RESHAPE", "CONCATENATION")]


@pytest.mark.parametrize("name", MODELS)
def test_one_convolution_for_a_group(name):
    tflite, expected = MODELS[name]
    assert joined_names(tflite) == expected


@pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")
def test_bits():
    engines = EngineBatch({name: tflite for name, (tflite, _) in MODELS.items()})
    for name, (tflite, _) in MODELS.items():
        oracle = Oracle(tflite, name)
        inputs = inputs_for(oracle, 50)
        assert_equal(engines.run(name, inputs), oracle.run(inputs), name)


SEQUENCE = ((33, 6), [4], [[0, 3]], [[0, 3]], (1, 3))


@pytest.mark.parametrize(
    "tflite",
    [
        group(*SEQUENCE, scale=0.1),
        group(*SEQUENCE, stride=2),
        group(*SEQUENCE, tail="read"),
        group(*SEQUENCE, tail="put out"),
        group((33, 6), [4], [[0, 3]], [[1, 3]], (1, 3)),
        group((9, 7, 3), [2], [[0, 1]], [[0, 1]], (3, 3)),
    ],
    ids=["another scale", "stride", "read", "put out", "more cropped than padded", "rows alone"],
)
def test_other_forms_stay_and_are_refused(tflite):
    assert "SPACE_TO_BATCH_ND" in joined_names(tflite)
    with pytest.raises(UserError, match="op 0 is operator SPACE_TO_BATCH_ND"):
        build_engine(read_graph(tflite, "model"), "// A test.", "model")


PADDED = ((33, 6), [4], [[4, 7]], [[0, 3]], (1, 3))


def test_padding_that_tflite_micro_gets_wrong_is_refused_for_both_engines():
    """It pads with 0, which is right where that is the zero point."""
    with pytest.raises(UserError, match=r"pads by \[4, 7\] and op 4 BATCH_TO_SPACE_ND crops \[0, 3\].*Zero"):
        load_engines(group(*PADDED), "// A test.", "model")
    engines = load_engines(group(*PADDED, zero_point=0), "// A test.", "model")
    assert engines.refusal.startswith("op 0 is operator SPACE_TO_BATCH_ND")


def open_batch() -> bytes:
    """Of an open batch the converter writes ones, also where there are as many images as blocks."""

    def change(tree):
        for tensor in tree.subgraphs[0].tensors:
            if len(tensor.shape) > 2 and tensor.buffer == 0:
                tensor.shape = [1, *tensor.shape[1:]]

    return repack(group(*SEQUENCE), change)


def test_open_batches_are_refused_for_both_engines():
    for made in (
        lambda: build_engine(read_graph(open_batch(), "model"), "// A test.", "model"),
        lambda: load_engines(open_batch(), "// A test.", "model"),
    ):
        with pytest.raises(UserError, match=r"model: op 0 SPACE_TO_BATCH_ND goes from shape \(1, 33, 6\)"):
            made()
