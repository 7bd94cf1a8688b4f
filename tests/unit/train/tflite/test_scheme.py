"""How a model is quantized, said of each kind that is not int8 inside."""

import numpy as np
import pytest

from train.tflite.graph import Graph, Op, Tensor
from train.tflite.scheme import why_not_int8


def chain(*kinds: str, weights: str = "int8", ends: str = "CONV_2D") -> Graph:
    """Convolutions from one type to the next, all with weights of one type."""
    tensors = [
        Tensor(index, f"t{index}", (1,), np.dtype(kind), (), (), 0, None) for index, kind in enumerate(kinds)
    ]
    constant = np.zeros(1, weights)
    tensors.append(Tensor(len(kinds), "w", (1,), constant.dtype, (), (), 0, constant))
    ops = [
        Op(
            index,
            ends if index == len(kinds) - 2 else "CONV_2D",
            False,
            1,
            (index, len(kinds)),
            (index + 1,),
            {},
        )
        for index in range(len(kinds) - 1)
    ]
    return Graph(tuple(tensors), tuple(ops), (0,), (len(kinds) - 1,))


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (
            chain("float32", "float32", weights="float32"),
            "a float model: nothing in it is quantized. Convert it",
        ),
        (chain("float32", "float32", weights="float16"), "float model with float16 weights"),
        (
            chain("float32", "float32"),
            "quantized dynamically (hybrid): weights are int8, activations float32",
        ),
        (chain("int16", "int16"), "quantized to 16x8: weights are int8, activations int16"),
        (chain("uint8", "uint8", weights="uint8"), "quantized to uint8, as TensorFlow 1 did"),
        (
            chain("int8", "int8", "float32", ends="DEQUANTIZE"),
            "1 of 2 operators do not compute in int8: op 1 DEQUANTIZE (int8 to float32)",
        ),
    ],
)
def test_each_kind(graph, words):
    assert words in why_not_int8(graph)


def test_int8_has_no_fault():
    assert why_not_int8(chain("int8", "int8", "int8")) == ""
