"""Models with other ends than one int8 input and output, made of such a one by hand."""

from typing import Any

import numpy as np
from repacked import repack

from train.tflite.schema import schema
from train.tflite.tflm import TflmModel

CONVERSIONS = {
    "float32": "DEQUANTIZE",
    "uint8": "QUANTIZE",
    "int16": "QUANTIZE",
    "int32": "QUANTIZE",
}  # of int8 to a type


def with_ends(tflite: bytes, given: str, taken: str, ratio: float = 1.0, shapes: int = 0) -> bytes:
    """The model behind a conversion from one type, and before one to another.

    Args:
        given, taken: types of input and output in the file.
        ratio: of the scale at an end to that of the int8 inside.
        shapes: operators that only change shapes between the ends and the conversions.
    """

    def change(tree: Any) -> None:
        graph = tree.subgraphs[0]
        if given != "int8":
            inside = graph.inputs[0]
            outside = _copy(graph, inside, given, ratio)
            graph.inputs = [outside]
            operators = []
            for _ in range(shapes):
                source, outside = outside, _copy(graph, outside, given, 1.0)
                operators.append(_operator(tree, "RESHAPE", source, outside))
            operators.append(_operator(tree, "QUANTIZE", outside, inside))
            graph.operators = [*operators, *graph.operators]
        if taken != "int8":
            inside = graph.outputs[0]
            outside = _copy(graph, inside, taken, ratio)
            graph.operators.append(_operator(tree, CONVERSIONS[taken], inside, outside))
            graph.outputs = [_reshaped(tree, outside, taken, shapes)]

    return repack(tflite, change)


def with_wide_softmax(tflite: bytes, taken: str = "", shapes: int = 0, beta: float = 1.0) -> bytes:
    """The model before a SOFTMAX to int16, which may be converted once more.

    Args:
        taken: type in the file; empty where the SOFTMAX is the end.
        shapes: operators that only change shapes behind the SOFTMAX, and as many behind the conversion.
    """

    def change(tree: Any) -> None:
        graph = tree.subgraphs[0]
        inside = graph.outputs[0]
        scores = _copy(graph, inside, "int16", 1.0)
        _quantize(graph, scores, 1 / 65535, -(1 << 15))  # as the converter of old wrote it
        softmax = _operator(tree, "SOFTMAX", inside, scores)
        softmax.builtinOptionsType = schema().BuiltinOptions.SoftmaxOptions
        softmax.builtinOptions = schema().SoftmaxOptionsT()
        softmax.builtinOptions.beta = beta
        graph.operators.append(softmax)
        end = _reshaped(tree, scores, "int16", shapes)
        if taken:
            source, end = end, _copy(graph, end, taken, 1.0)
            if taken != "float32":
                _quantize(graph, end, 2**-15, 0)
            graph.operators.append(_operator(tree, CONVERSIONS[taken], source, end))
            end = _reshaped(tree, end, taken, shapes)
        graph.outputs = [end]

    return repack(tflite, change)


def _reshaped(tree: Any, index: int, dtype: str, times: int) -> int:
    """A tensor behind operators that only change shapes."""
    graph = tree.subgraphs[0]
    for _ in range(times):
        source, index = index, _copy(graph, index, dtype, 1.0)
        graph.operators.append(_operator(tree, "RESHAPE", source, index))
    return index


def _quantize(graph: Any, index: int, scale: float, zero_point: int) -> None:
    quantization = graph.tensors[index].quantization
    quantization.scale, quantization.zeroPoint = [float(np.float32(scale))], [zero_point]


def _copy(graph: Any, index: int, dtype: str, ratio: float) -> int:
    """Another tensor of the same shape and another type."""
    tables = schema()
    like, tensor = graph.tensors[index], tables.TensorT()
    tensor.shape, tensor.buffer, tensor.name = like.shape, 0, f"t{len(graph.tensors)}".encode()
    tensor.type = getattr(tables.TensorType, dtype.upper())
    if dtype != "float32":
        tensor.quantization = tables.QuantizationParametersT()
        tensor.quantization.scale = [float(np.float32(like.quantization.scale[0] * ratio))]
        zero_point = int(like.quantization.zeroPoint[0])
        turns_unsigned = dtype == "uint8" and like.type == tables.TensorType.INT8
        tensor.quantization.zeroPoint = [zero_point + 128 if turns_unsigned else zero_point]
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _operator(tree: Any, name: str, source: int, target: int) -> Any:
    tables = schema()
    kind = getattr(tables.BuiltinOperator, name)
    if kind not in [code.builtinCode for code in tree.operatorCodes]:
        code = tables.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = kind, kind, 1
        tree.operatorCodes.append(code)
    operator = tables.OperatorT()
    operator.opcodeIndex = [code.builtinCode for code in tree.operatorCodes].index(kind)
    operator.inputs, operator.outputs = [source], [target]
    return operator


def several(
    tflite: bytes, inputs: list[int], outputs: list[int], names: dict[str, int] | None = None
) -> bytes:
    """The model with these tensors at its ends; constants among the inputs are constant no more.

    Args:
        names: of a signature, by name the tensor.
    """

    def change(tree: Any) -> None:
        graph = tree.subgraphs[0]
        graph.inputs, graph.outputs = inputs, outputs
        for index in inputs:
            graph.tensors[index].buffer = 0
        if names:
            signature = schema().SignatureDefT()
            signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
            signature.inputs, signature.outputs = (
                [_named(name, index) for name, index in names.items() if index in ends]
                for ends in (inputs, outputs)
            )
            tree.signatureDefs = [signature]

    return repack(tflite, change)


def _named(name: str, index: int) -> Any:
    entry = schema().TensorMapT()
    entry.name, entry.tensorIndex = name.encode(), index
    return entry


def inputs_of(model: TflmModel, count: int = 200) -> list[np.ndarray]:
    """For each input (count, *shape) of its type: noise, extremes and, of floats, halves of steps."""
    rng = np.random.default_rng(11)
    arrays = []
    for end in model.inputs:
        shape = (count, *end.shape)
        if end.dtype == np.float32:
            arrays.append(np.concatenate([rng.normal(0, 3, shape), rng.integers(-300, 300, shape) / 40]))
            arrays[-1] = rng.permutation(arrays[-1])[:count].astype(np.float32)
        else:
            limits = np.iinfo(end.dtype)
            noise = rng.integers(limits.min, limits.max + 1, shape)
            noise[:2] = np.array([limits.min, limits.max]).reshape(2, *[1] * len(end.shape))
            arrays.append(noise.astype(end.dtype))
    return arrays
