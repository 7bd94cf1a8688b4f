"""Where in the arena each tensor lies: from lifetimes to offsets. Pure functions of plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ALIGNMENT_BYTES = 16  # of every tensor, so that kernels may load whole vectors


@dataclass(frozen=True)
class Buffer:
    """Memory that one tensor needs, or several that share it.

    Attributes:
        tensors: their indices in the graph.
        first, last: positions of the first and the last operator during which it must be kept.
    """

    tensors: tuple[int, ...]
    size_bytes: int
    first: int
    last: int

    def meets(self, other: "Buffer") -> bool:
        """Whether some operator needs both."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Step:
    """What an operator does to memory.

    Attributes:
        reads, writes: tensors in the arena; constants are not among them.
        shares: a read tensor whose bytes the one written tensor is, without any work.
        overwrites: read tensors in whose place the written one may be computed.
    """

    reads: tuple[int, ...]
    writes: tuple[int, ...]
    shares: int | None = None
    overwrites: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """An arena.

    Attributes:
        offsets: first byte of every tensor that lies in it.
    """

    offsets: Mapping[int, int]
    arena_bytes: int


def plan(
    steps: Sequence[Step], sizes_bytes: Mapping[int, int], inputs: Sequence[int], outputs: Sequence[int]
) -> Plan:
    """Lay out all tensors that the steps read and write.

    Args:
        steps: in order of execution.
        sizes_bytes: of every tensor named in them.
        inputs: tensors that are written before the first step.
        outputs: tensors that are read after the last.
    """
    return place(lifetimes(steps, sizes_bytes, inputs, outputs))


def lifetimes(
    steps: Sequence[Step], sizes_bytes: Mapping[int, int], inputs: Sequence[int], outputs: Sequence[int]
) -> list[Buffer]:
    """The buffers that the steps need, in order of creation.

    A tensor overwrites another only where the step is the last to read anything in that
    memory, and where both have the same size.
    """
    last_use = dict.fromkeys(inputs, -1)
    for position, step in enumerate(steps):
        last_use |= dict.fromkeys((*step.reads, *step.writes), position)
    last_use |= dict.fromkeys(outputs, len(steps))

    members: dict[int, list[int]] = {tensor: [tensor] for tensor in inputs}  # by any tensor in it
    created = dict.fromkeys(inputs, -1)
    for position, step in enumerate(steps):
        for tensor in step.writes:
            host = step.shares
            for candidate in step.overwrites if host is None else ():
                done = max(last_use[member] for member in members[candidate]) == position
                if done and sizes_bytes[candidate] == sizes_bytes[tensor]:
                    host = candidate
                    break
            members[tensor] = [] if host is None else members[host]
            members[tensor].append(tensor)
            created[tensor] = position

    buffers = {id(group): group for group in members.values()}.values()
    return [
        Buffer(
            tensors=tuple(group),
            size_bytes=max(sizes_bytes[tensor] for tensor in group),
            first=min(created[tensor] for tensor in group),
            last=max(last_use[tensor] for tensor in group),
        )
        for group in buffers
    ]


def place(buffers: Sequence[Buffer]) -> Plan:
    """Offsets such that buffers needed at the same time do not overlap.

    Large buffers come first, each at the lowest offset that is free during its lifetime.
    """
    offsets: dict[int, int] = {}
    placed: list[tuple[int, Buffer]] = []
    for buffer in sorted(buffers, key=lambda buffer: (-buffer.size_bytes, buffer.first, buffer.tensors)):
        offset = 0
        for start, other in sorted(placed, key=lambda pair: pair[0]):
            if buffer.meets(other) and offset < start + other.size_bytes:
                if offset + buffer.size_bytes <= start:
                    break  # fits before this one, and thus before all that follow
                offset = _aligned(start + other.size_bytes)
        placed.append((offset, buffer))
        offsets |= dict.fromkeys(buffer.tensors, offset)
    return Plan(offsets, max((start + buffer.size_bytes for start, buffer in placed), default=0))


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
