"""Forms of operators that the compiled engine refuses: the message names the form, and what is expected."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from tflite_builder import Network, Value

from codegen.engine import build_engine
from train.core.errors import UserError
from train.tflite.graph import read_graph
from train.tflite.schema import schema

pytest.importorskip("tflite_micro.python.tflite_micro.runtime")

LIKE, OTHER = (0.05, 0), (0.06, 0)  # the quantization of the input, and another


def check_refused(network: Network, value: Value, message: str) -> None:
    with pytest.raises(UserError) as refusal:
        build_engine(read_graph(network.tflite(value), "m.tflite"), "// A test.", "m.tflite")
    assert re.search(message, str(refusal.value)), refusal.value


@dataclass
class Form:
    """An operator on the input and on int32 constants."""

    message: str
    name: str
    numbers: tuple = ()
    shape: tuple[int, ...] = (8,)
    output: tuple[int, ...] | None = None  # the shape of the input
    result: tuple[float, int] = LIKE
    table: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


FORMS = [
    Form("TANH: output scale 0.05.* expects 1/128 and 0", "TANH"),
    Form("L2_NORMALIZATION: output scale 0.05", "L2_NORMALIZATION", table="L2NormOptions"),
    Form("RSQRT: an input with zero point 0", "RSQRT"),
    Form("ABS: from .* the same number of values", "ABS", output=(1, 7)),
    Form(
        "LEAKY_RELU: alpha -0.5.* not negative",
        "LEAKY_RELU",
        table="LeakyReluOptions",
        options={"alpha": -0.5},
    ),
    Form("LEAKY_RELU: scales .* at most 2.22", "LEAKY_RELU", result=(1e-9, 0), table="LeakyReluOptions"),
    Form("REDUCE_MAX: axis 2 of 2 dimensions", "REDUCE_MAX", ([2],), output=(1,)),
    Form("REDUCE_MAX: tensor .* the same of both", "REDUCE_MAX", ([1],), output=(1,), result=OTHER),
    Form("REDUCE_MIN: an output of shape .* 1 values", "REDUCE_MIN", ([1],)),
    Form("SUM: a sum of 8 values, .* larger output scale", "SUM", ([1],), output=(1,), result=(1e-10, 0)),
    Form(r"TRANSPOSE: order \[0, 0\] .* each of them once", "TRANSPOSE", ([0, 0],)),
    Form("TRANSPOSE: order .* an output of that shape", "TRANSPOSE", ([1, 0],)),
    Form("TRANSPOSE: tensor .* the same of both", "TRANSPOSE", ([0, 1],), result=OTHER),
    Form("EXPAND_DIMS: from .* the same number of values", "EXPAND_DIMS", (0,), output=(1, 1, 9)),
    Form("UNPACK: .* 8 outputs", "UNPACK", output=(1,), table="UnpackOptions", options={"axis": 1}),
    Form("PACK: .* of one shape", "PACK", output=(1, 2, 8), table="PackOptions", options={"axis": 1}),
    Form("PACK: axis 3 of 3 dimensions", "PACK", output=(1, 1, 8), table="PackOptions", options={"axis": 3}),
    Form(r"SLICE: \[1, 4\] from \[0, 5\] of .* within", "SLICE", ([0, 5], [1, 4]), output=(1, 4)),
    Form(
        r"GATHER: indices \[8\] of 8",
        "GATHER",
        ([8],),
        output=(1, 1),
        table="GatherOptions",
        options={"axis": 1},
    ),
    Form(
        "GATHER: batch_dims 1",
        "GATHER",
        ([[0]],),
        output=(1, 1),
        table="GatherOptions",
        options={"axis": 1, "batchDims": 1},
    ),
    Form(
        r"MIRROR_PAD: paddings \(0, 8\) of 8",
        "MIRROR_PAD",
        ([[0, 0], [0, 8]],),
        output=(1, 16),
        table="MirrorPadOptions",
    ),
    Form(
        "MIRROR_PAD: paddings .* two neighbours",
        "MIRROR_PAD",
        ([[0, 0], [0, 1], [0, 0], [1, 0]],),
        (3, 4, 5),
        (1, 4, 4, 6),
        table="MirrorPadOptions",
    ),
    Form("RESIZE_NEAREST_NEIGHBOR: from .* images", "RESIZE_NEAREST_NEIGHBOR", ([1, 1],)),
    Form(
        "RESIZE_BILINEAR: align_corners and half",
        "RESIZE_BILINEAR",
        ([2, 2],),
        (2, 2, 1),
        table="ResizeBilinearOptions",
        options={"alignCorners": True, "halfPixelCenters": True},
    ),
    Form(
        "RESIZE_BILINEAR: 1 places shown as 2000", "RESIZE_BILINEAR", ([1, 2000],), (1, 1, 1), (1, 1, 2000, 1)
    ),
    Form(
        "SPACE_TO_DEPTH: .* has shape .*1, 2, 2, 1",
        "SPACE_TO_DEPTH",
        (),
        (3, 2, 1),
        (1, 1, 1, 4),
        table="SpaceToDepthOptions",
        options={"blockSize": 2},
    ),
    Form(
        "DEPTH_TO_SPACE: .* has shape",
        "DEPTH_TO_SPACE",
        (),
        (1, 1, 3),
        (1, 2, 2, 1),
        table="DepthToSpaceOptions",
        options={"blockSize": 2},
    ),
    Form("REVERSE_V2: axis -3 of 2", "REVERSE_V2", ([-3],)),
    Form("BROADCAST_TO: .* shapes to broadcast", "BROADCAST_TO", ([1, 9],), output=(1, 9)),
    Form("STRIDED_SLICE: 1 inputs and 1 outputs; .* 4 inputs and one output", "STRIDED_SLICE"),
    Form(r"op 0 is operator COS, which writes .* the compiled engine runs ABS, .*codegen/ops/cos\.py", "COS"),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.name}: {form.message[:40]}")
def test_one_input(form):
    network = Network(form.shape)
    inputs = [network.input, *(network.numbers(value) for value in form.numbers)]
    output = form.output or (1, *form.shape)
    value = network.op(form.name, inputs, output, form.result, form.table, **form.options)
    check_refused(network, value, form.message)


@pytest.mark.parametrize(
    ("message", "name", "other", "result"),
    [
        ("SUB: output scale 1.* times as much", "SUB", ((1, 8), 0.05, 0), (1e-10, 0)),
        ("SUB: an input of shape .* shapes to broadcast", "SUB", ((1, 7), 0.05, 0), LIKE),
        ("MAXIMUM: tensor .* the same of both", "MAXIMUM", ((1, 8), 0.06, 0), LIKE),
        ("MINIMUM: tensor .* the same of both", "MINIMUM", ((1, 8), 0.05, 1), LIKE),
        ("SQUARED_DIFFERENCE: scales", "SQUARED_DIFFERENCE", ((1, 8), 0.05, 0), (1e-12, 0)),
        ("PRELU: scales .* fit 32 bits", "PRELU", ((1, 8), 0.05, 0), (1e-12, 0)),
        ("BATCH_MATMUL: .* matrices that go together", "BATCH_MATMUL", ((7, 8), 0.05, 0), LIKE),
    ],
)
def test_two_inputs(message, name, other, result):
    network = Network((8,))
    shape, *quantization = other
    constant = network.constant_input(np.zeros(shape, np.int8), *quantization)
    check_refused(network, network.op(name, [network.input, constant], (1, 8), result), message)


@pytest.mark.parametrize(
    ("message", "sizes", "quantization"),
    [
        ("SPLIT_V: outputs of 7 in all.* 8 along axis 1", (3, 4), LIKE),
        ("SPLIT_V: tensor .* the same of both", (4, 4), OTHER),
    ],
)
def test_splitting(message, sizes, quantization):
    network = Network((8,))
    inputs = [network.input, network.numbers(sizes), network.numbers(1)]
    outputs = network.ops("SPLIT_V", inputs, [(1, size) for size in sizes], quantization, "SplitVOptions")
    check_refused(network, outputs[0], message)


def test_state_belongs_to_its_operator():
    network = Network((8,))
    state = network.state((1, 8), 0.05)
    value = network.op("ABS", [state], (1, 8), LIKE)
    check_refused(network, value, "ABS: tensor .* is a variable; .* the state of SVDF or LSTM")


@pytest.mark.parametrize(
    ("message", "change"),
    [
        (
            "the state .input 4. is no variable",
            {"state": lambda n: n.constant_input(np.zeros((1, 12), np.int8))},
        ),
        (
            "is int32; .* the state of type int8 or int16",
            {"state": lambda n: n.state((1, 12), 1, 0, "int32")},
        ),
        (
            "has zero point 3; .* as it is int16",
            {"state": lambda n: n.state((1, 12), 1, 3, "int16"), "time": "int16"},
        ),
        (
            "tensor .* is int8; .* the time weights of type int16",
            {"state": lambda n: n.state((1, 12), 1, 0, "int16")},
        ),
        ("has shape .1, 13., .* expects .1, 12.", {"state": lambda n: n.state((1, 13), 1)}),
        ("rank 4; .* 6 filters of 2 values", {"rank": 4}),
        ("option rank is 0", {"rank": 0}),
    ],
)
def test_svdf(message, change):
    network = Network((5,))
    state = change.get("state", lambda network: network.state((1, 12), 0.05))(network)
    feature = network.constant_input(np.ones((6, 5), np.int8))
    time = network.constant_input(np.ones((6, 2), change.get("time", "int8")))
    inputs = [network.input, feature, time, network.numbers([1, 2]), state]
    value = network.op("SVDF", inputs, (1, 2), LIKE, "SVDFOptions", rank=change.get("rank", 3))
    check_refused(network, value, f"^m.tflite: op 0 SVDF: .*{message}")


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ("activation RELU; .* and TANH", {"activation": "RELU"}),
        ("inputs .9. and activation TANH; .* no peepholes", {"peephole": True}),
        ("has scale 0.001.* and zero point 0; .* power of two", {"cells": 0.001}),
        ("tensor .* the same of both", {"hidden": 0.01}),
        ("has shape .1, 5.; .* 1 x 4 values", {"units": 5}),
        ("is int32; .* the weights from input to the input gate of type int8", {"weights": np.int32}),
        ("has shape .4, 2., 2 scales, .* one scale", {"scales": [0.1, 0.2]}),
    ],
)
def test_lstm(message, change):
    network, units = Network((3, 2)), 4

    def weights(count: int) -> Value:
        made = network.constant_input(np.ones((units, count), change.get("weights", np.int8)))
        if "scales" in change:
            network.scale_each(made, change["scales"])
        return made

    states = [
        network.state((1, change.get("units", units)), change.get("hidden", 0.05)),
        network.state((1, units), change.get("cells", 2.0**-11), dtype="int16"),
    ]
    peepholes = [weights(units) if change.get("peephole") else None, None, None]
    inputs = [network.input, *(weights(2) for _ in range(4)), *(weights(units) for _ in range(4)), *peepholes]
    inputs += [*(network.numbers(np.zeros(units)) for _ in range(4)), None, None, *states, *[None] * 4]
    activation = getattr(schema().ActivationFunctionType, change.get("activation", "TANH"))
    table = "UnidirectionalSequenceLSTMOptions"
    name = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    value = network.op(name, inputs, (1, 3, units), LIKE, table, fusedActivationFunction=activation)
    check_refused(network, value, f"^m.tflite: op 0 {name}: .*{message}")


def test_filters_of_another_shape():
    network = Network((2, 2, 3))
    weights = network.constant_input(np.ones((4, 1, 1, 2), np.int8))
    inputs = [network.numbers([1, 2, 2, 4]), weights, network.input]
    value = network.op("TRANSPOSE_CONV", inputs, (1, 2, 2, 4), LIKE, "TransposeConvOptions")
    check_refused(network, value, r"TRANSPOSE_CONV: .* has shape .*; .* \(4, height, width, 3\)")
