"""Folders in the cache that are there whole or not at all."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


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
