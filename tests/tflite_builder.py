"""int8 .tflite models made operator by operator, without TensorFlow: forms that no converter writes too."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import flatbuffers
import numpy as np

from train.tflite.schema import schema

INPUT_SCALE = 0.05  # of every network; what matters are the factors from sums to outputs
_WEIGHT_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}  # of output channels


@dataclass(frozen=True)
class Quantization:
    """Scales and zero points of a tensor; several along ``axis``."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0


@dataclass(frozen=True)
class Value:
    """A tensor of a network that is not finished: its index, shape, scale and zero point."""

    index: int
    shape: tuple[int, ...]
    scale: float
    zero_point: int


@dataclass(frozen=True, eq=False)
class Weighted:
    """What a convolution or dense layer multiplies by, and how its sums become outputs.

    Attributes:
        weights: int8, as in the file.
        bias: (channels,) int32, or None.
        factors: from a sum to an output; one per channel, or one for all.
        scale, zero_point: of the output.
    """

    weights: np.ndarray
    bias: np.ndarray | None
    factors: np.ndarray
    scale: float
    zero_point: int


class Network:
    """A model in the making. Each method adds an operator and gives the tensor that it writes."""

    def __init__(self, shape: Sequence[int], zero_point: int = 0, scale: float = INPUT_SCALE) -> None:
        """Begin with an input of (1, *shape)."""
        self._tensors: list[Any] = []
        self._buffers: list[Any] = [schema().BufferT()]  # the first stands for "no data"
        self._codes: list[Any] = []
        self._operators: list[Any] = []
        self.input = self._value((1, *shape), scale, zero_point)

    def convolve(
        self,
        name: str,
        value: Value,
        weighted: Weighted,
        *,
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
        padding: str = "SAME",
        activation: str = "NONE",
    ) -> Value:
        """CONV_2D or DEPTHWISE_CONV_2D; the pairs are height and width."""
        filters = weighted.weights.shape
        places = [
            -(-size // step) if padding == "SAME" else -(-(size - (taps - 1) * spread) // step)
            for size, taps, step, spread in zip(value.shape[1:3], filters[1:3], stride, dilation, strict=True)
        ]
        options = {
            "padding": getattr(schema().Padding, padding),
            "strideH": stride[0],
            "strideW": stride[1],
            "dilationHFactor": dilation[0],
            "dilationWFactor": dilation[1],
            "fusedActivationFunction": getattr(schema().ActivationFunctionType, activation),
        }
        table = "Conv2DOptions"
        if name == "DEPTHWISE_CONV_2D":
            table, options["depthMultiplier"] = "DepthwiseConv2DOptions", filters[3] // value.shape[3]
        shape = (value.shape[0], *places, filters[_WEIGHT_AXES[name]])
        return self._weighted(name, value, weighted, shape, table, options)

    def dense(self, value: Value, weighted: Weighted, activation: str = "NONE") -> Value:
        """FULLY_CONNECTED of (rows, inputs)."""
        options = {"fusedActivationFunction": getattr(schema().ActivationFunctionType, activation)}
        shape = (value.shape[0], len(weighted.weights))
        return self._weighted("FULLY_CONNECTED", value, weighted, shape, "FullyConnectedOptions", options)

    def pool(
        self, name: str, value: Value, window: tuple[int, int], stride: tuple[int, int], padding: str = "SAME"
    ) -> Value:
        """AVERAGE_POOL_2D or MAX_POOL_2D; the pairs are height and width."""
        places = [
            -(-size // step) if padding == "SAME" else -(-(size - taps + 1) // step)
            for size, taps, step in zip(value.shape[1:3], window, stride, strict=True)
        ]
        options = {
            "padding": getattr(schema().Padding, padding),
            "strideH": stride[0],
            "strideW": stride[1],
            "filterHeight": window[0],
            "filterWidth": window[1],
        }
        output = self._value((1, *places, value.shape[3]), value.scale, value.zero_point)
        return self._operator(name, [value], output, "Pool2DOptions", options)

    def add(
        self, first: Value, second: Value, scale: float, zero_point: int, activation: str = "NONE"
    ) -> Value:
        """ADD, with broadcasting."""
        output = self._value(np.broadcast_shapes(first.shape, second.shape), scale, zero_point)
        options = {"fusedActivationFunction": getattr(schema().ActivationFunctionType, activation)}
        return self._operator("ADD", [first, second], output, "AddOptions", options)

    def softmax(self, value: Value) -> Value:
        output = self._value(value.shape, 1 / 256, -128)
        return self._operator("SOFTMAX", [value], output, "SoftmaxOptions", {"beta": 1.0})

    def reshape(self, value: Value, shape: Sequence[int]) -> Value:
        sizes = self._constant(np.array(shape, np.int32), None)
        output = self._value(shape, value.scale, value.zero_point)
        options = {"newShape": list(shape)}
        return self._operator("RESHAPE", [value, sizes], output, "ReshapeOptions", options)

    def flat(self, values: Sequence[Value]) -> Value:
        """All of them in one row, (1, n): what a test looks at. They share scale and zero point."""
        rows = [self.reshape(value, (1, math.prod(value.shape))) for value in values]
        output = replace(rows[0], shape=(1, sum(row.shape[1] for row in rows)))
        output = self._value(output.shape, output.scale, output.zero_point)
        return self._operator("CONCATENATION", rows, output, "ConcatenationOptions", {"axis": 1})

    def constant_input(self, data: np.ndarray, scale: float = INPUT_SCALE, zero_point: int = 0) -> Value:
        """An int8 constant in the place of an activation, or weights with one scale."""
        scale = float(np.float32(scale))
        constant = self._constant(data, Quantization((scale,), (zero_point,)))
        return replace(constant, scale=scale, zero_point=zero_point)

    def scale_each(self, weights: Value, scales: Sequence[float]) -> None:
        """Give a constant a scale for each index of its first dimension."""
        quantization = self._tensors[weights.index].quantization
        quantization.scale = [float(np.float32(scale)) for scale in scales]
        quantization.zeroPoint = [0] * len(quantization.scale)

    def numbers(self, data: Sequence[int] | int) -> Value:
        """An int32 constant, such as axes or a shape."""
        return self._constant(np.array(data, np.int32), None)

    def state(self, shape: Sequence[int], scale: float, zero_point: int = 0, dtype: str = "int8") -> Value:
        """A variable."""
        quantization = Quantization((float(np.float32(scale)),), (zero_point,))
        index = self._tensor(tuple(shape), np.dtype(dtype), 0, quantization)
        self._tensors[index].isVariable = True
        return Value(index, tuple(shape), quantization.scales[0], zero_point)

    def op(
        self,
        name: str,
        inputs: Sequence[Value | None],
        shape: Sequence[int],
        like: Value | tuple[float, int] | None,
        table: str | None = None,
        **options: Any,
    ) -> Value:
        """Any operator with one output.

        Args:
            inputs: None where an optional one is missing.
            shape: of the output.
            like: what has the scale and zero point of the output, or both; None for float32.
            table: of its options, where it has a table.
        """
        return self.ops(name, inputs, [shape], like, table, **options)[0]

    def ops(
        self,
        name: str,
        inputs: Sequence[Value | None],
        shapes: Sequence[Sequence[int]],
        like: Value | tuple[float, int] | None,
        table: str | None = None,
        **options: Any,
    ) -> list[Value]:
        """Any operator; an output of each shape."""
        if like is None:
            floats = [self._tensor(tuple(shape), np.dtype(np.float32), 0, None) for shape in shapes]
            outputs = [
                Value(index, tuple(shape), 0.0, 0) for index, shape in zip(floats, shapes, strict=True)
            ]
        else:
            scale, zero_point = like if isinstance(like, tuple) else (like.scale, like.zero_point)
            outputs = [self._value(shape, scale, zero_point) for shape in shapes]
        self._operator(name, inputs, outputs[0], table, options)
        self._operators[-1].outputs = [value.index for value in outputs]
        return outputs

    def tflite(self, output: Value) -> bytes:
        """The finished file."""
        tables = schema()
        graph = tables.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs, graph.name = [self.input.index], [output.index], b"main"
        model = tables.ModelT()
        model.version, model.description = 3, b"made by a test"
        model.operatorCodes, model.subgraphs, model.buffers = self._codes, [graph], self._buffers
        builder = flatbuffers.Builder(0)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _weighted(
        self,
        name: str,
        value: Value,
        weighted: Weighted,
        shape: tuple[int, ...],
        table: str,
        options: dict[str, Any],
    ) -> Value:
        scales = (np.atleast_1d(weighted.factors) * weighted.scale / value.scale).astype(np.float32)
        zeros = (0,) * len(scales)
        weights = self._constant(
            weighted.weights, Quantization(tuple(map(float, scales)), zeros, _WEIGHT_AXES[name])
        )
        inputs = [value, weights]
        if weighted.bias is not None:
            bias_scales = tuple(float(value.scale * scale) for scale in scales)
            inputs.append(self._constant(weighted.bias.astype(np.int32), Quantization(bias_scales, zeros)))
        output = self._value(shape, weighted.scale, weighted.zero_point)
        return self._operator(name, inputs, output, table, options)

    def _operator(
        self,
        name: str,
        inputs: Sequence[Value | None],
        output: Value,
        table: str | None,
        options: dict[str, Any],
    ) -> Value:
        tables = schema()
        kind = getattr(tables.BuiltinOperator, name)
        known = [code.builtinCode for code in self._codes]
        if kind not in known:
            code = tables.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode, code.version = kind, min(kind, 127), 1
            self._codes.append(code)
            known.append(kind)
        operator = tables.OperatorT()
        operator.opcodeIndex = known.index(kind)
        operator.inputs = [-1 if value is None else value.index for value in inputs]
        operator.outputs = [output.index]
        self._operators.append(operator)
        if table is None:
            return output
        operator.builtinOptionsType = getattr(tables.BuiltinOptions, table)
        operator.builtinOptions = getattr(tables, f"{table}T")()
        for field, setting in options.items():
            assert hasattr(operator.builtinOptions, field), field
            setattr(operator.builtinOptions, field, setting)
        return output

    def _value(self, shape: Sequence[int], scale: float, zero_point: int) -> Value:
        scale = float(np.float32(scale))
        index = self._tensor(tuple(shape), np.dtype(np.int8), 0, Quantization((scale,), (zero_point,)))
        return Value(index, tuple(shape), scale, zero_point)

    def _constant(self, data: np.ndarray, quantization: Quantization | None) -> Value:
        buffer = schema().BufferT()
        buffer.data = np.frombuffer(data.astype(data.dtype.newbyteorder("<")).tobytes(), np.uint8)
        self._buffers.append(buffer)
        index = self._tensor(data.shape, data.dtype, len(self._buffers) - 1, quantization)
        return Value(index, data.shape, 0.0, 0)

    def _tensor(
        self, shape: tuple[int, ...], dtype: np.dtype, buffer: int, quantization: Quantization | None
    ) -> int:
        tables = schema()
        tensor = tables.TensorT()
        tensor.shape, tensor.buffer, tensor.name = list(shape), buffer, f"t{len(self._tensors)}".encode()
        tensor.type = getattr(tables.TensorType, dtype.name.upper())
        if quantization:
            tensor.quantization = tables.QuantizationParametersT()
            tensor.quantization.scale = list(quantization.scales)
            tensor.quantization.zeroPoint = list(quantization.zero_points)
            tensor.quantization.quantizedDimension = quantization.axis
        self._tensors.append(tensor)
        return len(self._tensors) - 1
