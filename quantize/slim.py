"""The same model in fewer bytes: a .tflite without what no interpreter needs.

The converter spends about 2 kB on names of inner tensors, on ranges seen in calibration
(the scales already hold them), on signatures, metadata and empty buffers; and 28 bytes a
channel of a convolution on scales and zero points, of which four are needed.
"""

from typing import Any

import numpy as np

from train.architectures import INPUT_NAME, OUTPUT_NAME
from train.tflite.reader import integers, read_model
from train.tflite.schema import builtin_name, schema
from train.tflite.writer import write_model

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def slim(tflite: bytes, where: str = "model.tflite") -> bytes:
    """A smaller file that gives the same scores bit for bit.

    Input and output keep a name, that of the Keras model, for the people who look at the file.

    Raises:
        UserError: not a .tflite file, or damaged.
    """
    model = read_model(tflite, where)
    model.description = None
    model.metadata = None
    model.metadataBuffer = None
    model.signatureDefs = None
    contents: list[bytes] = [b""]  # buffer 0 is empty by convention: "no data"
    for graph in model.subgraphs:
        graph.name = None
        for op in graph.operators:
            if not integers(op.intermediates):  # an empty list has a length and an offset all the same
                op.intermediates = None
            op.mutatingVariableInputs = None
        names = dict.fromkeys(graph.inputs, INPUT_NAME) | dict.fromkeys(graph.outputs, OUTPUT_NAME)
        for index in _convolution_biases(model, graph):
            graph.tensors[index].quantization = None
        for index, tensor in enumerate(graph.tensors):
            _slim_tensor(tensor, names.get(index))
            data = model.buffers[tensor.buffer].data
            content = b"" if data is None else np.asarray(data, dtype=np.uint8).tobytes()
            if content not in contents:
                contents.append(content)
            tensor.buffer = contents.index(content)
    model.buffers = [_buffer(content) for content in contents]
    return write_model(model)


def _buffer(content: bytes) -> Any:
    buffer = schema().BufferT()
    buffer.data = np.frombuffer(content, np.uint8)
    return buffer


def _convolution_biases(model: Any, graph: Any) -> set[int]:
    """Tensors that are the bias of a convolution, and of nothing else.

    Their scale is by definition that of the input times that of the filter, which is where every
    interpreter takes it from. (Dense layers compare the two, so theirs stays.)
    """
    uses: dict[int, set[bool]] = {}
    for op in graph.operators:
        is_convolution = builtin_name(model.operatorCodes[op.opcodeIndex]) in _CONVOLUTIONS
        for place, index in enumerate(op.inputs):
            uses.setdefault(int(index), set()).add(is_convolution and place == 2)
    return {index for index, ways in uses.items() if ways == {True}}


def _slim_tensor(tensor: Any, name: str | None) -> None:
    tensor.name = name
    tensor.shapeSignature = None  # equal to the shape: the batch is static
    tensor.hasRank = False  # likewise; it tells a scalar from a tensor of unknown rank
    if tensor.quantization is not None:
        tensor.quantization.min = None
        tensor.quantization.max = None
        if tensor.quantization.scale is None or not len(tensor.quantization.scale):
            tensor.quantization = None
