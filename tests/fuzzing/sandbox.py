"""A folder for each case, and an eye on what is written elsewhere."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset(
    ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod")
)
_DEVICES = ("/dev/", "/proc/self/")


class Sandbox:
    """Gives out folders below one; notes what is changed outside of them, and pickles that load classes."""

    def __init__(self, folder: Path) -> None:
        self._root = folder.resolve()
        self._faults: list[str] = []
        self.keep = False
        # Whatever wants a cache, a home or temporary files finds them in here.
        for name in ("home", "cache", "tmp"):
            (self._root / name).mkdir(exist_ok=True)
        os.environ |= {
            "HOME": str(self._root / "home"),
            "EARSHOT_CACHE": str(self._root / "cache"),
            "TMPDIR": str(self._root / "tmp"),
        }
        import tempfile

        tempfile.tempdir = None
        sys.dont_write_bytecode = True
        sys.addaudithook(self._hear)

    @contextlib.contextmanager
    def of(self, seed: int) -> Iterator[Path]:
        """The folder of a case, which is also the current one."""
        place = self._root / f"case-{seed}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        self._faults.clear()
        os.chdir(place)
        self.keep = False
        try:
            yield place
        finally:
            os.chdir(self._root)
            if not self.keep:
                shutil.rmtree(place, ignore_errors=True)

    def fault(self) -> str:
        """The first that was noted of this case."""
        return self._faults[0] if self._faults else ""

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, int) and flags is not None and flags & _WRITES:
                self._check(event, path)
        elif event in _CHANGES:
            for path in arguments[: 2 if event in ("os.rename", "os.link") else 1]:
                if isinstance(path, str | bytes | os.PathLike):
                    self._check(event, path)
        elif event == "pickle.find_class":
            self._faults.append(f"a pickle loads {arguments}")

    def _check(self, event: str, path: Any) -> None:
        where = os.path.realpath(os.fsdecode(path))
        if not where.startswith((f"{self._root}/", *_DEVICES)):
            self._faults.append(f"{event} of {where!r} outside")
