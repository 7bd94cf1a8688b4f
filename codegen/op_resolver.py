"""Which method of TFLite-Micro's MicroMutableOpResolver registers an operator."""

from train.core.errors import UserError
from train.tflite.graph import Graph

# Where the method is not the operator's name in camel case.
_IRREGULAR = {
    "BATCH_MATMUL": "BatchMatMul",
    "CUMSUM": "CumSum",
    "PADV2": "PadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTM",
}


def resolver_method(op_name: str) -> str:
    """``AddConv2D`` for CONV_2D.

    Source:
        tflite-micro, tensorflow/lite/micro/micro_mutable_op_resolver.h.
    """
    camel_case = "".join(part.capitalize() for part in op_name.split("_")).replace("2d", "2D")
    return "Add" + _IRREGULAR.get(op_name, camel_case)


def resolver_methods(graph: Graph, where: str) -> list[str]:
    """Methods that register exactly the operators of a graph, each once.

    Raises:
        UserError: a custom operator, which no resolver knows by name.
    """
    for op in graph.ops:
        if op.custom:
            raise UserError(
                f"{where}: op {op.index} is the custom operator {op.name!r}; expected operators that are "
                "built into TensorFlow Lite; leave it out of the model"
            )
    return [resolver_method(name) for name in graph.op_names]
