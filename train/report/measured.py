"""What was measured of a run, after checking that it is about the models that are there."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from train.core import runfolder
from train.core.results.board_file import BoardFile
from train.core.results.boards import (
    BenchResult,
    BoardFigures,
    FirmwareSize,
    ProofResult,
    StreamResult,
)
from train.core.results.layers import LayersResult

_Part = TypeVar("_Part", bound=BoardFile)


def read_boards(run: Path, model_sha256: str) -> tuple[Sequence[BoardFigures], Sequence[str]]:
    """The figures of all boards, by their names, and of what is about another model, why it is left out.

    Raises:
        UserError: a file is not as expected.
    """
    left_out = []

    def part(kind: type[_Part], board: str) -> _Part | None:
        """A file of a board; None where there is none, or none about this model."""
        path = kind.path_of(run, board)
        found = kind.read(path) if path.is_file() else None
        if found is None or found.model_sha256 == model_sha256:
            return found
        left_out.append(
            f"{path}: is about another model (SHA-256 {found.model_sha256[:12]}…, expected "
            f"{model_sha256[:12]}…) and is left out; make it again with: {kind.made_by(path)}"
        )
        return None

    boards = []
    for board in sorted(path.name for path in (run / runfolder.HIL).glob("*") if path.is_dir()):
        figures = BoardFigures(
            board=board,
            test=part(ProofResult, board),
            stream=part(StreamResult, board),
            size=part(FirmwareSize, board),
            bench=part(BenchResult, board),
            layers=part(LayersResult, board),
        )
        if figures != BoardFigures(board=board):
            boards.append(figures)
    return boards, left_out
