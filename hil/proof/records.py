"""RUN/hil/<board>/clips.jsonl: what a board made of each clip, a line at a time, so that nothing is lost.

The first line says what was tested; the others are of one clip each, or of the line in one sitting.
"""

import json
from pathlib import Path
from typing import IO, Any

from train.core import runfolder
from train.core.errors import UserError

_CLIP, _SITTING = "clip", "sitting"


class Records:
    """Use it as a context manager."""

    def __init__(self, path: Path, subject: dict[str, Any], resume: bool) -> None:
        """Begin, or go on.

        Args:
            subject: what is tested; to go on, it must be the same.
        Raises:
            UserError: there is nothing to go on with, or it is of something else.
        """
        lines: list[dict[str, Any]] = [subject]
        if resume:
            lines = _read(path)
            changed = [name for name in subject if lines[0].get(name) != subject[name]]
            if changed:
                name = changed[0]
                raise UserError(
                    f"{path}: cannot be gone on with: {name} was {lines[0].get(name)}, and is "
                    f"{subject[name]} now; start again without --resume"
                )
        self.clips = {line[_CLIP]: line for line in lines[1:] if _CLIP in line}
        self.sittings = [line[_SITTING] for line in lines[1:] if _SITTING in line]
        runfolder.write_text(path, "".join(_line(line) for line in lines))
        self._path = path
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def __enter__(self) -> "Records":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def is_scored(self, clip: int) -> bool:
        """Whether there are scores of a clip; one that failed is tried again."""
        return clip in self.clips and "failed" not in self.clips[clip]

    def add_clip(self, clip: int, **fields: Any) -> None:
        """Keep what a clip gave."""
        self.clips[clip] = {_CLIP: clip, **fields}
        self._write(self.clips[clip])

    def add_sitting(self, **fields: Any) -> None:
        """Keep what the line cost since the start."""
        self.sittings.append(fields)
        self._write({_SITTING: fields})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(_line(line))
        self._file.flush()


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False) + "\n"


def _read(path: Path) -> list[dict[str, Any]]:
    """The lines of a file; one that was cut short by a crash is left out."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file, so nothing to go on with; leave out --resume")
    lines: list[dict[str, Any]] = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            break
    if not lines:
        raise UserError(f"{path}: is empty or damaged; start again without --resume")
    return lines
