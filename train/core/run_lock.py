"""One writer at a time in a run folder, kept apart by the operating system.

Where the file system has no locks, as some on a network, the file itself is the lock: whoever makes it has
it, and it is stale when it names a process of this computer that is gone.
"""

import contextlib
import errno
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from train.core.console import log
from train.core.errors import UserError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK = ".lock"  # file in the folder
_POLL_S = 0.2
_PATIENCE_S = 0.3  # somebody may only look whether there is a lock, and that takes a moment
_TAKEN = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES)  # the last on network file systems
_LONGEST_BYTES = 4096
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)  # a link may lead out of the folder

_open: set[int] = set()  # the descriptors of locks that this process has


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
        patient_until = time.monotonic() + _PATIENCE_S
        while not self._take(folder):
            if wait or time.monotonic() < patient_until:
                if time.monotonic() >= patient_until and not is_said:
                    log(f"{folder}: waiting for {_name(self._found)} which writes into it")
                    is_said = True
                time.sleep(_POLL_S if is_said else _PATIENCE_S / 10)
                continue
            raise UserError(
                f"{folder}: {_name(self._found)} writes into it; wait until that is done, or choose another "
                f"folder{self._if_gone()}"
            )
        _open.add(self._file)
        with contextlib.suppress(OSError):  # a full disk: nobody is told who has it
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, json.dumps(_this_process()).encode(), 0)

    def release(self) -> None:
        """Let others write."""
        with contextlib.suppress(PermissionError):  # Windows keeps open files; what is left is no lock
            self._path.unlink(missing_ok=True)
        _open.discard(self._file)
        os.close(self._file)

    def _take(self, folder: Path) -> bool:
        """Whether the lock could be had; who has it is in ``_found``."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | _NO_LINKS, 0o644)
        except (FileNotFoundError, FileExistsError):
            if folder.exists() and not folder.is_dir():
                raise
            self._found: dict[str, Any] | None = None
            return False  # another process removed the folder, in which it left nothing
        self._found = _read(self._file)
        try:
            has_locks = lock(self._file)
        except BlockingIOError:
            os.close(self._file)
            return False
        if not has_locks:
            os.close(self._file)
            return self._take_by_name()
        if self._is_in_place():
            return True
        os.close(self._file)  # who had it removed the file meanwhile
        return False

    def _take_by_name(self) -> bool:
        """The same where the file system has no locks: only one process can give its file the name."""
        own = self._path.with_name(f"{LOCK}.{platform.node()}.{os.getpid()}")
        if self._found is None or _is_gone(self._found):
            with contextlib.suppress(FileNotFoundError):  # another process was quicker
                self._path.rename(own)
                if _read_path(own) != self._found:  # and has the lock already: give it back
                    with contextlib.suppress(OSError):
                        os.link(own, self._path)
        try:
            own.write_text(json.dumps(_this_process()), encoding="utf-8")
            os.link(own, self._path)
            self._file = os.open(self._path, os.O_RDWR)
        except FileExistsError:
            return False
        finally:
            own.unlink(missing_ok=True)
        return True

    def _if_gone(self) -> str:
        """What to do about the lock of a computer that cannot be asked."""
        if self._found is None or self._found.get("host") == platform.node():
            return ""
        return f"; if there is no such process any more, remove {self._path}"

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except FileNotFoundError:
            return False


def writer_of(folder: Path) -> str | None:
    """Who writes into a folder now, for messages; None where nobody does, or where it is this process."""
    try:
        file = os.open(folder / LOCK, os.O_RDWR | _NO_LINKS)
    except OSError:
        return None
    try:
        who = _read(file)
        if who is not None and (who.get("host"), who.get("process")) == (platform.node(), os.getpid()):
            return None
        if lock(file):
            return None
        return None if who is None or _is_gone(who) else _name(who)
    except BlockingIOError:
        return _name(who)
    finally:
        os.close(file)


def lock_file(file: int) -> bool:
    """Lock an open file until it is closed; False where another process has it."""
    try:
        lock(file)
    except BlockingIOError:
        return False
    return True


def lock(file: int) -> bool:
    """Lock an open file or folder until it is closed; False where the file system has no locks.

    Raises:
        BlockingIOError: another process has it.
    """
    if sys.platform == "win32":
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _TAKEN:
            raise BlockingIOError from error
        return False
    return True


def _forget() -> None:
    """Close in a forked child what it was not given to keep: a lock ends with the process that took it."""
    for file in _open:
        with contextlib.suppress(OSError):
            os.close(file)
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _this_process() -> dict[str, Any]:
    return {
        "process": os.getpid(),
        "started": _started(os.getpid()),
        "host": platform.node(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "command": Path(sys.argv[0]).name,
    }


def _started(process: int) -> str | None:
    """When a process began, in ticks since the start of the system: numbers of processes are used again."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return stat.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def _is_gone(who: dict[str, Any]) -> bool:
    """Whether the process was one of this computer, and is no more."""
    process = who.get("process")
    if sys.platform == "win32":  # which would end it
        return False
    if who.get("host") != platform.node() or type(process) is not int or process <= 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return who.get("started") is not None and _started(process) not in (None, who["started"])


def _read_path(path: Path) -> dict[str, Any] | None:
    file = os.open(path, os.O_RDONLY)
    try:
        return _read(file)
    finally:
        os.close(file)


def _read(file: int) -> dict[str, Any] | None:
    """What the file says; None where that is nothing of ours."""
    try:
        who = json.loads(os.pread(file, _LONGEST_BYTES, 0))
    except (ValueError, OSError, RecursionError):
        return None
    return who if isinstance(who, dict) else None


def _name(who: dict[str, Any] | None) -> str:
    try:
        host, command, since = (str((who or {})[name])[:100] for name in ("host", "command", "since"))
        return f"process {who['process']:d} on {host} ({command}), since {since},"  # type: ignore[index]
    except (ValueError, KeyError, TypeError):
        return "another process"
