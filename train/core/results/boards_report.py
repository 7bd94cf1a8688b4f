"""report.json: what is known of boards on one model, and what is likely of others."""

from dataclasses import dataclass
from pathlib import Path

from train.core import runfolder
from train.core.errors import typed
from train.core.results.boards import BoardFigures
from train.core.results.result_file import ResultFile


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Instructions that an emulator counted, times what is published of the core. Each pair: least and most.

    Attributes:
        title: of the board.
        core_hz: its clock.
        cycles_per_instruction: that ``source`` says.
        window_ms: milliseconds of a window: an inference of what is new, and smoothing.
        share_of_core: that listening takes, 0 to 1 where the board keeps up.
        keeps_up: "yes", "no" or "perhaps", where the most is too much and the least is not.
    """

    board: str
    title: str
    core_hz: int
    cycles_per_instruction: tuple[float, float]
    source: str
    window_ms: tuple[float, float]
    share_of_core: tuple[float, float]
    keeps_up: str


@dataclass(frozen=True, kw_only=True)
class BoardsReport(ResultFile):
    """report.json: the figures of all boards on one model, and estimates of others."""

    model_sha256: str
    boards: tuple[BoardFigures, ...]
    estimates: tuple[Estimate, ...] = ()

    @classmethod
    def made_by(cls, path: Path) -> str:
        return f"earshot report {typed(path.parents[1])}"

    @staticmethod
    def path_of(run: Path) -> Path:
        """Where the file of a run is."""
        return run / runfolder.HIL / "report.json"
