"""One writer at a time in a run folder, kept apart by the operating system."""

import contextlib
import json
import os
import platform
import sys
import time
from pathlib import Path

from train.core.console import log
from train.core.errors import UserError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK = ".lock"  # file in the folder
_POLL_S = 0.2
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)  # a link may lead out of the folder


class RunLock:
    """The lock of a folder, from construction to ``release``. The file says who has it, for people."""

    def __init__(self, folder: Path, wait: bool) -> None:
        """Make the folder where it is missing, and lock it.

        Args:
            wait: until another process is done.
        Raises:
            UserError: another process has the lock.
            OSError: the folder cannot be written to.
        """
        self._path = folder / LOCK
        is_said = False
        while True:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self._path, _FLAGS, 0o644)
            except (FileNotFoundError, FileExistsError):
                if folder.exists() and not folder.is_dir():
                    raise
                continue  # another process removed the folder, in which it left nothing
            try:
                _lock(self._file)
            except BlockingIOError:
                holder = _holder(self._file)
                os.close(self._file)
                if wait:
                    if not is_said:
                        log(f"{folder}: waiting for {holder} which writes into it")
                    is_said = True
                    time.sleep(_POLL_S)
                    continue
                raise UserError(
                    f"{folder}: {holder} writes into it; wait until that is done, or choose another folder"
                ) from None
            if self._is_in_place():
                break
            os.close(self._file)  # who had it removed the file meanwhile
        who = {
            "process": os.getpid(),
            "host": platform.node(),
            "since": time.strftime("%Y-%m-%d %H:%M:%S"),
            "command": Path(sys.argv[0]).name,
        }
        with contextlib.suppress(OSError):  # a full disk; what is to be written next says so
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, json.dumps(who).encode(), 0)

    def release(self) -> None:
        """Let others write."""
        with contextlib.suppress(PermissionError):  # Windows keeps open files; what is left is no lock
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except FileNotFoundError:
            return False


def _lock(file: int) -> None:
    """Raise BlockingIOError where another process has it. Without locks, everybody gets through."""
    if sys.platform == "win32":
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        pass


def _holder(file: int) -> str:
    try:
        who = json.loads(os.pread(file, 4096, 0))
        host, command, since = (str(who[name])[:100] for name in ("host", "command", "since"))
        return f"process {who['process']:d} on {host} ({command}), since {since},"
    except (ValueError, KeyError, TypeError):
        return "another process"
