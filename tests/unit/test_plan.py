"""The arena planner: tensors that are needed together never overlap."""

import itertools

import hypothesis.strategies as st
import pytest
from hypothesis import given

from codegen.plan import ALIGNMENT_BYTES, Buffer, Step, lifetimes, place, plan


@st.composite
def some_buffers(draw):
    spans = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 200)), max_size=12))
    return [
        Buffer((index,), size, min(span), max(span)) for index, (*span, size) in enumerate(spans)
    ]  # fmt: skip


@given(some_buffers())
def test_what_is_needed_together_does_not_overlap(buffers):
    placed = place(buffers)
    ranges = {b.tensors[0]: range(o := placed.offsets[b.tensors[0]], o + b.size_bytes) for b in buffers}
    for one, other in itertools.combinations(buffers, 2):
        if one.first <= other.last and other.first <= one.last:
            a, b = ranges[one.tensors[0]], ranges[other.tensors[0]]
            assert a.stop <= b.start or b.stop <= a.start
    assert all(span.start % ALIGNMENT_BYTES == 0 for span in ranges.values())
    assert placed.arena_bytes == max((span.stop for span in ranges.values()), default=0)


@given(some_buffers())
def test_the_arena_is_no_larger_than_without_sharing(buffers):
    apart = sum(-(-buffer.size_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES for buffer in buffers)
    at_once = max(
        (sum(b.size_bytes for b in buffers if b.first <= time <= b.last) for time in range(10)), default=0
    )
    assert at_once <= place(buffers).arena_bytes <= apart


def test_a_chain_needs_its_two_largest_neighbours():
    steps = [Step((0,), (1,)), Step((1,), (2,)), Step((2,), (3,))]
    made = plan(steps, {0: 160, 1: 320, 2: 32, 3: 4}, [0], [3])
    assert made.arena_bytes == 320 + 160
    assert made.offsets[1] == 0


def test_a_reshape_is_the_same_memory_for_as_long_as_either_is_needed():
    steps = [Step((0,), (1,), shares=0), Step((1,), (2,)), Step((0, 2), (3,))]
    made = lifetimes(steps, {0: 16, 1: 16, 2: 16, 3: 16}, [0], [3])
    assert made[0] == Buffer((0, 1), 16, -1, 2)
    assert len(made) == 3


def test_only_what_nobody_reads_later_is_overwritten():
    sizes = dict.fromkeys(range(4), 16)
    last_reader = [Step((0,), (1,), overwrites=(0,))]
    assert plan(last_reader, sizes, [0], [1]).arena_bytes == 16
    read_later = [Step((0,), (1,), overwrites=(0,)), Step((0, 1), (2,))]
    made = plan(read_later, sizes, [0], [2])
    assert made.offsets[0] != made.offsets[1]
    shared_with_one_read_later = [
        Step((0,), (1,), shares=0),
        Step((1,), (2,), overwrites=(1,)),
        Step((0, 2), (3,)),
    ]
    made = plan(shared_with_one_read_later, sizes, [0], [3])
    assert made.offsets[0] == made.offsets[1] != made.offsets[2]
    kept_as_output = plan(last_reader, sizes, [0], [0, 1])
    assert kept_as_output.offsets[0] != kept_as_output.offsets[1]


def test_another_size_is_not_overwritten():
    made = plan([Step((0,), (1,), overwrites=(0,))], {0: 16, 1: 32}, [0], [1])
    assert made.arena_bytes == 48


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
    assert place([]).arena_bytes == 0
    assert plan([], {0: 5}, [0], [0]).arena_bytes == 5


def test_the_property_can_fail():
    """Two buffers at one place, needed at the same time, is what the first test would see."""
    one, other = Buffer((0,), 16, 0, 1), Buffer((1,), 16, 1, 2)
    assert one.meets(other)
    assert not one.meets(Buffer((2,), 16, 2, 3))
    with pytest.raises(KeyError):
        _ = place([one]).offsets[1]
