"""The statistics and tables of TensorFlow 1.4's benchmark_model."""

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TOP = 10  # rows of the tables of the slowest and the largest


class NodeRun(object):
    """One node in one run: times in microseconds from the start of the run, bytes that it allocated."""

    def __init__(self, name, op, start_us, duration_us, memory_bytes):
        # type: (str, str, int, int, int) -> None
        self.name = name
        self.op = op
        self.start_us = start_us
        self.duration_us = duration_us
        self.memory_bytes = memory_bytes


class Stat(object):
    """Integers as they come: how many, first, latest, least, most, mean, deviation."""

    def __init__(self):
        # type: () -> None
        self.count = self.first = self.current = self.least = self.most = self.total = self.squares = 0

    def add(self, value):
        # type: (int) -> None
        self.least = min(self.least, value) if self.count else value
        self.most = max(self.most, value) if self.count else value
        self.first = self.first if self.count else value
        self.current = value
        self.count += 1
        self.total += value
        self.squares += value * value

    @property
    def mean(self):
        # type: () -> float
        return float(self.total) / self.count if self.count else 0.0

    @property
    def deviation(self):
        # type: () -> float
        """Of the population: divided by the count, not by one less."""
        if not self.count or self.least == self.most:
            return 0.0
        # In whole numbers, since a difference of large floats would lose the small deviations.
        return math.sqrt(self.count * self.squares - self.total * self.total) / self.count

    def line(self):
        # type: () -> str
        """As C++ streams print it: six significant digits."""
        if not self.count:
            return "count=0"
        if self.least == self.most:
            return "count=%d curr=%d%s" % (self.count, self.current, "(all same)" if self.count > 1 else "")
        return "count=%d first=%d curr=%d min=%d max=%d avg=%g std=%g" % (
            self.count,
            self.first,
            self.current,
            self.least,
            self.most,
            self.mean,
            self.deviation,
        )

    def as_dict(self):
        # type: () -> dict[str, Any]
        return {
            "count": self.count,
            "first": self.first,
            "curr": self.current,
            "min": self.least,
            "max": self.most,
            "avg": self.mean,
            "std": self.deviation,
        }


class _Node(object):
    def __init__(self, op, order):
        # type: (str, int) -> None
        self.op = op
        self.order = order
        self.start, self.duration, self.memory = Stat(), Stat(), Stat()


class Tally(object):
    """Runs, node by node."""

    def __init__(self):
        # type: () -> None
        self.times, self.memory = Stat(), Stat()  # of whole runs: sums over the nodes
        self._nodes = {}  # type: dict[str, _Node]

    def add_run(self, run):
        # type: (list[NodeRun]) -> None
        """Take the nodes of one run, in the order in which they started."""
        for record in run:
            if record.name not in self._nodes:
                self._nodes[record.name] = _Node(record.op, len(self._nodes))
            node = self._nodes[record.name]
            node.start.add(record.start_us)
            node.duration.add(record.duration_us)
            node.memory.add(record.memory_bytes)
        self.times.add(sum(record.duration_us for record in run))
        self.memory.add(sum(record.memory_bytes for record in run))

    def lines(self):
        # type: () -> list[str]
        """Every table: by run order (whole), by time and by memory (ten rows), by type; the sums."""
        by_order = sorted(self._nodes, key=lambda name: self._nodes[name].order)
        by_time = sorted(by_order, key=lambda name: -self._nodes[name].duration.mean)
        by_memory = sorted(by_order, key=lambda name: -self._nodes[name].memory.current)
        lines = ["Number of nodes executed: %d" % len(by_order)]
        lines += self._node_table("Run Order", by_order)
        lines += self._node_table("Top by Computation Time", by_time[:_TOP])
        lines += self._node_table("Top by Memory Use", by_memory[:_TOP])
        lines += self._type_table()
        lines += ["Timings (microseconds): " + self.times.line(), "Memory (bytes): " + self.memory.line()]
        return lines + ["%d nodes observed" % len(by_order), ""]

    def as_list(self):
        # type: () -> list[dict[str, Any]]
        """The nodes in run order, for JSON."""
        return [
            {
                "name": name,
                "op": node.op,
                "avg_us": node.duration.mean,
                "first_us": node.duration.first,
                "start_us": node.start.mean,
                "memory_bytes": node.memory.current,
                "count": node.duration.count,
            }
            for name, node in sorted(self._nodes.items(), key=lambda item: item[1].order)
        ]

    def _node_table(self, title, names):
        # type: (str, list[str]) -> list[str]
        whole = float(self.times.total) or 1.0
        heads = (
            (24, "[node type]"), (9, "[start]"), (9, "[first]"), (9, "[avg ms]"), (8, "[%]"), (8, "[cdf%]"),
            (10, "[mem KB]"), (9, "[times called]"), (0, "[Name]"),
        )  # fmt: skip
        lines = [_title(title), _row(heads)]
        so_far = 0
        for name in names:
            node = self._nodes[name]
            so_far += node.duration.total
            cells = (
                (24, node.op),
                (9, "%.3f" % (node.start.mean / 1000)),
                (9, "%.3f" % (node.duration.first / 1000.0)),
                (9, "%.3f" % (node.duration.mean / 1000)),
                (8, "%.3f%%" % (100 * node.duration.total / whole)),
                (8, "%.3f%%" % (100 * so_far / whole)),
                (10, "%.3f" % (node.memory.current / 1000.0)),
                (9, str(node.duration.count // self.times.count)),
                (0, name),
            )
            lines.append(_row(cells))
        return lines + [""]

    def _type_table(self):
        # type: () -> list[str]
        kinds = {}  # type: dict[str, list[_Node]]
        for node in self._nodes.values():
            kinds.setdefault(node.op, []).append(node)
        # Each node's mean is cut to whole microseconds before they are added.
        times = {op: sum(int(node.duration.mean) for node in nodes) for op, nodes in kinds.items()}
        whole = float(sum(times.values())) or 1.0
        heads = (
            (24, "[Node type]"), (9, "[count]"), (10, "[avg ms]"), (11, "[avg %]"), (11, "[cdf %]"),
            (10, "[mem KB]"), (10, "[times called]"),
        )  # fmt: skip
        lines = [_title("Summary by node type"), _row(heads)]
        so_far = 0
        for op in sorted(kinds, key=lambda op: (times[op], op), reverse=True):
            so_far += times[op]
            cells = (
                (24, op),
                (9, str(len(kinds[op]))),
                (10, "%.3f" % (times[op] / 1000.0)),
                (11, "%.3f%%" % (100 * times[op] / whole)),
                (11, "%.3f%%" % (100 * so_far / whole)),
                (10, "%.3f" % (sum(node.memory.current for node in kinds[op]) / 1000.0)),
                (9, str(sum(node.duration.count for node in kinds[op]) // self.times.count)),
            )
            lines.append(_row(cells))
        return lines + [""]


def _title(title):
    # type: (str) -> str
    return "%s %s %s" % (30 * "=", title, 30 * "=")


def _row(cells):
    # type: (tuple[tuple[int, str], ...]) -> str
    return "".join("\t" + text.rjust(width) for width, text in cells)
