"""Control flow of TensorFlow's graphs: while loops as single steps, branches that are not taken.

A loop is made of Enter, Merge, Switch, NextIteration and Exit nodes for each of its variables, and of one
LoopCond. Merge is what a variable is in an iteration; Switch hands it to the body while LoopCond is true, and
to Exit when it is not. A branch is a Switch with another condition; what is computed of the output that it
does not use is DEAD, until a Merge takes the one that lives.
"""

from .graphdef import GraphError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .graphdef import Node

    Reference = tuple[str, int]

CONTROL_FLOW = ("Enter", "Exit", "LoopCond", "Merge", "NextIteration", "Switch")
DEAD = object()  # what a branch that is not taken gives
_MOST_ITERATIONS = 100000


class Loop(object):
    """One step of a plan that runs others again and again.

    Attributes:
        exits: nodes that give its results.
        inputs: what must be there before.
    """

    op = "Loop"

    def __init__(self, condition, variables, order):
        # type: (Node, list[_Variable], Callable[..., tuple[list[Any], list[Reference]]]) -> None
        """Plan the iterations.

        Args:
            condition: the LoopCond.
            order: gives the steps that some references need, and what these need from outside.
        """
        self.condition = condition
        self._variables = variables
        there = set()  # type: set[Reference]
        for variable in variables:
            there.update((variable.merge.name, output) for output in (0, 1))
            there.update((switch.name, output) for switch in variable.switches for output in (0, 1))
        self._test, self.inputs = order([(condition.name, 0)], there)
        known = there | {(step.name, output) for step in self._test for output in (0, 1)}
        self._body, more = order([variable.next for variable in variables], known)
        self.inputs = self.inputs + more + [variable.first for variable in variables]
        self.exits = [one for variable in variables for one in variable.exits]
        self.name = condition.name

    def run(self, values, visit):
        # type: (dict[Reference, Any], Callable[[Any], None]) -> None
        """Iterate until the condition is false; ``visit`` runs a step."""
        for variable in self._variables:
            variable.become(values[variable.first], 0, values)
        for _ in range(_MOST_ITERATIONS):
            for step in self._test:
                visit(step)
            if not values[self.condition.name, 0]:
                break
            for step in self._body:
                visit(step)
            following = [values[variable.next] for variable in self._variables]
            for variable, value in zip(self._variables, following):
                variable.become(value, 1, values)
        else:
            raise GraphError("loop %s does not end within %d iterations" % (self.name, _MOST_ITERATIONS))
        for variable in self._variables:
            for node in variable.exits:
                values[node.name, 0] = values[variable.merge.name, 0]


class _Variable(object):
    """What a loop carries from one iteration to the next: ``first`` and ``next`` are its values."""

    def __init__(self, merge, first, following, switches, exits):
        # type: (Node, Reference, Reference, list[Node], list[Node]) -> None
        self.merge = merge
        self.first = first
        self.next = following
        self.switches = switches
        self.exits = exits

    def become(self, value, source, values):
        # type: (Any, int, dict[Reference, Any]) -> None
        values[self.merge.name, 0], values[self.merge.name, 1] = value, source
        for switch in self.switches:
            values[switch.name, 0] = values[switch.name, 1] = value


def loop_of(node, nodes, order):
    # type: (Node, dict[str, Node], Callable[..., Any]) -> Loop
    """The loop that an Exit ends.

    Raises:
        GraphError: it is not built as TensorFlow builds loops.
    """
    try:
        condition = nodes[nodes[node.inputs[0][0]].inputs[1][0]]
        switches = [
            one for one in nodes.values() if one.op == "Switch" and one.inputs[1][0] == condition.name
        ]
        variables = []
        for name in sorted({switch.inputs[0][0] for switch in switches}):
            merge = nodes[name]
            sources = {nodes[source].op: nodes[source] for source, _ in merge.inputs}
            mine = [switch for switch in switches if switch.inputs[0][0] == name]
            exits = [
                one
                for one in nodes.values()
                if one.op == "Exit" and one.inputs[0][0] in [switch.name for switch in mine]
            ]
            first, following = sources["Enter"].inputs[0], sources["NextIteration"].inputs[0]
            variables.append(_Variable(merge, first, following, mine, exits))
    except (KeyError, IndexError):
        raise GraphError("node %s (Exit): its loop is not built as TensorFlow builds them" % node.name)
    if condition.op != "LoopCond":
        raise GraphError("node %s (Exit): its loop has no LoopCond" % node.name)
    return Loop(condition, variables, order)


def run_switch(inputs):
    # type: (list[Any]) -> tuple[Any, Any]
    """A branch: the second output where the condition is true."""
    value, is_true = inputs
    return (DEAD, value) if is_true else (value, DEAD)


def run_merge(inputs):
    # type: (list[Any]) -> tuple[Any, Any]
    """The input that lives, and its number."""
    for number, value in enumerate(inputs):
        if value is not DEAD:
            return value, number
    return DEAD, DEAD


def is_dead(node, values):
    # type: (Node, dict[Reference, Any]) -> bool
    """Whether a node belongs to a branch that is not taken."""
    return any(values.get(one) is DEAD for one in node.inputs + node.controls)
