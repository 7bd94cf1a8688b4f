"""Dilated convolutions that TensorFlow's converter wrote as plain ones of every d-th place.

SPACE_TO_BATCH_ND deals the places of an image out to several smaller images, a convolution goes over each,
and BATCH_TO_SPACE_ND puts the outputs together. That is one convolution with dilation, of the same sums.
Places are added so that all images have the same size, and the outputs that see them are cropped.
"""

import contextlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from codegen.passes.ends import SHAPES_ONLY, keeps_scale
from codegen.passes.fold import needed
from train.core.errors import UserError
from train.tflite.graph import Graph, Op, Tensor

_APART, _TOGETHER = "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"
_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_AXES = ((1, 2), (2,), (1,))  # of an image that an image or a sequence may lie along: height, width
Shape = tuple[int, ...]


class WrongValuesError(UserError):
    """TFLite-Micro computes wrong values and says nothing, so neither engine is to run the model."""


class _OtherFormError(Exception):
    """Not what one convolution does."""


def check_batches(graph: Graph, where: str) -> None:
    """Refuse a dilated convolution whose images were not counted, as the batch of the model is open.

    TFLite-Micro goes by the shapes in the file: it computes one image of several, and says nothing.

    Args:
        where: name of the model, used in messages.
    Raises:
        WrongValuesError: telling how to convert it.
    """
    for op in graph.ops:
        if op.name not in (_APART, _TOGETHER) or op.custom:
            continue
        shapes = graph.tensors[op.inputs[0]].shape, graph.tensors[op.outputs[0]].shape
        blocks = graph.tensors[op.inputs[1]].data
        whole, parts = shapes if op.name == _APART else shapes[::-1]
        if blocks is None or not whole or not parts or parts[0] == whole[0] * math.prod(blocks.tolist()):
            continue
        raise WrongValuesError(
            f"{where}: op {op.index} {op.name} goes from shape {shapes[0]} to {shapes[1]}, which blocks of "
            f"{blocks.tolist()} do not: the batch of the model is open, and TFLite-Micro, which takes it for "
            "1 throughout, would compute wrong values; expected a fixed batch. With x = "
            "tf.keras.Input(batch_shape=(1, *model.input_shape[1:])), convert tf.keras.Model(x, model(x))"
        )


def join_dilated(graph: Graph, where: str) -> Graph:
    """The graph with one convolution in the place of each such group. Other forms stay as they are.

    Args:
        where: name of the model, used in messages.
    Raises:
        WrongValuesError: outputs that see what SPACE_TO_BATCH_ND adds are not cropped.
    """
    for op in graph.ops:
        if op.name == _TOGETHER:
            with contextlib.suppress(_OtherFormError):
                graph = _joined(graph, op, where)
    return replace(graph, ops=needed(graph.ops, graph.outputs))


def _joined(graph: Graph, together: Op, where: str) -> Graph:
    """The graph without the group that ``together`` ends.

    Raises:
        _OtherFormError: it ends none, or one that a convolution does not do.
        WrongValuesError: see ``join_dilated``.
    """
    behind, convolution = _chain(graph, together, _CONVOLUTIONS)
    in_front, apart = _chain(graph, convolution, (_APART,))
    moves = [apart, *in_front, *behind, together]
    _expect(not any(op.custom for op in (convolution, *moves)))
    _expect(all(keeps_scale(graph, op) for op in moves))
    for op in (convolution, *behind):  # nobody else reads what will not be there
        _expect(op.outputs[0] not in graph.outputs)
        _expect(sum(reader.inputs.count(op.outputs[0]) for reader in graph.ops) == 1)

    image, result = graph.tensors[apart.inputs[0]], graph.tensors[together.outputs[0]]
    pairs = (apart.outputs[0], convolution.inputs[0]), (together.inputs[0], convolution.outputs[0])
    axes = _axes([(graph.tensors[a].shape, graph.tensors[b].shape) for a, b in pairs])
    options = _dilated(convolution, axes, _blocks(graph, apart, together, where))
    tensors = list(graph.tensors)

    def seen_as_image(tensor: Tensor) -> Tensor:
        tensors.append(replace(tensor, index=len(tensors), shape=_as_image(tensor.shape, axes)))
        return tensors[-1]

    entry, output = seen_as_image(image), seen_as_image(result)
    joined = (
        replace(apart, name="RESHAPE", inputs=(image.index,), outputs=(entry.index,)),
        replace(
            convolution,
            inputs=(entry.index, *convolution.inputs[1:]),
            outputs=(output.index,),
            options=MappingProxyType(options),
        ),
        replace(together, name="RESHAPE", inputs=(output.index,), outputs=(result.index,)),
    )
    removed = [id(op) for op in (convolution, *behind)]
    ops = [joined if op is together else (op,) for op in graph.ops if id(op) not in removed]
    return replace(graph, tensors=tuple(tensors), ops=tuple(itertools.chain.from_iterable(ops)))


def _chain(graph: Graph, op: Op, kinds: Sequence[str]) -> tuple[list[Op], Op]:
    """What changes shapes alone in front of an operator, and the one of ``kinds`` before it."""
    shaping: list[Op] = []
    while True:
        writer = next((it for it in graph.ops if op.inputs[0] in it.outputs), None)
        if writer is None or writer.name not in (*kinds, *SHAPES_ONLY):
            raise _OtherFormError
        if writer.name in kinds:
            return shaping, writer
        shaping.append(writer)
        op = writer


def _axes(shapes: Sequence[tuple[Shape, Shape]]) -> Shape:
    """Axes of an image that tensors of other shapes have, too.

    Args:
        shapes: of such a tensor, and of the images that it is.
    """
    for axes in _AXES:
        if all(len(seen) == len(axes) + 2 and _as_image(seen, axes) == image for seen, image in shapes):
            return axes
    raise _OtherFormError


def _as_image(shape: Shape, axes: Shape) -> Shape:
    sizes = dict(zip(axes, shape[1:], strict=False))
    return shape[0], sizes.get(1, 1), sizes.get(2, 1), shape[-1]


def _blocks(graph: Graph, apart: Op, together: Op, where: str) -> list[int]:
    """How many images the places of each axis are dealt out to.

    Source:
        tflite-micro, micro/kernels/space_to_batch_nd.cc: nothing sets ``output_offset``, which it pads with.
    """
    given = [graph.tensors[index].data for op in (apart, together) for index in op.inputs[1:3]]
    blocks, pads, again, crops = ([] if data is None else data.ravel().tolist() for data in given)
    _expect(blocks == again and len(pads) == len(crops) == 2 * len(blocks))
    sees_padding = any(pad > crop for pad, crop in zip(pads, crops, strict=True))
    if sees_padding and graph.tensors[apart.inputs[0]].zero_point:  # 0 is what it pads with
        raise WrongValuesError(
            f"{where}: op {apart.index} {_APART} pads by {pads} and op {together.index} {_TOGETHER} crops "
            f"{crops}; expected the same of both: TFLite-Micro does not pad with the zero point here, so its "
            "outputs at the borders are wrong. Pad with a layer of its own, such as ZeroPadding1D, and give "
            "the convolution padding='valid'"
        )
    _expect(pads == crops)
    return blocks


def _dilated(convolution: Op, axes: Shape, blocks: Sequence[int]) -> dict[str, Any]:
    """Options of the convolution of the whole image."""
    options = dict(convolution.options)
    _expect([options.get(name) for name in ("padding", "stride_h", "stride_w")] == ["VALID", 1, 1])
    _expect(len(blocks) == len(axes))
    for axis, block in zip(axes, blocks, strict=True):
        name = f"dilation_{' hw'[axis]}_factor"
        options[name] = block * options.get(name, 1)
    return options


def _expect(condition: bool) -> None:
    if not condition:
        raise _OtherFormError
