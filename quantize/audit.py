"""What is in a .tflite, and a refusal of anything that is not full int8."""

from dataclasses import dataclass

from train.core.errors import UserError
from train.core.spec import FrontEnd
from train.tflite.costs import multiply_accumulates
from train.tflite.graph import MISSING, Graph, Op, Tensor, read_graph
from train.tflite.schema import ENGINE_OPS

_SVDF_TIME = 2  # the input of SVDF that holds the weights of what it remembers


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
    tensors: tuple[Tensor, ...]
    input: Tensor
    output: Tensor

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
    graph = read_graph(tflite, where)
    used = {*graph.inputs, *graph.outputs, *(i for op in graph.ops for i in (*op.inputs, *op.outputs))}
    states = {i for op in graph.ops for i in op.inputs if i != MISSING and graph.tensors[i].is_variable}
    weights = {op.inputs[_SVDF_TIME] for op in graph.ops if op.name == "SVDF"}  # of the type of its state
    for tensor in graph.tensors:
        if tensor.index in used:
            _check_type(tensor, tensor.index in states | weights, where)
    for op in graph.ops:
        if op.custom or op.name not in ENGINE_OPS:
            raise UserError(
                f"{where}: op {op.index} is {op.name}, which the engines do not run; supported: "
                f"{', '.join(ENGINE_OPS)}; use an architecture without it"
            )
    first = graph.tensors[graph.inputs[0]]
    expected = ((front_end.feature_scale,), (front_end.input_zero_point,))
    if (first.scales, first.zero_points) != expected:
        raise UserError(
            f"{where}: input scale and zero point are {first.scales} and {first.zero_points}, expected "
            f"exactly {expected[0]} and {expected[1]}: the calibration clips do not span the features"
        )
    ops = tuple(_cost(op, graph) for op in graph.ops)
    return Audit(len(tflite), ops, graph.tensors, first, graph.tensors[graph.outputs[0]])


def _check_type(tensor: Tensor, may_be_int16: bool, where: str) -> None:
    found = f"{where}: tensor {tensor.index} {tensor.name} {list(tensor.shape)} is {tensor.type_name}"
    if may_be_int16 and tensor.type_name == "INT16":
        return
    if tensor.type_name not in ("INT8", "INT32"):
        raise UserError(
            f"{found}, expected INT8 (INT32 for biases and shapes): the model is not fully quantized"
        )
    if tensor.type_name == "INT32" and tensor.data is None:
        raise UserError(f"{found} and computed at run time; expected static shapes and INT8 activations")


def _cost(op: Op, graph: Graph) -> AuditedOp:
    inputs = [graph.tensors[index] for index in op.inputs if index != MISSING]
    output = graph.tensors[op.outputs[0]]
    return AuditedOp(
        op.name,
        output.shape,
        multiply_accumulates(graph, op),
        sum(tensor.constant_bytes for tensor in inputs),
    )
