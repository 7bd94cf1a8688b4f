"""A frozen graph run by NumPy, where there is no TensorFlow."""

from timeit import default_timer

import numpy as np

from .graphdef import FAULTS, GraphError, parse_graph, split_reference, told
from .loops import CONTROL_FLOW, DEAD, Loop, is_dead, loop_of, run_merge, run_switch
from .machine import limited_memory
from .operators import ELEMENTWISE, OPERATORS, VIEWS
from .tally import NodeRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .graphdef import Node

    Array = np.ndarray[Any, Any]
    Reference = tuple[str, int]
    Step = Node | Loop
    Visit = Callable[[Node, int], object]

_CONST, _PLACEHOLDER = "Const", "Placeholder"
_LONGEST_RUN_S = 120  # what the challenge allows is 0.2 s
_IN_LOOP = -1  # in place of the index of a step: what a loop runs, it runs again


class UnknownOperator(GraphError):
    """The graph needs an operator that is not known here; TensorFlow may know it."""


def knows(op):
    # type: (str) -> bool
    """Whether an operator is one that runs here."""
    tables = (ELEMENTWISE, VIEWS, OPERATORS)  # type: tuple[dict[str, Callable[..., Any]], ...]
    return op in (_CONST, _PLACEHOLDER) + CONTROL_FLOW or any(op in table for table in tables)


class Interpreter(object):
    """Runs what some outputs need of a graph; as TensorFlow does, results overwrite what is not needed."""

    def __init__(self, content, feeds, fetches):
        # type: (bytes, list[str], list[str]) -> None
        """Plan the runs.

        Args:
            feeds: names of tensors that are given, such as ``decoded_sample_data:0``.
            fetches: names of tensors that are wanted.
        Raises:
            GraphError: no such graph or node, an operator that is not known, or a node that needs itself.
        """
        self.name = "NumPy " + np.__version__
        self.nodes = {node.name: node for node in parse_graph(content)}
        self._feeds = [split_reference(name) for name in feeds]
        self._fetches = [split_reference(name) for name in fetches]
        for name, _ in self._feeds + self._fetches:
            if name not in self.nodes:
                raise GraphError("the graph of %d nodes has no %s" % (len(self.nodes), name))
        try:
            self._plan()
        except FAULTS as error:
            if isinstance(error, GraphError):
                raise
            raise GraphError("its nodes do not fit together (%s)" % told(error))

    def _plan(self):
        # type: () -> None
        for node in self.nodes.values():
            # What takes nothing of a branch is bound to it by a control input alone.
            node.controls = [] if node.inputs else [one for one in node.controls if self._is_branch(one[0])]
        self._loops = {}  # type: dict[str, Loop]
        self._steps, _ = self._order(self._fetches, set(self._feeds))
        self._output_counts = {}  # type: dict[str, int]
        for name, output in [one for node in self.nodes.values() for one in node.inputs] + self._fetches:
            self._output_counts[name] = max(output + 1, self._output_counts.get(name, 1))
        self._last_use = {}  # type: dict[Reference, int]
        for index, step in enumerate(self._steps):
            for reference in step.inputs:
                self._last_use[reference] = index
        for reference in self._fetches:
            self._last_use[reference] = len(self._steps)
        self._reusable = self._owned()

    def run(self, inputs):
        # type: (list[Array]) -> list[Array]
        """The wanted tensors, for arrays in the order of ``feeds``."""
        values = dict(zip(self._feeds, inputs))
        self._walk(values, lambda node, index: self._run_node(index, node, values))
        missing = [name for name, output in self._fetches if (name, output) not in values]
        if missing:
            raise GraphError("nothing gives %s" % ", ".join(missing))
        return [values[reference] for reference in self._fetches]

    def run_traced(self, inputs, clock=default_timer):
        # type: (list[Array], Callable[[], float]) -> list[NodeRun]
        """One run, timed node by node: ``clock``, in seconds, is read once, then before and after each."""
        values = dict(zip(self._feeds, inputs))
        records = []  # type: list[NodeRun]

        def visit(node, index):
            # type: (Node, int) -> None
            before_s = clock()
            memory_bytes = self._run_node(index, node, values)
            after_s = clock()
            start_us, duration_us = 1e6 * (before_s - start_s), 1e6 * (after_s - before_s)
            records.append(NodeRun(node.name, node.op, int(start_us), int(round(duration_us)), memory_bytes))

        start_s = clock()
        self._walk(values, visit)
        return records

    def shapes(self, inputs, references):
        # type: (list[Array], Iterable[Reference]) -> dict[Reference, tuple[int, ...]]
        """Shapes of tensors, by ``(name, output)``, from a run; in a loop, of the last iteration."""
        wanted = set(references)
        values = dict(zip(self._feeds, inputs))
        found = {key: value.shape for key, value in values.items() if key in wanted}

        def note():
            # type: () -> None
            for reference in wanted.intersection(values):
                found[reference] = np.shape(values[reference])

        def visit(node, index):
            # type: (Node, int) -> None
            note()  # what a loop left, before its reader takes it
            self._run_node(index, node, values)
            note()

        self._walk(values, visit)
        return found

    def _walk(self, values, visit):
        # type: (dict[Reference, Any], Visit) -> None
        """Every step in turn, those of loops as often as they run."""

        deadline_s = default_timer() + _LONGEST_RUN_S

        def run_step(step, index=_IN_LOOP):
            # type: (Step, int) -> None
            if default_timer() > deadline_s:
                raise GraphError("a run does not end within %d s" % _LONGEST_RUN_S)
            if not isinstance(step, Loop):
                visit(step, index)
                return
            try:
                step.run(values, run_step)
            except FAULTS as error:
                if isinstance(error, GraphError):
                    raise
                raise GraphError("loop %s: %s" % (step.name, told(error)))

        with limited_memory():
            for index, step in enumerate(self._steps):
                run_step(step, index)

    def _run_node(self, index, node, values):
        # type: (int, Node, dict[Reference, Any]) -> int
        """Run a node, let go of what nobody needs any more, say how many bytes were allocated."""
        allocated_bytes = 0
        try:
            if node.op == "Merge":
                results = run_merge([values[reference] for reference in node.inputs])  # type: tuple[Any, ...]
            elif is_dead(node, values):
                results = (DEAD,) * self._output_counts.get(node.name, 1)
            else:
                results, allocated_bytes = self._compute(index, node, [values[one] for one in node.inputs])
        except FAULTS as error:
            why = str(error) if isinstance(error, GraphError) else told(error)
            raise GraphError("node %s (%s): %s" % (node.name, node.op, why))
        if index != _IN_LOOP:
            for reference in node.inputs:
                if self._last_use[reference] == index:
                    values.pop(reference, None)
        for output, result in enumerate(results):
            if (node.name, output) not in self._feeds:
                values[node.name, output] = result
        return allocated_bytes

    def _compute(self, index, node, inputs):
        # type: (int, Node, list[Any]) -> tuple[tuple[Any, ...], int]
        """What a node gives, and how many bytes of it are new."""
        if node.op == _CONST:
            return (node.attributes["value"],), 0
        if node.op == "Switch":
            return run_switch(inputs), 0
        if node.op in ELEMENTWISE:
            out = inputs[0] if self._may_overwrite(index, inputs) else None
            # Old versions of NumPy know no out=None.
            target = {} if out is None else {"out": out}
            result = ELEMENTWISE[node.op](*inputs, **target)
            return (result,), result.nbytes if out is None else 0
        if node.op in VIEWS:
            return (VIEWS[node.op](node.attributes, *inputs),), 0
        given = OPERATORS[node.op](node.attributes, *inputs)
        results = given if isinstance(given, tuple) else (given,)
        return results, sum(result.nbytes for result in results)

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

    def _order(self, wanted, done):
        # type: (list[Reference], set[Reference]) -> tuple[list[Step], list[Reference]]
        """The steps that some tensors need, inputs first.

        Args:
            done: tensors that are there without a step.
        Returns:
            the steps, and what those of a loop need from outside it.
        """
        begun, outside = set(), []  # type: set[str], list[Reference]
        order, placed = [], set()  # type: list[Step], set[str]
        waiting = list(reversed(wanted))
        while waiting:
            reference = waiting[-1]
            name = reference[0]
            if reference in done or name in placed:
                waiting.pop()
                continue
            node = self._known(name)
            step, names = node, [name]  # type: Step, list[str]
            needs = node.inputs + node.controls
            if node.op == "Enter":
                outside.extend(needs)
                needs = []
            elif node.op == "Exit":
                if name not in self._loops:
                    loop = loop_of(node, self.nodes, self._order)
                    self._loops.update({one.name: loop for one in loop.exits})
                    if name not in self._loops:
                        raise GraphError(
                            "node %s (Exit): its loop is not built as TensorFlow builds them" % name
                        )
                step, names = self._loops[name], [one.name for one in self._loops[name].exits]
                needs = self._loops[name].inputs
            missing = [one for one in needs if one not in done and one[0] not in placed]
            if not missing:
                order.append(step)
                placed.update(names)
            elif name in begun:
                raise GraphError("node %s needs its own result" % name)
            begun.add(name)
            waiting.extend(reversed(missing))
        return order, outside

    def _is_branch(self, name):
        # type: (str) -> bool
        """Whether a node only marks which side of a branch is taken."""
        node = self.nodes.get(name)
        if node is not None and node.op == "Identity":
            node = self.nodes.get(node.inputs[0][0])
        return node is not None and node.op == "Switch"

    def _known(self, name):
        # type: (str) -> Node
        node = self.nodes.get(name)
        if node is None:
            raise GraphError("the graph has no node %s, which another takes" % name)
        if node.op == _PLACEHOLDER:
            raise GraphError("input %s is not given" % name)
        if not knows(node.op):
            raise UnknownOperator(
                "node %s is %s, which the NumPy interpreter does not know (hil/pi/remote/operators.py has "
                "those that it knows)" % (name, node.op)
            )
        return node
