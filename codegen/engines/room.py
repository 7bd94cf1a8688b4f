"""How much scratch memory each operator gets, so that the arena stays small."""

from collections.abc import Callable
from dataclasses import replace

from codegen.ops._form import Code, Room
from codegen.plan import Plan

_SPARE_BYTES = (256, 512, 1024, 2048, 4096)  # tried in this order
_SEGMENT_BYTES = (8192, 6144, 5120, 4096)  # the first that fits
_WINDOW_BYTES = (4096, 2048, 1024, 768, 512, 384, 256, 128, 64)  # the first that fits
_ARENA_GROWTH = 1 / 25  # at most, for fewer instructions


def with_room(
    count: int, code_of: Callable[[int, Room], Code], plan_of: Callable[[list[Code]], Plan]
) -> tuple[list[Code], Plan]:
    """All operators, with as much scratch memory to spare as leaves the arena about as small as it can be.

    Then those that leave it as it is: of each 1x1 convolution longer rows, and of others more windows.

    Args:
        count: of operators.
        code_of: one of them, by number.
    """
    room = Room()
    codes = [code_of(number, room) for number in range(count)]
    arena = plan_of(codes)
    limit_bytes = arena.arena_bytes * (1 + _ARENA_GROWTH)
    for spare_bytes in _SPARE_BYTES:
        larger = Room(spare_bytes)
        found = [code_of(number, larger) for number in range(count)]
        plan = plan_of(found)
        if plan.arena_bytes > limit_bytes:
            break
        room, codes, arena = larger, found, plan
    # Rows first, from which more cores gain.
    for name, sizes_bytes in (("segment_bytes", _SEGMENT_BYTES), ("window_bytes", _WINDOW_BYTES)):
        for number in range(count):
            if not (codes[number].has_segments if name == "segment_bytes" else codes[number].has_windows):
                continue
            for size_bytes in sizes_bytes:
                found = [*codes]
                found[number] = code_of(number, replace(room, **{name: size_bytes}))
                plan = plan_of(found)
                if plan.arena_bytes <= arena.arena_bytes:
                    codes, arena = found, plan
                    break
    return codes, arena
