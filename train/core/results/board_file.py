"""What all files about one model on one board share."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from train.core import runfolder
from train.core.results.result_file import ResultFile


@dataclass(frozen=True, kw_only=True)
class BoardFile(ResultFile):
    """A file about one model on one board.

    Attributes:
        NAME: of the file.
        COMMAND: that makes it, without run folder and board.
        model_sha256: of model.tflite.
    """

    NAME: ClassVar[str]
    COMMAND: ClassVar[str]
    model_sha256: str

    @classmethod
    def path_of(cls, run: Path, board: str) -> Path:
        """Where the file of a board is."""
        return run / runfolder.HIL / board / cls.NAME

    @classmethod
    def made_by(cls, path: Path) -> str:
        return f"earshot {cls.COMMAND} --board {path.parent.name} {path.parents[2]}"
