"""What a program of firmware/app/bench.c says: instructions, and scores that are checked.

QEMU counts: with -icount it runs a fixed number of instructions per tick of the board's timer. A loop of
known length, run on the board, gives that number; a second one checks it.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hil.boards.board import QEMU, Board
from hil.link.process import ProcessLink
from train.core.errors import UserError
from train.tflite.tflm import TflmModel

_ICOUNT = ("-icount", "shift=3")  # 8 ns each: 5 instructions per tick where the core has 25 MHz
_RUN_TIMEOUT_S = 600
# As in firmware/app/bench.c.
_LOOP, _CHECK = 2_000_000, 200_000  # instructions
_NOISE_SEED = 1
# Of _CHECK: instructions, or one tick at each end; on a core of 20 MHz a tick is 6.25 instructions.
_TOLERANCE, _TOLERANCE_TICKS = 10, 2
_TILE = "tile "

Said = dict[str, list[list[int]]]  # by name, the numbers of each line of that name


def lines_of(board: Board, program: Path) -> list[str]:
    """What a program says, all but its first and its last line.

    Raises:
        UserError: that it cannot run, or nothing.
    """
    emulator = board.command(program)
    with ProcessLink([*emulator, *_ICOUNT] if board.run_kind == QEMU else emulator, _RUN_TIMEOUT_S) as link:
        first = link.read_line().decode()
        if first != f"bench {board.id}":
            raise UserError(f"{program} on {board.id} said {first!r}, expected 'bench {board.id}'")
        lines = []
        while (line := link.read_line().decode()) != "end":
            lines.append(line)
    return lines


def numbers_of(lines: Iterable[str]) -> Said:
    """All lines that are numbers."""
    found: Said = {}
    for line in lines:
        if not line.startswith(_TILE):
            name, *numbers = line.split()
            found.setdefault(name, []).append([int(number) for number in numbers])
    return found


def tile_forms(lines: Iterable[str]) -> list[str]:
    """What the core makes of each tile of the generated C, in words, in their order there."""
    return [line.removeprefix(_TILE) for line in lines if line.startswith(_TILE)]


def run(board: Board, program: Path) -> Said:
    """``numbers_of`` what a program says."""
    return numbers_of(lines_of(board, program))


def counter(found: Said) -> Callable[..., int]:
    """``count(ticks, cost)``: instructions; ``cost``, in ticks, is what measuring took of them.

    Raises:
        UserError: a tick is no fixed number of instructions.
    """
    loop, check, empty = (found[name][0][0] for name in ("loop", "check", "empty"))
    per_tick = _LOOP / (loop - empty) if loop > empty else 0.0

    def count(ticks: int, cost: int = empty) -> int:
        return round((ticks - cost) * per_tick)

    if abs(count(check) - _CHECK) > max(_TOLERANCE, _TOLERANCE_TICKS * per_tick):
        raise UserError(
            f"a loop of {_CHECK} instructions counts as {count(check)} where one of {_LOOP} is the "
            "measure; expected the same; is this an emulator with -icount?"
        )
    return count


def check_scores(found: Said, oracle: TflmModel, where: str) -> None:
    """Refuse scores that are not those of TFLite-Micro to the bit.

    Args:
        oracle: with one input and one output, int8 or uint8.
        where: name of the model, used in messages.
    """
    (taken,), (given,) = oracle.inputs, oracle.outputs
    expected = oracle.run(noise_inputs(len(found["scores"]), taken.shape, taken.dtype))
    for index, (numbers, wanted) in enumerate(zip(found["scores"], expected, strict=True)):
        scores = (np.array(numbers) + np.iinfo(given.dtype).min).tolist()
        if scores != wanted.ravel().tolist():
            raise UserError(
                f"{where}: scores of inference {index} are {scores}, expected {wanted.ravel().tolist()}, "
                "those of TFLite-Micro"
            )


def noise_inputs(count: int, shape: tuple[int, ...], dtype: npt.DTypeLike = np.int8) -> np.ndarray:
    """(count, *shape) int8 or uint8: the inputs of firmware/app/bench.c, one quieter than the other."""
    noise = (xorshift(count * math.prod(shape)) >> 24).astype(int).reshape(count, *shape)
    least = np.iinfo(dtype).min
    return np.stack([(item >> 2 * index + 1) + least for index, item in enumerate(noise)]).astype(dtype)


def xorshift(count: int) -> np.ndarray:
    """(count,) uint32: the noise of firmware/app/bench.c."""
    values, state = np.empty(count, np.uint32), _NOISE_SEED
    for index in range(count):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        values[index] = state
    return values


def linked_text(program: Path) -> str:
    """The part of a linker's map that lists what was linked: "Discarded input sections" come before."""
    return Path(f"{program}.map").read_text(encoding="utf-8").split("Linker script and memory map")[1]


def linked_bytes(linked: str, section: str, sources: Iterable[str]) -> int:
    """Bytes of a kind of section that were linked from these sources, by a linker's map."""
    if not (names := "|".join(map(re.escape, sources))):
        return 0
    entry = rf"^ \.{section}\S*\s+0x\w+\s+0x(\w+)\s+\S*[(/](?:{names})\.\w+\)?$"
    return sum(int(size, 16) for size in re.findall(entry, linked, re.MULTILINE))


def function_bytes(linked: str, names: Sequence[str]) -> int:
    """Bytes of functions that have sections of their own, by a linker's map."""
    if not (either := "|".join(map(re.escape, names))):
        return 0
    entry = rf"^ \.text\.(?:{either})\s+0x\w+\s+0x(\w+)\s"
    return sum(int(size, 16) for size in re.findall(entry, linked, re.MULTILINE))
