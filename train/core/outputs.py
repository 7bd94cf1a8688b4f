"""Folders of clips that are there whole or not at all."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from train.core.errors import UserError


@contextlib.contextmanager
def whole_folder(destination: Path) -> Iterator[Path]:
    """An empty folder beside ``destination`` that takes its name when the block ends without error.

    What is interrupted leaves nothing that looks finished. When another run has put
    the same folder there meanwhile, that one stays: both come from the same settings.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=destination.parent, prefix=f".{destination.name}."))
    try:
        yield temporary
        temporary.chmod(0o755)  # mkdtemp makes private folders; these are meant to be shared
        try:
            temporary.rename(destination)
        except OSError:
            if not destination.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_outside(out: Path, corpus: Path) -> None:
    """Make sure that a new corpus does not grow within the one it is made of.

    Raises:
        UserError: it would.
    """
    if out.resolve().is_relative_to(corpus.resolve()):
        raise UserError(f"--out {out}: is in {corpus}, where its clips come from; choose a folder outside")


def check_replaceable(out: Path, record: str, what: str, overwrite: bool) -> None:
    """Make sure that a folder may be written there.

    Args:
        record: the file by which an earlier one is known.
        what: the command calls it so.
    Raises:
        UserError: something else is there, or an earlier one without ``overwrite``.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / record).is_file():
        raise UserError(f"--out {out}: exists and is no earlier {what}; choose another folder")
    if not overwrite:
        raise UserError(
            f"--out {out}: holds a {what}; add --overwrite to replace it, or choose another folder"
        )
