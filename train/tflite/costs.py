"""What an operator costs by its shapes, whatever runs it."""

import math

from train.core.manifest import Layer
from train.tflite.graph import MISSING, Graph, Op

_SVDF_TIME = 2  # the input of SVDF that holds the weights of what it remembers


def layer_of(graph: Graph, op: Op) -> Layer:
    """An operator, without what only the compiled engine knows of it."""
    shape = graph.tensors[op.outputs[0]].shape if op.outputs else ()
    output = shape[1:] if shape[:1] == (1,) else shape
    return Layer(op.index, op.name, output, multiply_accumulates(graph, op), "", (), (), 0)


def multiply_accumulates(graph: Graph, op: Op) -> int:
    """MACs of an operator that sums products, those on padding included; 0 for the others."""
    inputs = [graph.tensors[index].shape for index in op.inputs if index != MISSING]
    output = graph.tensors[op.outputs[0]].shape if op.outputs else ()
    match op.name:
        case "CONV_2D" | "FULLY_CONNECTED":  # every output sums one filter: all but the first axis
            return math.prod(output) * math.prod(inputs[1][1:])
        case "DEPTHWISE_CONV_2D":  # filter is (1, height, width, channels)
            return math.prod(output) * math.prod(inputs[1][1:3])
        case "TRANSPOSE_CONV":  # every input meets all of a filter, (outputs, height, width, inputs)
            return math.prod(inputs[2]) * math.prod(inputs[1][:3])
        case "BATCH_MATMUL":  # an inner dimension, the second last one where it is turned
            return math.prod(output) * inputs[0][-2 if op.options.get("adj_x") else -1]
        case "SVDF":  # each filter looks at the input and at what it remembers
            return output[0] * (math.prod(inputs[1]) + math.prod(inputs[_SVDF_TIME]))
        case "UNIDIRECTIONAL_SEQUENCE_LSTM":  # four gates, from the input and from the last output
            return 4 * math.prod(output) * (inputs[0][-1] + output[-1])
    return 0
