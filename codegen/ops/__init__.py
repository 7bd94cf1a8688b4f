"""The operators that the compiled engine runs: one file each, and the line here that names it.

docs/ADD_AN_OPERATOR.md is the recipe. Each file has ``generate(form) -> Code``; it refuses,
with a UserError, every form of the operator whose bits are not proven.
"""

from collections.abc import Callable, Mapping

from codegen.ops import (
    add,
    average_pool_2d,
    concatenation,
    conv_2d,
    depthwise_conv_2d,
    fully_connected,
    hard_swish,
    logistic,
    max_pool_2d,
    mean,
    mul,
    pad,
    quantize,
    relu,
    relu6,
    reshape,
    softmax,
    strided_slice,
)
from codegen.ops._form import Code, Form
from codegen.tflite import Graph, Op
from train.core.errors import UserError

OPERATORS: Mapping[str, Callable[[Form], Code]] = {
    "ADD": add.generate,
    "AVERAGE_POOL_2D": average_pool_2d.generate,
    "CONCATENATION": concatenation.generate,
    "CONV_2D": conv_2d.generate,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d.generate,
    "FULLY_CONNECTED": fully_connected.generate,
    "HARD_SWISH": hard_swish.generate,
    "LOGISTIC": logistic.generate,
    "MAX_POOL_2D": max_pool_2d.generate,
    "MEAN": mean.generate,
    "MUL": mul.generate,
    "PAD": pad.generate,
    "QUANTIZE": quantize.generate,
    "RELU": relu.generate,
    "RELU6": relu6.generate,
    "RESHAPE": reshape.generate,
    "SOFTMAX": softmax.generate,
    "STRIDED_SLICE": strided_slice.generate,
}


def generate(graph: Graph, op: Op, where: str) -> Code:
    """The C of one operator.

    Args:
        where: name of the model, used in messages.
    Raises:
        UserError: an operator, or a form of one, that the engine does not run.
    """
    if op.custom or op.name not in OPERATORS:
        kind = "the custom operator" if op.custom else "operator"
        output = graph.tensors[op.outputs[0]] if op.outputs else None
        writes = f", which writes tensor {output.index} {output.name!r}" if output else ""
        raise UserError(
            f"{where}: op {op.index} is {kind} {op.name}{writes}; the compiled engine runs "
            f"{', '.join(OPERATORS)}. Change the model, or add codegen/ops/{op.name.lower()}.py "
            "(docs/ADD_AN_OPERATOR.md)"
        )
    return OPERATORS[op.name](Form(graph, op, where))
