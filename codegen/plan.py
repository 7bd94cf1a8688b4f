"""Where in the arena each tensor lies: from lifetimes to offsets. Pure functions of plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

ALIGNMENT_BYTES = 16  # of every buffer, so that kernels may load whole vectors


@dataclass(frozen=True)
class Overlap:
    """How an operator's output may lie over an input that nobody reads later.

    Attributes:
        lead_bytes: the input begins at least so far behind the output; an operator that
            goes through both in step, reading first, needs no lead.
        exactly: the input begins just so far behind the output, no further.
    """

    lead_bytes: int = 0
    exactly: bool = False

    def allows(self, lead_bytes: int) -> bool:
        """Whether an input ``lead_bytes`` behind the output is safe."""
        return lead_bytes == self.lead_bytes if self.exactly else lead_bytes >= self.lead_bytes


@dataclass(frozen=True)
class Buffer:
    """Memory that one tensor needs, or several that share it, or an operator while it runs.

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
        overlaps: read tensors over which the one written tensor may lie, and how.
        scratch_bytes: memory that it needs only while it runs.
        reads_beyond_bytes: how far behind the end of what it reads it may read, whatever is there.
    """

    reads: tuple[int, ...]
    writes: tuple[int, ...]
    shares: int | None = None
    overlaps: Mapping[int, Overlap] = field(default_factory=dict)
    scratch_bytes: int = 0
    reads_beyond_bytes: int = 0


@dataclass(frozen=True)
class Plan:
    """An arena.

    Attributes:
        arena_bytes: a multiple of the alignment; whatever a step may read lies within.
        offsets: first byte of every tensor that lies in it.
        scratch: first byte of the scratch memory of each step that has some, by position.
    """

    offsets: Mapping[int, int]
    scratch: Mapping[int, int]
    arena_bytes: int


def plan(
    steps: Sequence[Step],
    sizes_bytes: Mapping[int, int],
    inputs: Sequence[int],
    outputs: Sequence[int],
    states: Sequence[int] = (),
    pinned: Mapping[int, int] | None = None,
) -> Plan:
    """Lay out all tensors that the steps read and write.

    Args:
        steps: in order of execution.
        sizes_bytes: of every tensor named in them.
        inputs: tensors that are written before the first step.
        outputs: tensors that are read after the last.
        states: tensors that are kept from one run of the steps to the next.
        pinned: offsets of tensors that are not free to choose.
    """
    pinned = pinned or {}
    tensors = lifetimes(steps, sizes_bytes, [*inputs, *states], [*outputs, *states])
    positions = [position for position, step in enumerate(steps) if step.scratch_bytes]
    scratch = [Buffer((), steps[position].scratch_bytes, position, position) for position in positions]
    buffers = [*tensors, *scratch]
    fixed = {
        index: pinned[tensor]
        for index, buffer in enumerate(tensors)
        for tensor in buffer.tensors
        if tensor in pinned
    }
    offsets = place(buffers, _overlaps(steps, tensors), fixed)
    starts = {
        tensor: offset for buffer, offset in zip(buffers, offsets, strict=True) for tensor in buffer.tensors
    }
    reaches = [
        starts[tensor] + sizes_bytes[tensor] + step.reads_beyond_bytes
        for step in steps
        for tensor in step.reads
    ]
    return Plan(
        offsets=starts,
        scratch=dict(zip(positions, offsets[len(tensors) :], strict=True)),
        arena_bytes=_aligned(max(_end(buffers, offsets), *reaches, 0)),
    )


def lifetimes(
    steps: Sequence[Step], sizes_bytes: Mapping[int, int], inputs: Sequence[int], outputs: Sequence[int]
) -> list[Buffer]:
    """The buffers that the tensors need, in order of creation."""
    last_use = dict.fromkeys(inputs, -1)
    for position, step in enumerate(steps):
        last_use |= dict.fromkeys((*step.reads, *step.writes), position)
    last_use |= dict.fromkeys(outputs, len(steps))

    members: dict[int, list[int]] = {tensor: [tensor] for tensor in inputs}  # by any tensor in it
    created = dict.fromkeys(inputs, -1)
    for position, step in enumerate(steps):
        for tensor in step.writes:
            if tensor in members:  # a further part of it, or a state
                continue
            members[tensor] = [] if step.shares is None else members[step.shares]
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


def _overlaps(steps: Sequence[Step], buffers: Sequence[Buffer]) -> dict[tuple[int, int], Overlap]:
    """The overlaps that lifetimes permit, by the indices of the buffers read and written."""
    home = {tensor: index for index, buffer in enumerate(buffers) for tensor in buffer.tensors}
    return {
        (home[read], home[step.writes[0]]): overlap
        for position, step in enumerate(steps)
        for read, overlap in step.overlaps.items()
        if buffers[home[read]].last == position == buffers[home[step.writes[0]]].first
    }


def place(
    buffers: Sequence[Buffer],
    overlaps: Mapping[tuple[int, int], Overlap],
    fixed: Mapping[int, int] | None = None,
) -> list[int]:
    """Offsets such that buffers needed at the same time overlap only where they may.

    Buffers go one after the other to the lowest offset that is free, in several orders, of
    which the best counts.

    Args:
        overlaps: by the indices of a buffer that is read and of one that is written.
        fixed: offsets that are given, by index.
    Returns:
        an offset for each buffer.
    """
    fixed = fixed or {}
    everything = [index for index in range(len(buffers)) if index not in fixed]
    orders = [
        sorted(everything, key=lambda i: (-buffers[i].size_bytes, buffers[i].first)),
        sorted(everything, key=lambda i: (buffers[i].first, -buffers[i].size_bytes)),
        sorted(everything, key=lambda i: (-buffers[i].last, -buffers[i].size_bytes)),
    ]
    return min(
        (_place(buffers, overlaps, order, fixed) for order in orders),
        key=lambda offsets: _end(buffers, offsets),
    )


def _place(
    buffers: Sequence[Buffer],
    overlaps: Mapping[tuple[int, int], Overlap],
    order: Sequence[int],
    fixed: Mapping[int, int],
) -> list[int]:
    offsets = dict(fixed)

    def is_free(index: int, offset: int) -> bool:
        buffer = buffers[index]
        for other, start in offsets.items():
            is_apart = offset + buffer.size_bytes <= start or start + buffers[other].size_bytes <= offset
            if is_apart or not buffer.meets(buffers[other]):
                continue
            as_read, as_written = overlaps.get((index, other)), overlaps.get((other, index))
            if as_read and as_read.allows(offset - start):
                continue
            if as_written and as_written.allows(start - offset):
                continue
            return False
        return True

    for index in order:
        candidates = {0} | {_aligned(start + buffers[other].size_bytes) for other, start in offsets.items()}
        for (read, written), overlap in overlaps.items():
            if read == index and written in offsets:
                candidates.add(_aligned(offsets[written] + overlap.lead_bytes))
            if written == index and read in offsets:
                candidates.add(offsets[read] - _aligned(overlap.lead_bytes))
        offsets[index] = next(
            offset for offset in sorted(candidates) if offset >= 0 and is_free(index, offset)
        )
    return [offsets[index] for index in range(len(buffers))]


def _end(buffers: Sequence[Buffer], offsets: Sequence[int]) -> int:
    return max((start + buffer.size_bytes for buffer, start in zip(buffers, offsets, strict=True)), default=0)


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
