"""A .tflite file as plain frozen data: tensors, operators, constants. No TensorFlow.

What is generated from a model is generated from this, never from the flatbuffer.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.core.console import printable
from train.core.errors import UserError
from train.tflite.reader import integers, read_model
from train.tflite.schema import DTYPES, builtin_name, enumerator

MISSING = -1  # stands in ``Op.inputs`` for an optional tensor that is not there

# Options that are enumerations and what the schema calls them; all others are numbers as they stand.
_ENUMERATIONS = {"padding": "Padding", "fused_activation_function": "ActivationFunctionType"}

_STATE_OPS = ("CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE")
_CONTROL_OPS = ("IF", "WHILE")

# Custom operators that a compiler for another processor puts in the place of all that it took over.
_COMPILED_FOR = {
    "ethos-u": "Arm's Ethos-U, by Vela",
    "edgetpu-custom-op": "Coral's Edge TPU, by edgetpu_compiler",
    "NeutronGraph": "NXP's Neutron, by its converter",
}


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of the graph.

    Attributes:
        shape: () for a scalar; dimensions that the file leaves open stand as 1.
        scales, zero_points: one of each per tensor, or one per index of
            ``quantized_dimension``; none if not quantized. Scales are float32 values.
            real = (stored - zero_point) * scale.
        data: ``shape`` array of ``dtype``, read-only, if constant, else None.
        oddity: why neither ``dtype`` nor ``data`` say what is in it, such as "is int4"; mostly empty.
        is_variable: state that is kept from one inference to the next.
        initial: what is in it at first, as ``data``; None: its zero point everywhere.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    quantized_dimension: int
    data: NDArray[Any] | None
    oddity: str = ""
    is_variable: bool = False
    initial: NDArray[Any] | None = None

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
    """A model: every tensor, every operator, and which tensors go in and come out.

    Attributes:
        input_names, output_names: of the file's signature, or else of the tensors.
    """

    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()

    @property
    def op_names(self) -> tuple[str, ...]:
        """Kinds of operators, each once, in order of first use."""
        return tuple(dict.fromkeys(op.name for op in self.ops))


def read_graph(tflite: bytes, where: str) -> Graph:
    """The graph in a .tflite file that has one.

    Args:
        tflite: the whole file.
        where: name used in messages.
    Raises:
        UserError: as ``read_graphs`` and ``only_graph``.
    """
    return only_graph(read_graphs(tflite, where), where)


def only_graph(graphs: tuple[Graph, ...], where: str) -> Graph:
    """The graph of a model that has one, besides one that fills its variables at the first inference.

    Its variables are tensors, which READ_VARIABLE reads (input 0), and ASSIGN_VARIABLE, too (input 1), after
    which they are as its input 0.

    Raises:
        UserError: more than one, a variable that cannot be told, or a tensor of a type that NumPy does not
            have, or whose zeros are left out.
    """
    graph = _with_variables(graphs, where)
    for tensor in graph.tensors:
        if tensor.oddity:
            raise UserError(
                f"{where}: tensor {tensor.index} {tensor.name!r} {tensor.oddity}, expected one of "
                f"{', '.join(DTYPES).lower()}, with all its values; convert the model again to plain int8"
            )
    return graph


def _with_variables(graphs: tuple[Graph, ...], where: str) -> Graph:
    """The first graph, with a tensor in place of each handle of a variable."""
    graph = graphs[0]
    called = [int(op.options["init_subgraph_index"]) for op in graph.ops if op.name == "CALL_ONCE"]
    if sorted({0, *called}) != list(range(len(graphs))) or not all(map(_only_assigns, graphs[1:])):
        raise UserError(f"{where}: {_why_several(graphs)}")
    names = [_variable_names(each) for each in graphs]
    initial = {
        names[number][op.inputs[0]]: graphs[number].tensors[op.inputs[1]]
        for number in called
        for op in graphs[number].ops
        if op.name == "ASSIGN_VARIABLE"
    }
    handles, tensors, ops = names[0], list(graph.tensors), []
    first = {name: index for index, name in reversed(handles.items())}
    for op in graph.ops:
        if op.name in ("CALL_ONCE", "VAR_HANDLE"):
            continue
        if op.name in ("READ_VARIABLE", "ASSIGN_VARIABLE"):
            name = handles.get(op.inputs[0])
            if name is None:
                raise UserError(
                    f"{where}: op {op.index} {op.name} gets its variable from tensor {op.inputs[0]}, which "
                    "no VAR_HANDLE writes; convert the model again"
                )
            value = tensors[op.outputs[0] if op.name == "READ_VARIABLE" else op.inputs[1]]
            variable = tensors[first[name]]
            if variable.oddity:  # still a handle
                tensors[variable.index] = _variable(variable, value, initial.get(name))
            elif math.prod(variable.shape) != math.prod(value.shape) or variable.dtype != value.dtype:
                raise UserError(
                    f"{where}: op {op.index} {op.name}: variable {name[1]!r} is {variable.dtype} "
                    f"{variable.shape} elsewhere, {value.dtype} {value.shape} here; convert the model again"
                )
            op = replace(op, inputs=(*op.inputs[1:], variable.index))
        ops.append(op)
    unread = {index for index, name in handles.items() if index != first[name] or tensors[index].oddity}
    tensors = [replace(it, oddity="") if it.index in unread else it for it in tensors]
    return replace(graph, tensors=tuple(tensors), ops=tuple(ops))


def _only_assigns(graph: Graph) -> bool:
    """Whether a graph does nothing but fill variables with constants."""
    return all(
        op.name == "VAR_HANDLE"
        or (op.name == "ASSIGN_VARIABLE" and graph.tensors[op.inputs[1]].data is not None)
        for op in graph.ops
    )


def _variable_names(graph: Graph) -> dict[int, tuple[str, str]]:
    """Container and name of the variable behind each handle."""
    return {
        op.outputs[0]: (str(op.options.get("container") or ""), str(op.options.get("shared_name") or ""))
        for op in graph.ops
        if op.name == "VAR_HANDLE"
    }


def _variable(handle: Tensor, value: Tensor, initial: Tensor | None) -> Tensor:
    """The variable behind a handle, which is like what is read from it or assigned to it."""
    given = None if initial is None or initial.data is None else initial.data.reshape(value.shape)
    return replace(value, index=handle.index, name=handle.name, data=None, is_variable=True, initial=given)


def read_graphs(tflite: bytes, where: str) -> tuple[Graph, ...]:
    """All graphs in a .tflite file; the first is the model, others are called from it.

    Args:
        tflite: the whole file.
        where: name used in messages.
    Raises:
        UserError: not a .tflite, cut short, damaged, or compiled for another processor.
    """
    model = read_model(tflite, where)
    graphs = []
    for number, subgraph in enumerate(model.subgraphs):
        tensors = tuple(
            _tensor(index, tensor, model.buffers[tensor.buffer], where)
            for index, tensor in enumerate(subgraph.tensors or [])
        )
        ops = tuple(
            _op(index, op, model.operatorCodes[op.opcodeIndex], where)
            for index, op in enumerate(subgraph.operators or [])
        )
        signature = next((it for it in model.signatureDefs or [] if it.subgraphIndex == number), None)
        ends = integers(subgraph.inputs), integers(subgraph.outputs)
        names = (
            _end_names(indices, tensors, getattr(signature, kind, None))
            for kind, indices in zip(("inputs", "outputs"), ends, strict=True)
        )
        graphs.append(Graph(tensors, ops, *ends, *names))
    return tuple(graphs)


def _end_names(indices: tuple[int, ...], tensors: tuple[Tensor, ...], maps: Any) -> tuple[str, ...]:
    given = {entry.tensorIndex: (entry.name or b"").decode("utf-8", "replace") for entry in maps or []}
    return tuple(given.get(index) or tensors[index].name for index in indices)


def _why_several(graphs: tuple[Graph, ...]) -> str:
    """Why a model has more than one graph, and that it cannot be compiled for it."""
    names = dict.fromkeys(op.name for graph in graphs for op in graph.ops)
    state, control = ([name for name in names if name in kinds] for kinds in (_STATE_OPS, _CONTROL_OPS))
    if control:
        return f"has control flow ({', '.join(control)}), which cannot be turned into straight-line C"
    if state:
        return (
            f"keeps state from one inference to the next in variables ({', '.join(state)}); expected graphs "
            "besides the first only to assign constants to them; one computes"
        )
    return f"has {len(graphs)} subgraphs, expected one; leave one signature in the model and convert it again"


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
    oddity = "" if kind in DTYPES else f"is {kind.lower()}"
    if tensor.sparsity is not None:
        oddity = "is stored sparse, without its zeros"
    dtype, shape = DTYPES.get(kind, np.dtype("V1")), integers(tensor.shape)
    data = None
    if buffer.data is not None and len(buffer.data) and not oddity:
        data = np.frombuffer(bytes(buffer.data), dtype).reshape(shape)  # of bytes, hence read-only
    quantization = tensor.quantization
    if quantization is None:
        return Tensor(index, name, shape, dtype, (), (), 0, data, oddity, bool(tensor.isVariable))
    scales = () if quantization.scale is None else tuple(float(scale) for scale in quantization.scale)
    zero_points = integers(quantization.zeroPoint) or (0,) * len(scales)
    if len(zero_points) != len(scales):
        raise UserError(
            f"{where}: tensor {index} {name!r} has {len(scales)} scales and {len(zero_points)} zero points, "
            "expected as many of one as of the other; convert the model again"
        )
    axis, is_variable = int(quantization.quantizedDimension), bool(tensor.isVariable)
    return Tensor(index, name, shape, dtype, scales, zero_points, axis, data, oddity, is_variable)


def _op(index: int, op: Any, code: Any, where: str) -> Op:
    builtin = builtin_name(code)
    custom = builtin == "CUSTOM"
    name = (code.customCode or b"").decode("utf-8", "replace") if custom else ""
    if processor := _COMPILED_FOR.get(name):
        raise UserError(
            f"{where}: op {index} is {name}: the model was compiled for {processor}, and runs there alone; "
            "pass the .tflite that went into that compiler"
        )
    inputs, outputs = integers(op.inputs), integers(op.outputs)
    if not custom and builtin not in _STATE_OPS:
        for kind, needed in (("input", inputs[:1]), ("output", outputs)):
            if not needed or MISSING in needed:
                raise UserError(
                    f"{where}: op {index} {builtin} has the {kind}s {[*needed]}, expected tensors; convert "
                    "the model again"
                )
    return Op(
        index=index,
        name=printable(name) or builtin,
        custom=custom,
        version=int(code.version),
        inputs=inputs,
        outputs=outputs,
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
