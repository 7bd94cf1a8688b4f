"""Float operators of one value between int8 tensors, with TFLite-Micro's bits."""

import shutil

import numpy as np
import pytest
from engine_batch import EngineBatch
from kernel_models import Oracle
from tflite_builder import Network

from codegen.engine import build_engine
from codegen.passes.tables import tabulate
from train.core.errors import UserError
from train.tflite.graph import read_graph

EVERY_VALUE = np.arange(-128, 128, dtype=np.int8).reshape(1, 1, 256)
AROUND_ZERO, FROM_ZERO = (0.04, 3), (0.02, -128)


def islands(*chains: tuple[str, ...], entry=AROUND_ZERO, result=(0.03, -5)) -> bytes:
    """A model that computes each chain of all 256 values."""
    network = Network((1, 256), entry[1], entry[0])
    rows = []
    for names in chains:
        value = network.op("DEQUANTIZE", [network.input], network.input.shape, None, "DequantizeOptions")
        for name in names:
            value = network.op(name, [value], value.shape, None)
        rows.append(network.op("QUANTIZE", [value], value.shape, result, "QuantizeOptions"))
    return network.tflite(network.flat(rows))


SIGNED = (("ELU",), ("NEG",), ("SQUARE",), ("SIN",), ("COS",), ("FLOOR",), ("CEIL",), ("ROUND",), ())
CHAINS = (("ABS", "SQRT"), ("NEG", "EXP", "NEG"), ("SQUARE", "ELU", "SIN"), ("ELU", "ELU"))
MODELS = {
    "coarse": islands(*SIGNED),
    "fine": islands(*SIGNED, result=(0.0071, 9)),
    "halves": islands(*SIGNED, entry=(0.25, 0), result=(0.5, 0)),
    "chains": islands(*CHAINS),
    "from_zero": islands(("SQRT",), ("EXP",), entry=FROM_ZERO, result=(0.11, -90)),
}


@pytest.mark.skipif(shutil.which("cc") is None, reason="no cc to compile the engine with")
def test_bits():
    engines = EngineBatch(MODELS)
    for name, tflite in MODELS.items():
        np.testing.assert_array_equal(
            engines.run(name, EVERY_VALUE).ravel(), Oracle(tflite, name).run(EVERY_VALUE).ravel(), name
        )


@pytest.mark.parametrize(
    "tflite",
    [
        islands(("SQRT",)),
        islands(("EXP",), entry=(1.0, 0)),
        islands(("SIGN",)),
    ],
    ids=["roots of negative values", "beyond all steps", "unknown operator"],
)
def test_what_has_no_answer_stays_and_is_refused(tflite):
    names = [op.name for op in tabulate(read_graph(tflite, "model")).ops]
    assert "DEQUANTIZE" in names
    with pytest.raises(UserError, match="do not compute in int8: op 0 DEQUANTIZE"):
        build_engine(read_graph(tflite, "model"), "// A test.", "model")


def test_a_float_value_that_is_read_twice_is_tabulated_twice():
    network = Network((1, 256), 3, 0.04)
    floats = network.op("DEQUANTIZE", [network.input], network.input.shape, None, "DequantizeOptions")
    rows = [
        network.op("QUANTIZE", [value], value.shape, (0.03, -5), "QuantizeOptions")
        for value in (floats, network.op("ELU", [floats], floats.shape, None))
    ]
    graph = tabulate(read_graph(network.tflite(network.flat(rows)), "model"))
    assert [op.name for op in graph.ops] == ["TABLE", "TABLE", "RESHAPE", "RESHAPE", "CONCATENATION"]
