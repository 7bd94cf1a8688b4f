"""How fast a board is likely to be: instructions that an emulator counted, times what is published of a core.

firmware/cores.json says both for each core, by the name that board.json has for it. Every figure from here is
an estimate, and is called one: an emulator knows neither the waits of flash nor the order of instructions.
"""

from dataclasses import dataclass
from functools import cache

from hil.boards.board import Board, board_ids, load_board
from train.core.installation import FIRMWARE_SOURCES
from train.core.results.boards import BenchResult
from train.core.results.boards_report import Estimate
from train.core.typed_json import decode, read

CORES = FIRMWARE_SOURCES / "cores.json"


@dataclass(frozen=True)
class Core:
    """What is known of a core.

    Attributes:
        counted_on: the emulated board whose instructions are this core's.
        cycles_per_instruction: the least and the most, from ``source``.
        instructions_per_audio_s: of listening, ten inferences or more, by preset.
    """

    counted_on: str
    cycles_per_instruction: tuple[float, float]
    source: str
    instructions_per_audio_s: dict[str, int]


@cache
def cores() -> dict[str, Core]:
    """All of firmware/cores.json, by ``cpu``."""
    content = read(CORES)
    assert isinstance(content, dict), CORES
    return {cpu: decode(Core, about, f"{CORES}: {cpu}") for cpu, about in content.items()}


def _instruction_s(board: Board) -> tuple[float, float] | None:
    """Seconds of an instruction, the least and the most; None where core or clock are not known."""
    core = cores().get(board.cpu)
    if core is None or board.target is None or not board.target.core_hz:
        return None
    least, most = core.cycles_per_instruction
    return least / board.target.core_hz, most / board.target.core_hz


def shares(board: Board) -> dict[str, tuple[float, float]]:
    """By preset, the least and the most of its core that listening takes; {} where nothing is known."""
    found = _instruction_s(board)
    if found is None:
        return {}
    least_s, most_s = found
    counts = cores()[board.cpu].instructions_per_audio_s
    return {preset: (count * least_s, count * most_s) for preset, count in counts.items()}


def keeps_up(least: float, most: float) -> str:
    """Whether a core that listens for such a share of its time is in time."""
    if most <= 1:
        return "yes"
    return "no" if least > 1 else "perhaps"


def estimates(benches: dict[str, BenchResult]) -> tuple[Estimate, ...]:
    """Of each board whose core is one on which the instructions of a run were counted.

    Args:
        benches: bench.json by board.
    """
    found = []
    for board in map(load_board, board_ids()):
        seconds = _instruction_s(board)
        if seconds is None or board.target is None:
            continue
        core = cores()[board.cpu]
        bench = benches.get(core.counted_on)
        if bench is None or bench.instructions_per_window is None or bench.instructions_per_audio_s is None:
            continue
        least, most = seconds
        share = (bench.instructions_per_audio_s * least, bench.instructions_per_audio_s * most)
        found.append(
            Estimate(
                board=board.id,
                title=board.title,
                core_hz=board.target.core_hz,
                cycles_per_instruction=core.cycles_per_instruction,
                source=core.source,
                window_ms=(
                    1000 * bench.instructions_per_window * least,
                    1000 * bench.instructions_per_window * most,
                ),
                share_of_core=share,
                keeps_up=keeps_up(*share),
            )
        )
    return tuple(found)
