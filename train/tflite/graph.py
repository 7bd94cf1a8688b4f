"""A .tflite file as plain frozen data: tensors, operators, constants. No TensorFlow.

What is generated from a model is generated from this, never from the flatbuffer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.core.errors import UserError
from train.tflite.reader import integers, read_model
from train.tflite.schema import DTYPES, builtin_name, enumerator

MISSING = -1  # stands in ``Op.inputs`` for an optional tensor that is not there

# Options that are enumerations and what the schema calls them; all others are numbers as they stand.
_ENUMERATIONS = {"padding": "Padding", "fused_activation_function": "ActivationFunctionType"}


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of the graph.

    Attributes:
        shape: () for a scalar; dimensions that the file leaves open stand as 1.
        scales, zero_points: one of each per tensor, or one per index of
            ``quantized_dimension``; none if not quantized. Scales are float32 values.
            real = (stored - zero_point) * scale.
        data: ``shape`` array of ``dtype``, read-only, if constant, else None.
        is_variable: state that an operator keeps from one inference to the next.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    quantized_dimension: int
    data: NDArray[Any] | None
    is_variable: bool = False

    @property
    def type_name(self) -> str:
        """The type as the schema spells it, such as INT8."""
        return self.dtype.name.upper()

    @property
    def constant_bytes(self) -> int:
        """Bytes that it takes in the file; 0 if it is computed."""
        return 0 if self.data is None else self.data.nbytes

    @property
    def scale(self) -> float:
        """The scale of a tensor that has one.

        Raises:
            ValueError: it has none or one per channel.
        """
        (scale,) = self.scales
        return scale

    @property
    def zero_point(self) -> int:
        """The zero point of a tensor that has one.

        Raises:
            ValueError: it has none or one per channel.
        """
        (zero_point,) = self.zero_points
        return zero_point


@dataclass(frozen=True)
class Op:
    """One operator, in order of execution.

    Attributes:
        name: as the schema spells it, such as CONV_2D; of a custom operator, its own name.
        inputs, outputs: indices into ``Graph.tensors``; an input may be ``MISSING``.
        options: the schema's names in snake_case, such as stride_w; padding and
            fused_activation_function by name ("SAME", "RELU"), the rest as numbers.
    """

    index: int
    name: str
    custom: bool
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Graph:
    """A model: every tensor, every operator, and which tensors go in and come out."""

    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def op_names(self) -> tuple[str, ...]:
        """Kinds of operators, each once, in order of first use."""
        return tuple(dict.fromkeys(op.name for op in self.ops))


def read_graph(tflite: bytes, where: str) -> Graph:
    """The graph in a .tflite file.

    Args:
        tflite: the whole file.
        where: name used in messages.
    Raises:
        UserError: not a .tflite, cut short or damaged, more than one subgraph, or a
            tensor of a type that NumPy does not have.
    """
    model = read_model(tflite, where)
    if len(model.subgraphs) != 1:
        raise UserError(
            f"{where}: has {len(model.subgraphs)} subgraphs, expected one; "
            "control flow (IF, WHILE, CALL_ONCE) cannot be turned into C"
        )
    (graph,) = model.subgraphs
    tensors = tuple(
        _tensor(index, tensor, model.buffers[tensor.buffer], where)
        for index, tensor in enumerate(graph.tensors)
    )
    ops = tuple(
        _op(index, op, model.operatorCodes[op.opcodeIndex]) for index, op in enumerate(graph.operators or [])
    )
    return Graph(tensors, ops, integers(graph.inputs), integers(graph.outputs))


def check_quantized(graph: Graph, where: str) -> None:
    """Refuse a graph in which anything is computed in floating point.

    Raises:
        UserError: naming the tensors.
    """
    floats = [tensor for tensor in graph.tensors if tensor.dtype.kind in "fc"]
    if floats:
        shown = ", ".join(f"{tensor.name!r} {tensor.dtype}" for tensor in floats[:3])
        more = f" and {len(floats) - 3} more" if len(floats) > 3 else ""
        raise UserError(
            f"{where}: {len(floats)} of {len(graph.tensors)} tensors hold floats: {shown}{more}; "
            "expected integers only; quantize it with: earshot quantize RUN"
        )


def _tensor(index: int, tensor: Any, buffer: Any, where: str) -> Tensor:
    name = (tensor.name or b"").decode("utf-8", "replace")
    kind = enumerator("TensorType", tensor.type)
    if kind not in DTYPES:
        known = ", ".join(DTYPES).lower()
        raise UserError(f"{where}: tensor {index} {name!r} is {kind.lower()}, expected one of {known}")
    dtype, shape = DTYPES[kind], integers(tensor.shape)
    data = None
    if buffer.data is not None and len(buffer.data):
        data = np.frombuffer(bytes(buffer.data), dtype).reshape(shape)  # of bytes, hence read-only
    quantization = tensor.quantization
    if quantization is None:
        return Tensor(index, name, shape, dtype, (), (), 0, data, is_variable=bool(tensor.isVariable))
    scales = () if quantization.scale is None else tuple(float(scale) for scale in quantization.scale)
    zero_points = integers(quantization.zeroPoint) or (0,) * len(scales)
    if len(zero_points) != len(scales):
        raise UserError(
            f"{where}: tensor {index} {name!r} has {len(scales)} scales and {len(zero_points)} zero points, "
            "expected as many of one as of the other; convert the model again"
        )
    axis, is_variable = int(quantization.quantizedDimension), bool(tensor.isVariable)
    return Tensor(index, name, shape, dtype, scales, zero_points, axis, data, is_variable=is_variable)


def _op(index: int, op: Any, code: Any) -> Op:
    builtin = builtin_name(code)
    custom = builtin == "CUSTOM"
    name = (code.customCode or b"").decode("utf-8", "replace") if custom else ""
    return Op(
        index=index,
        name=name or builtin,
        custom=custom,
        version=int(code.version),
        inputs=integers(op.inputs),
        outputs=integers(op.outputs),
        options=_options(op.builtinOptions if op.builtinOptions is not None else op.builtinOptions2),
    )


def _options(table: Any) -> Mapping[str, Any]:
    """Fields of an options table of the schema; none where an operator has no table."""
    fields = {} if table is None else {_snake_case(key): value for key, value in vars(table).items()}
    return MappingProxyType({key: _option(key, value) for key, value in fields.items()})


def _option(key: str, value: Any) -> Any:
    if key in _ENUMERATIONS:
        return enumerator(_ENUMERATIONS[key], value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list | np.ndarray):
        return tuple(_option("", item) for item in value)
    if hasattr(value, "_UnPack"):  # a table within the table
        return _options(value)
    return value.item() if isinstance(value, np.generic) else value


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
