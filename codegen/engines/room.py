"""How much scratch memory each operator gets, so that the arena stays small."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from codegen.ops._form import Code, Room
from codegen.plan import Plan

_SPARE_BYTES = (256, 512, 1024, 2048, 4096)  # tried in this order
# Of an operator, by the field of Room; the first that fits. First what more cores gain from.
_CHOICES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("segment_bytes", (8192, 6144, 5120, 4096)),
    ("has_dsp_form", (True,)),
    ("window_bytes", (4096, 2048, 1024, 768, 512, 384, 256, 128, 64)),
)
_ARENA_GROWTH = 1 / 25  # at most, for fewer instructions


def with_room(
    count: int, code_of: Callable[[int, Room], Code], plan_of: Callable[[list[Code]], Plan]
) -> tuple[list[Code], Plan]:
    """All operators, with as much scratch memory to spare as leaves the arena about as small as it can be.

    Then what an operator wants and leaves the arena as it is.

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
    rooms = [room] * count
    for name, values in _CHOICES:
        for number in range(count):
            for value in values if name in codes[number].wants else ():
                larger = replace(rooms[number], **{name: value})
                found = [*codes]
                found[number] = code_of(number, larger)
                plan = plan_of(found)
                if plan.arena_bytes <= arena.arena_bytes:
                    rooms[number], codes, arena = larger, found, plan
                    break
    return codes, arena
