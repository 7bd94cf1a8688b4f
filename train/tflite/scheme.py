"""How a model is quantized, in words, and what would make it int8 throughout."""

from train.tflite.graph import MISSING, Graph, Op, Tensor

_WEIGHTED = (
    "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL", "SVDF",
    "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN", "LSTM", "RNN",
)  # fmt: skip
_INT8 = (
    "Convert it to int8, with Optimize.DEFAULT, a representative_dataset of real inputs, and "
    "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]"
)


def why_not_int8(graph: Graph) -> str:
    """What keeps a model from being int8 inside, and what to do about it; empty if nothing does.

    Args:
        graph: without the conversions at its ends.
    """
    computed = [op for op in graph.ops if _kinds(graph, op.outputs) - {"int32", "int64", "bool"}]
    kinds = [kind for op in computed for kind in sorted(_kinds(graph, op.outputs))]
    weights = {kind for op in graph.ops if op.name in _WEIGHTED for kind in _kinds(graph, op.inputs[1:2])}
    if "int8" not in kinds and "uint8" not in kinds and "int16" not in kinds and "float32" in kinds:
        if "int8" in weights:
            return (
                "it is quantized dynamically (hybrid): weights are int8, activations float32, computed in "
                f"float. {_INT8}"
            )
        if "float16" in _constant_kinds(graph):
            return f"it is a float model with float16 weights: nothing in it is quantized. {_INT8}"
        return f"it is a float model: nothing in it is quantized. {_INT8}"
    if (
        "int16" in kinds
        and not {"uint8", "float32"} & set(kinds)
        and kinds.count("int16") >= kinds.count("int8")
    ):
        return (
            "it is quantized to 16x8: weights are int8, activations int16. Convert it with "
            "TFLITE_BUILTINS_INT8 instead of EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"
        )
    if "uint8" in kinds and "int8" not in kinds:
        return (
            "it is quantized to uint8, as TensorFlow 1 did: activations and weights are uint8. "
            f"Take the float model that it came from. {_INT8}"
        )
    others = [op for op in computed if _kinds(graph, op.outputs) - {"int8", "int32", "int64", "bool"}]
    if not others:
        return ""
    shown = ", ".join(f"op {op.index} {op.name} ({_what_it_gives(graph, op)})" for op in others[:3])
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return (
        f"{len(others)} of {len(graph.ops)} operators do not compute in int8: {shown}{more}. {_INT8}. What "
        "is left in float then, take out of the model and do in the program"
    )


def _kinds(graph: Graph, indices: tuple[int, ...]) -> set[str]:
    return {graph.tensors[index].dtype.name for index in indices if index != MISSING}


def _constant_kinds(graph: Graph) -> set[str]:
    return {tensor.dtype.name for tensor in graph.tensors if tensor.data is not None}


def _what_it_gives(graph: Graph, op: Op) -> str:
    tensor: Tensor = graph.tensors[op.outputs[0]]
    converts = op.name in ("QUANTIZE", "DEQUANTIZE", "CAST")
    return f"{graph.tensors[op.inputs[0]].dtype} to {tensor.dtype}" if converts else str(tensor.dtype)
