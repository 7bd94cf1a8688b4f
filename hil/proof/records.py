"""RUN/hil/<board>/clips.jsonl: what a board made of each clip, a line at a time, so that nothing is lost.

The settings say what was tested. A row is about a clip, or about what the line cost in one sitting.
"""

from pathlib import Path
from typing import Any, ClassVar

from train.core.errors import UserError
from train.core.resumable import ResumableRows


class Records(ResumableRows):
    """The rows of one board; ``append`` opens them."""

    work = "a board's test"
    again = elsewhere = "start again without --resume"
    meanings: ClassVar[dict[str, str]] = {
        "model_sha256": "model",
        "front_end_sha256": "front end",
        "corpus_sha256": "corpus",
        "clips_asked": "number of clips",
        "build_id": "build",
        "label": "way of running",
    }

    def __init__(self, path: Path, resume: bool) -> None:
        """Begin anew, or read what there is.

        Raises:
            UserError: there is nothing to go on with, or it is damaged.
        """
        if not resume:
            path.unlink(missing_ok=True)
        elif not path.is_file():
            raise UserError(f"{path}: there is no such file, so nothing to go on with; leave out --resume")
        super().__init__(path)
        if resume and self.settings is None:
            raise UserError(f"{path}: is empty, so nothing to go on with; leave out --resume")
        self.clips: dict[int, dict[str, Any]] = {}
        self.sittings: list[dict[str, Any]] = []
        for row in self.rows():
            self._take(row)

    def _take(self, row: Any) -> None:
        match row:
            case {"clip": int(clip), "scores": list()} | {"clip": int(clip), "failed": str()}:
                self.clips[clip] = row
            case {"sitting": dict(sitting)}:
                self.sittings.append(sitting)
            case _:
                raise self.damaged()

    def is_scored(self, clip: int) -> bool:
        """Whether there are scores of a clip; one that failed is tried again."""
        return clip in self.clips and "failed" not in self.clips[clip]

    def add_clip(self, clip: int, **fields: Any) -> None:
        """Keep what a clip gave: its scores, or why it failed."""
        self._add({"clip": clip, **fields})

    def add_sitting(self, **fields: Any) -> None:
        """Keep what the line cost since the start."""
        self._add({"sitting": fields})

    def _add(self, row: dict[str, Any]) -> None:
        self.add(row)
        self._take(row)
