"""How long a Raspberry Pi 3 would take: work counted here, at rates read off a log of a real one.

The log is of benchmark_model on a Pi 3 with TensorFlow 1.4, running the original's ``conv`` on 99 x 40
MFCC features (SEMANTICS.md F). It gives a mean time per operator; what that operator did there follows
from the shapes. The range is that of single runs in the log around their mean. Everything is in
proportion to one graph, so for another one the range matters more than its middle.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hil.pi.remote.ends import Ends
from hil.pi.remote.graphdef import FAULTS, GraphError, Node, parse_graph, split_reference, told
from hil.pi.remote.interpreter import Interpreter, UnknownOperator
from hil.pi.remote.work import counted_nodes, node_flops
from train.core.errors import UserError

_LOG_MEAN_MS, _LOG_LEAST_MS, _LOG_MOST_MS = 165.168, 88.276, 254.865
LOW, HIGH = _LOG_LEAST_MS / _LOG_MEAN_MS, _LOG_MOST_MS / _LOG_MEAN_MS

_CHALLENGE = Ends()

ShapeOf = Callable[[tuple[str, int]], tuple[int, ...]]


@dataclass(frozen=True)
class Rate:
    """What the log says of a kind of work: so many milliseconds for so many units."""

    unit: str
    log_ms: float
    log_units: int

    @property
    def ns_per_unit(self) -> float:
        return self.log_ms * 1e6 / self.log_units


# Convolutions: 99x40 outputs of 64 filters of 20x8x1, then 50x20 of 64 of 10x4x64.
CONVOLUTION = Rate("FLOPs", 137.228, 2 * 64 * (99 * 40 * 20 * 8 + 50 * 20 * 10 * 4 * 64))
# One product with 64,000 x 12 weights. Reading them is what takes the time, not multiplying.
WEIGHTS = Rate("weights", 4.269, 64000 * 12)
# 99 frames of a 512-point FFT.
SPECTROGRAM = Rate("FFT points x log2", 7.013, 99 * 512 * 9)
# The Mfcc of these frames: 257 square roots and products, and 40 coefficients.
CEPSTRUM = Rate("bins", 6.744, 99 * 257)
POOL = Rate("inputs", 3.933, 99 * 40 * 64)
# What two convolutions and the product with the weights gave.
TWO_OPERANDS = Rate("outputs", 3.047, 99 * 40 * 64 + 50 * 20 * 64 + 12)
ONE_OPERAND = Rate("outputs", 1.980, 99 * 40 * 64 + 50 * 20 * 64)
CONSTANT = Rate("nodes", 0.671, 8)
NODE = Rate("nodes", 0.081, 2)  # a Reshape, which only hands on

_TWO = (
    "Add", "AddV2", "BiasAdd", "Maximum", "Minimum", "Mul", "RealDiv", "Sub", "SquaredDifference",
    "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3",
)  # fmt: skip
_ONE = (
    "Relu", "Relu6", "Sigmoid", "Tanh", "Log", "Pow", "Pad", "Slice", "Transpose", "ConcatV2", "Cast",
    "Abs", "Elu", "Exp", "GatherV2", "Neg", "Pack", "PadV2", "Rsqrt", "Split", "SplitV", "Softplus", "Sqrt",
    "Square", "StridedSlice", "Tile", "Unpack",
)  # fmt: skip
_REDUCING = ("Max", "Mean", "Min", "Prod", "Sum")
_FOLDED = ("Identity", "DecodeWav")  # of a constant: TensorFlow folds it; the audio is fed behind DecodeWav


@dataclass(frozen=True)
class Term:
    """One line of the formula."""

    what: str
    rate: Rate
    units: int

    @property
    def ms(self) -> float:
        return self.units * self.rate.ns_per_unit / 1e6

    def __str__(self) -> str:
        rate = self.rate
        return f"{self.what}: {self.units:,} {rate.unit} x {rate.ns_per_unit:,.3f} ns = {self.ms:.3f} ms"


def estimate(content: bytes, where: str, ends: Ends = _CHALLENGE) -> dict[str, Any]:
    """The figures of a graph on a Pi 3, with their formula.

    Args:
        ends: what the graph takes and gives.
    Raises:
        UserError: the graph cannot be run here by NumPy, so its work cannot be counted.
    """
    try:
        given = parse_graph(content)
        ends.check(given)
        engine = Interpreter(content, ends.feeds, ends.fetches)
        inputs = ends.inputs(np.zeros(ends.input_shape(given), np.float32))
        records = engine.run_traced(inputs)
        nodes = [engine.nodes[record.name] for record in records]
        wanted = {(node.name, 0) for node in nodes} | {one for node in nodes for one in node.inputs}
        shapes = engine.shapes(inputs, wanted)
        terms = count_work(nodes, shapes.__getitem__)
        flops = sum(node_flops(node, shapes.__getitem__) for node in counted_nodes(nodes))
    except UnknownOperator as error:
        raise UserError(
            f"{where}: {error}; --estimate counts what NumPy runs, and cannot count that: measure it with "
            "--local or --host, where TensorFlow is installed"
        ) from error
    except GraphError as error:
        raise UserError(f"{where}: {error}") from error
    except FAULTS as error:
        raise UserError(f"{where}: its nodes do not fit together ({told(error)}); freeze it again") from error
    middle_ms = sum(term.ms for term in terms)
    return {
        "avg_ms": middle_ms,
        "std_ms": None,
        "range_ms": [LOW * middle_ms, HIGH * middle_ms],
        "formula": [*map(str, terms), f"range: x {LOW:.3f} to x {HIGH:.3f}, as single runs in the log"],
        "flops": flops,
        "memory_bytes": sum(record.memory_bytes for record in records),
        "output_shape": list(shapes[split_reference(ends.fetches[0])]),
    }


def count_work(nodes: list[Node], shape_of: ShapeOf) -> list[Term]:
    """The work of nodes, by operator; those of which the log says nothing count as a node each."""
    totals: dict[tuple[str, Rate], int] = {}
    for node in nodes:
        if node.op in _FOLDED:
            continue
        rate, units = _work(node, shape_of)
        key = (node.op if rate is not NODE else "other operators", rate)
        totals[key] = totals.get(key, 0) + units
    return [Term(what, rate, units) for (what, rate), units in totals.items()]


def _work(node: Node, shape_of: ShapeOf) -> tuple[Rate, int]:
    outputs = int(np.prod(shape_of((node.name, 0))))
    inputs = int(np.prod(shape_of(node.inputs[0]))) if node.inputs else 0
    match node.op:
        case "Conv2D":
            return CONVOLUTION, node_flops(node, shape_of)
        case "DepthwiseConv2dNative":  # not in the log: an Add for each place of the kernel
            return TWO_OPERANDS, node_flops(node, shape_of) // 2
        case "MatMul" | "BatchMatMul" | "BatchMatMulV2":
            return WEIGHTS, int(np.prod(shape_of(node.inputs[1])))
        case "AudioSpectrogram":
            frames, bins = shape_of((node.name, 0))[1:]
            fft_length = 2 * (bins - 1)
            return SPECTROGRAM, frames * fft_length * (fft_length.bit_length() - 1)
        case "Mfcc":
            return CEPSTRUM, inputs
        case "MaxPool" | "AvgPool":
            return POOL, inputs
        case "Const":
            return CONSTANT, 1
        case op if op in _TWO:
            return TWO_OPERANDS, outputs
        case op if op in _ONE:
            return ONE_OPERAND, outputs
        case op if op in _REDUCING:
            return ONE_OPERAND, inputs
    return NODE, 1
