"""Opens plain files alone: no pipe or device, on which reading may wait for ever."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
MOST_BYTES = 10**9  # of a file that is read whole, where nothing says how large it may be
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_plain(path: Path) -> BufferedReader:
    """Open a file for reading.

    Raises:
        OSError: it is not there, cannot be read, or is no plain file; ``strerror`` says which.
    """
    _check_plain(os.stat(path).st_mode, path)  # noqa: PTH116  # a device may do something when it is opened
    file = os.fdopen(os.open(path, _FLAGS), "rb")
    try:
        _check_plain(os.fstat(file.fileno()).st_mode, path)
    except OSError:
        file.close()
        raise
    return file


def read_plain(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """The content of a file.

    Raises:
        OSError: as ``open_plain``; or it is longer than ``most_bytes``.
    """
    with open_plain(path) as file:
        size_bytes = os.fstat(file.fileno()).st_size
        if size_bytes > most_bytes:
            raise OSError(
                errno.EFBIG, f"has {in_mb(size_bytes)}, expected at most {in_mb(most_bytes)}", str(path)
            )
        return file.read()


def reason(error: Exception) -> str:
    """What is wrong with a file, for a message that names it."""
    return getattr(error, "strerror", None) or str(error)


def first_line(error: Exception) -> str:
    """What a library says of a file, as far as a message has room for it; its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def in_mb(size_bytes: int) -> str:
    """A size as messages have it: ``0.3 MB``, ``1,200 MB``."""
    mb = size_bytes / 1e6
    return f"{mb:,.0f} MB" if mb >= 10 else f"{mb:.1f} MB"


def _check_plain(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(number, f"is {kind}, expected a file", str(path))
