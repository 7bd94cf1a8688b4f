"""What a graph's nodes compute, counted from the shapes of their tensors."""

import numpy as np

from .graphdef import FAULTS, GraphError, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .graphdef import Node


_BATCH_PRODUCTS = ("BatchMatMul", "BatchMatMulV2")
# What runs other nodes of the graph, or functions, more than once or perhaps not at all.
REPEATING = (
    "Enter", "Switch", "Case", "For", "If", "StatelessCase", "StatelessIf", "While", "StatelessWhile",
    "PartitionedCall", "StatefulPartitionedCall",
)  # fmt: skip


def needed_nodes(nodes, output):
    # type: (list[Node], str) -> list[Node]
    """What a run computes: the nodes that a node needs, and it itself, in the order of the graph."""
    by_name = {node.name: node for node in nodes}
    needed, waiting = set(), [output]  # type: set[str], list[str]
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in needed:
            needed.add(name)
            waiting.extend(given for given, _ in by_name[name].inputs)
    return [node for node in nodes if node.name in needed]


def counted_nodes(nodes):
    # type: (list[Node]) -> list[Node]
    """The nodes whose products count as FLOPs; the rest is free."""
    products = ("Conv2D", "MatMul", "DepthwiseConv2dNative") + _BATCH_PRODUCTS
    return [node for node in nodes if node.op in products]


def node_flops(node, shape_of):
    # type: (Node, Callable[[tuple[str, int]], tuple[int, ...]]) -> int
    """FLOPs of a node: two for each product.

    Args:
        shape_of: shape of what a node gives, by ``(name, output)``.
    Source:
        the rule of TensorFlow 1.4's benchmark_model, SEMANTICS.md F.
    """
    try:
        return _flops(node, shape_of)
    except FAULTS as error:
        raise GraphError("node %s (%s): its work cannot be counted (%s)" % (node.name, node.op, told(error)))


def _flops(node, shape_of):
    # type: (Node, Callable[[tuple[str, int]], tuple[int, ...]]) -> int
    outputs = int(np.prod(shape_of((node.name, 0)), dtype=np.int64))
    if node.op == "Conv2D":
        height, width, channels = shape_of(node.inputs[1])[:3]
        return 2 * outputs * height * width * channels
    if node.op == "DepthwiseConv2dNative":
        height, width = shape_of(node.inputs[1])[:2]
        return 2 * outputs * height * width
    if node.op == "MatMul":
        given = shape_of(node.inputs[0])
        return 2 * outputs * given[0 if node.attributes.get("transpose_a") else 1]
    if node.op in _BATCH_PRODUCTS:
        return 2 * outputs * shape_of(node.inputs[0])[-2 if node.attributes.get("adj_x") else -1]
    return 0


def human_number(value):
    # type: (int) -> str
    """410316800 as ``410.32M``; thousands are cut off, not rounded, until one is left."""
    if value < 1000:
        return str(value)
    units = "kMBT"
    while value >= 1000000 and len(units) > 1:
        value //= 1000
        units = units[1:]
    return "%.2f%s" % (value / 1000.0, units[0])
