"""The arena planner: buffers that are needed together overlap only where an operator allows it."""

import itertools

import hypothesis.strategies as st
import pytest
from hypothesis import given

from codegen.plan import ALIGNMENT_BYTES, Buffer, Overlap, Step, lifetimes, place, plan


@st.composite
def some_buffers(draw):
    spans = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 200)), max_size=12))
    return [Buffer((index,), size, min(a, b), max(a, b)) for index, (a, b, size) in enumerate(spans)]


@st.composite
def some_overlaps(draw, buffers):
    """Between buffers of which one ends where the other begins."""
    overlaps = {}
    for (i, one), (j, other) in itertools.permutations(enumerate(buffers), 2):
        if one.last == other.first and one.first < other.first and draw(st.booleans()):
            overlaps[i, j] = Overlap(draw(st.integers(0, 120)), exactly=draw(st.booleans()))
    return overlaps


def clash(one, one_offset, other, other_offset):
    apart = one_offset + one.size_bytes <= other_offset or other_offset + other.size_bytes <= one_offset
    return one.meets(other) and not apart


@given(st.data())
def test_what_is_needed_together_overlaps_only_where_it_may(data):
    buffers = data.draw(some_buffers())
    overlaps = data.draw(some_overlaps(buffers))
    offsets = place(buffers, overlaps)
    for (i, one), (j, other) in itertools.combinations(enumerate(buffers), 2):
        if not clash(one, offsets[i], other, offsets[j]):
            continue
        read, written = (i, j) if (i, j) in overlaps else (j, i)
        lead_bytes = offsets[read] - offsets[written]
        overlap = overlaps[read, written]
        assert lead_bytes == overlap.lead_bytes if overlap.exactly else lead_bytes >= overlap.lead_bytes
    assert all(offset % ALIGNMENT_BYTES == 0 and offset >= 0 for offset in offsets)


@given(some_buffers())
def test_the_arena_is_no_larger_than_without_sharing(buffers):
    apart = sum(-(-buffer.size_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES for buffer in buffers)
    at_once = max(
        (sum(b.size_bytes for b in buffers if b.first <= time <= b.last) for time in range(10)), default=0
    )
    ends = [offset + b.size_bytes for b, offset in zip(buffers, place(buffers, {}), strict=True)]
    assert at_once <= max(ends, default=0) <= apart


def test_a_chain_needs_its_two_largest_neighbours():
    steps = [Step((0,), (1,)), Step((1,), (2,)), Step((2,), (3,))]
    made = plan(steps, {0: 160, 1: 320, 2: 32, 3: 4}, [0], [3])
    assert made.arena_bytes == 320 + 160


def test_a_reshape_is_the_same_memory_for_as_long_as_either_is_needed():
    steps = [Step((0,), (1,), shares=0), Step((1,), (2,)), Step((0, 2), (3,))]
    made = lifetimes(steps, {0: 16, 1: 16, 2: 16, 3: 16}, [0], [3])
    assert made[0] == Buffer((0, 1), 16, -1, 2)
    assert len(made) == 3


def test_only_what_nobody_reads_later_is_overwritten():
    sizes = dict.fromkeys(range(4), 16)
    last_reader = [Step((0,), (1,), overlaps={0: Overlap()})]
    assert plan(last_reader, sizes, [0], [1]).arena_bytes == 16
    read_later = [Step((0,), (1,), overlaps={0: Overlap()}), Step((0, 1), (2,))]
    made = plan(read_later, sizes, [0], [2])
    assert made.offsets[0] != made.offsets[1]
    shared_with_one_read_later = [
        Step((0,), (1,), shares=0),
        Step((1,), (2,), overlaps={1: Overlap()}),
        Step((0, 2), (3,)),
    ]
    made = plan(shared_with_one_read_later, sizes, [0], [3])
    assert made.offsets[0] == made.offsets[1] != made.offsets[2]
    kept_as_output = plan(last_reader, sizes, [0], [0, 1])
    assert kept_as_output.offsets[0] != kept_as_output.offsets[1]


def test_an_input_lies_in_its_larger_output_as_far_behind_as_it_must():
    made = plan([Step((0,), (1,), overlaps={0: Overlap(lead_bytes=50)})], {0: 32, 1: 160}, [0], [1])
    assert made.offsets[0] - made.offsets[1] == 64  # the next multiple of the alignment
    assert made.arena_bytes == 160


def test_an_output_may_have_to_begin_just_where_its_input_does():
    steps = [Step((0,), (1,)), Step((1,), (2,), overlaps={1: Overlap(exactly=True)})]
    made = plan(steps, {0: 16, 1: 64, 2: 32}, [0], [2])
    assert made.offsets[1] == made.offsets[2]
    assert made.arena_bytes == 80


def test_scratch_is_apart_from_all_that_is_alive_and_from_nothing_else():
    steps = [Step((0,), (1,), scratch_bytes=48), Step((1,), (2,)), Step((2,), (3,), scratch_bytes=80)]
    made = plan(steps, dict.fromkeys(range(4), 16), [0], [3])
    assert set(made.scratch) == {0, 2}
    for position, alive in ((0, (0, 1)), (2, (2, 3))):
        start = made.scratch[position]
        for tensor in alive:
            assert (
                made.offsets[tensor] + 16 <= start
                or start + steps[position].scratch_bytes <= (made.offsets[tensor])
            )
    assert made.arena_bytes == 16 + 16 + 80


def test_an_output_is_kept_and_an_input_may_go():
    """The output is not where a later step writes; the input is not needed after its last reader."""
    steps = [Step((0,), (1,)), Step((1,), (2,)), Step((2,), (3,))]
    made = plan(steps, dict.fromkeys(range(4), 16), [0], [1, 3])
    assert len({made.offsets[tensor] for tensor in (1, 2, 3)}) == 3
    assert made.arena_bytes == 48


def test_a_tensor_that_nobody_reads_still_has_its_place():
    made = plan([Step((0,), (1,)), Step((0,), (2,))], dict.fromkeys(range(3), 16), [0], [2])
    assert made.offsets[0] not in (made.offsets[1], made.offsets[2])


def test_nothing_needs_nothing():
    assert place([], {}) == []
    assert plan([], {0: 5}, [0], [0]).arena_bytes == ALIGNMENT_BYTES  # read in whole vectors


def test_the_property_can_fail():
    """Two buffers at one place, needed at the same time, is what the first test would see."""
    one, other = Buffer((0,), 16, 0, 1), Buffer((1,), 16, 1, 2)
    assert clash(one, 0, other, 0)
    assert not clash(one, 0, other, 16)
    assert not clash(one, 0, Buffer((2,), 16, 2, 3), 0)
    with pytest.raises(KeyError):
        _ = plan([Step((0,), (1,))], {0: 1, 1: 1}, [0], [1]).offsets[2]


def test_state_keeps_its_place_from_one_run_to_the_next():
    steps = [Step((0,), (1,)), Step((1, 9), (2,)), Step((2,), (3,))]
    made = plan(steps, {0: 16, 1: 64, 2: 64, 3: 16, 9: 32}, [0], [3], states=[9])
    for tensor, size in ((0, 16), (1, 64), (2, 64), (3, 16)):
        start = made.offsets[tensor]
        assert start + size <= made.offsets[9] or start >= made.offsets[9] + 32, "nothing else lies there"


def test_outputs_of_one_operator_lie_apart():
    """One that nobody reads needs its place while the operator runs."""
    made = plan([Step((0,), (1, 2, 3)), Step((2,), (4,))], dict.fromkeys(range(5), 16), [0], [4])
    assert len({made.offsets[tensor] for tensor in (0, 1, 2, 3)}) == 4
