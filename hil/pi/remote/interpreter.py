"""A frozen graph run by NumPy, where there is no TensorFlow."""

from timeit import default_timer

import numpy as np

from .graphdef import GraphError, parse_graph, split_reference
from .operators import ELEMENTWISE, OPERATORS, VIEWS
from .tally import NodeRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .graphdef import Node

    Array = np.ndarray[Any, Any]
    Reference = tuple[str, int]

_CONST, _PLACEHOLDER = "Const", "Placeholder"


class Interpreter(object):
    """Runs what some outputs need of a graph; as TensorFlow does, results overwrite what is not needed."""

    def __init__(self, content, feeds, fetches):
        # type: (bytes, list[str], list[str]) -> None
        """Plan the runs.

        Args:
            feeds: names of tensors that are given, such as ``decoded_sample_data:0``.
            fetches: names of tensors that are wanted.
        Raises:
            GraphError: no such graph or node, an operator that is not known, or a loop.
        """
        self.name = "NumPy " + np.__version__
        self.nodes = {node.name: node for node in parse_graph(content)}
        self._feeds = [split_reference(name) for name in feeds]
        self._fetches = [split_reference(name) for name in fetches]
        for name, _ in self._feeds + self._fetches:
            if name not in self.nodes:
                raise GraphError("the graph of %d nodes has no %s" % (len(self.nodes), name))
        self._steps = self._order()
        self._last_use = {}  # type: dict[Reference, int]
        for index, node in enumerate(self._steps):
            for reference in node.inputs:
                self._last_use[reference] = index
        for reference in self._fetches:
            self._last_use[reference] = len(self._steps)
        self._reusable = self._owned()

    def run(self, inputs):
        # type: (list[Array]) -> list[Array]
        """The wanted tensors, for arrays in the order of ``feeds``."""
        values = dict(zip(self._feeds, inputs))
        for index, node in enumerate(self._steps):
            self._run_step(index, node, values)
        return [values[reference] for reference in self._fetches]

    def run_traced(self, inputs, clock=default_timer):
        # type: (list[Array], Callable[[], float]) -> list[NodeRun]
        """One run, timed node by node: ``clock``, in seconds, is read once, then before and after each."""
        values = dict(zip(self._feeds, inputs))
        records = []
        start_s = clock()
        for index, node in enumerate(self._steps):
            before_s = clock()
            memory_bytes = self._run_step(index, node, values)
            after_s = clock()
            start_us, duration_us = 1e6 * (before_s - start_s), 1e6 * (after_s - before_s)
            records.append(NodeRun(node.name, node.op, int(start_us), int(round(duration_us)), memory_bytes))
        return records

    def shapes(self, inputs, references):
        # type: (list[Array], Iterable[Reference]) -> dict[Reference, tuple[int, ...]]
        """Shapes of tensors, by ``(name, output)``, from a run."""
        wanted = set(references)
        values = dict(zip(self._feeds, inputs))
        found = {key: value.shape for key, value in values.items() if key in wanted}
        for index, node in enumerate(self._steps):
            self._run_step(index, node, values)
            for reference in wanted.intersection(values):
                found[reference] = values[reference].shape
        return found

    def _run_step(self, index, node, values):
        # type: (int, Node, dict[Reference, Array]) -> int
        """Run a node, let go of what nobody needs any more, say how many bytes were allocated."""
        inputs = [values[reference] for reference in node.inputs]
        allocated_bytes = 0
        try:
            if node.op == _CONST:
                results = (node.attributes["value"],)
            elif node.op in ELEMENTWISE:
                out = inputs[0] if self._may_overwrite(index, inputs) else None
                # Old versions of NumPy know no out=None.
                target = {} if out is None else {"out": out}
                results = (ELEMENTWISE[node.op](*inputs, **target),)
                allocated_bytes = results[0].nbytes if out is None else 0
            elif node.op in VIEWS:
                results = (VIEWS[node.op](node.attributes, *inputs),)
            else:
                given = OPERATORS[node.op](node.attributes, *inputs)
                results = given if isinstance(given, tuple) else (given,)
                allocated_bytes = sum(result.nbytes for result in results)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise GraphError("node %s (%s): %s" % (node.name, node.op, error))
        for reference in node.inputs:
            if self._last_use[reference] == index:
                values.pop(reference, None)
        for output, result in enumerate(results):
            if (node.name, output) not in self._feeds:
                values[node.name, output] = result
        return allocated_bytes

    def _may_overwrite(self, index, inputs):
        # type: (int, list[Array]) -> bool
        """Whether the first input is nobody else's, and the result has its shape."""
        if index not in self._reusable:
            return False
        shapes = [value.shape for value in inputs]
        return all(value.dtype == inputs[0].dtype for value in inputs) and all(
            len(shape) <= len(shapes[0])
            and all(size in (1, whole) for size, whole in zip(shape[::-1], shapes[0][::-1]))
            for shape in shapes
        )

    def _owned(self):
        # type: () -> set[int]
        """Steps whose first input is memory that this graph allocated and that they are the last to read."""
        readers = {}  # type: dict[Reference, int]
        for node in self._steps:
            for reference in node.inputs:
                readers[reference] = readers.get(reference, 0) + 1
        for reference in self._fetches:
            readers[reference] = readers.get(reference, 0) + 1
        owned, reusable = set(), set()  # type: set[Reference], set[int]
        for index, node in enumerate(self._steps):
            first = node.inputs[0] if node.inputs else None
            is_last = first in owned and readers[first] == 1 if first is not None else False
            if node.op in ELEMENTWISE and is_last:
                reusable.add(index)
            if node.op in OPERATORS or node.op in ELEMENTWISE or (node.op in VIEWS and is_last):
                owned.add((node.name, 0))
        return reusable

    def _order(self):
        # type: () -> list[Node]
        """The nodes to run, inputs first."""
        done, begun = set(self._feeds), set()  # type: set[Reference], set[str]
        order, placed = [], set()  # type: list[Node], set[str]
        waiting = list(reversed(self._fetches))
        while waiting:
            reference = waiting[-1]
            name = reference[0]
            if reference in done or name in placed:
                waiting.pop()
                continue
            node = self._known(name)
            missing = [one for one in node.inputs if one not in done and one[0] not in placed]
            if not missing:
                order.append(node)
                placed.add(name)
            elif name in begun:
                raise GraphError("node %s needs its own result" % name)
            begun.add(name)
            waiting.extend(reversed(missing))
        return order

    def _known(self, name):
        # type: (str) -> Node
        node = self.nodes.get(name)
        if node is None:
            raise GraphError("the graph has no node %s, which another takes" % name)
        if node.op == _PLACEHOLDER:
            raise GraphError("input %s is not given" % name)
        tables = (ELEMENTWISE, VIEWS, OPERATORS)  # type: tuple[dict[str, Callable[..., Any]], ...]
        if node.op != _CONST and not any(node.op in table for table in tables):
            raise GraphError(
                "node %s is %s, which the NumPy interpreter does not know; known: %s. Add it to "
                "hil/pi/remote/operators.py, or run with TensorFlow"
                % (name, node.op, ", ".join(sorted(op for table in tables for op in table)))
            )
        return node
