"""What is in a .tflite, and a refusal of anything that is not full int8."""

import math
from dataclasses import dataclass
from typing import Any

from train.core.errors import UserError
from train.core.spec import FrontEnd
from train.tflite.tflm import enumerator, read_model

# What both engines run. The compiled engine's list of operators is to match it.
ENGINE_OPS = (
    "ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "DEQUANTIZE",
    "FULLY_CONNECTED", "HARD_SWISH", "LOGISTIC", "MAX_POOL_2D", "MEAN", "MUL", "PAD", "QUANTIZE", "RELU",
    "RELU6", "RESHAPE", "SOFTMAX", "STRIDED_SLICE",
)  # fmt: skip


@dataclass(frozen=True)
class AuditedTensor:
    """One tensor of the graph."""

    index: int
    name: str
    shape: tuple[int, ...]
    type: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    constant_bytes: int


@dataclass(frozen=True)
class AuditedOp:
    """One operator: what it puts out, and what it costs."""

    name: str
    output_shape: tuple[int, ...]
    macs: int
    weight_bytes: int


@dataclass(frozen=True)
class Audit:
    """Operators in the order they run, and all tensors."""

    file_bytes: int
    ops: tuple[AuditedOp, ...]
    tensors: tuple[AuditedTensor, ...]
    input: AuditedTensor
    output: AuditedTensor

    @property
    def constant_bytes(self) -> int:
        """Bytes of weights and biases: what the file cannot do without."""
        return sum(tensor.constant_bytes for tensor in self.tensors)


def audit(tflite: bytes, front_end: FrontEnd, where: str = "model.tflite") -> Audit:
    """Check that a model is full int8 and fits the engines and the front end.

    Raises:
        UserError: a float tensor, an operator outside ENGINE_OPS, more than one graph,
            or an input whose scale and zero point are not exactly the front end's.
    """
    model = read_model(tflite, where)
    if len(model.subgraphs) != 1:
        raise UserError(f"{where}: has {len(model.subgraphs)} graphs, expected one")
    graph = model.subgraphs[0]
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    names = [enumerator("BuiltinOperator", codes[op.opcodeIndex]) for op in graph.operators]
    for position, name in enumerate(names):
        if name not in ENGINE_OPS:
            raise UserError(
                f"{where}: op {position} is {name}, which the engines do not run; supported: "
                f"{', '.join(ENGINE_OPS)}; use an architecture without it"
            )
    tensors = tuple(
        _tensor(index, tensor, model.buffers[tensor.buffer]) for index, tensor in enumerate(graph.tensors)
    )
    for tensor in tensors:
        if tensor.type not in ("INT8", "INT32"):
            raise UserError(
                f"{where}: tensor {tensor.index} {tensor.name} {list(tensor.shape)} is {tensor.type}, "
                "expected INT8 (INT32 for biases and shapes): the model is not fully quantized"
            )
        if tensor.type == "INT32" and not tensor.constant_bytes:
            raise UserError(
                f"{where}: tensor {tensor.index} {tensor.name} {list(tensor.shape)} is INT32 and computed "
                "at run time; expected static shapes and INT8 activations"
            )
    first = tensors[graph.inputs[0]]
    expected = ((front_end.feature_scale,), (front_end.input_zero_point,))
    if (first.scales, first.zero_points) != expected:
        raise UserError(
            f"{where}: input scale and zero point are {first.scales} and {first.zero_points}, expected "
            f"exactly {expected[0]} and {expected[1]}: the calibration clips do not span the features"
        )
    ops = tuple(_op(name, op, tensors) for name, op in zip(names, graph.operators, strict=True))
    return Audit(len(tflite), ops, tensors, first, tensors[graph.outputs[0]])


def _op(name: str, op: Any, tensors: tuple[AuditedTensor, ...]) -> AuditedOp:
    inputs = [tensors[index] for index in op.inputs if index >= 0]
    output = tensors[op.outputs[0]]
    macs = 0
    if name in ("CONV_2D", "FULLY_CONNECTED"):  # every output sums one filter: all but the first axis
        macs = math.prod(output.shape) * math.prod(inputs[1].shape[1:])
    elif name == "DEPTHWISE_CONV_2D":  # filter is (1, height, width, channels)
        macs = math.prod(output.shape) * math.prod(inputs[1].shape[1:3])
    return AuditedOp(name, output.shape, macs, sum(tensor.constant_bytes for tensor in inputs))


def _tensor(index: int, tensor: Any, buffer: Any) -> AuditedTensor:
    quantization = tensor.quantization
    scales = () if quantization is None or quantization.scale is None else tuple(quantization.scale)
    zeros = () if quantization is None or quantization.zeroPoint is None else tuple(quantization.zeroPoint)
    return AuditedTensor(
        index=index,
        name=(tensor.name or b"").decode("utf-8", "replace"),
        shape=() if tensor.shape is None else tuple(int(size) for size in tensor.shape),
        type=enumerator("TensorType", tensor.type),
        scales=tuple(float(scale) for scale in scales),
        zero_points=tuple(int(zero) for zero in zeros),
        constant_bytes=0 if buffer.data is None else len(buffer.data),
    )
