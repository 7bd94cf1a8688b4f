"""Zip archives: counted before Python's reader takes memory for each member."""

import struct
import zipfile
import zlib
from typing import IO

_END, _END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 1 << 16
_END64_MARK, _END64_MARK_BYTES, _END64_BYTES = b"PK\x06\x07", 20, 56
_ENTRY, _ENTRY_BYTES = b"PK\x01\x02", 46
_MOST_DIRECTORY_BYTES = 1 << 28

# An archive, or an array, may unpack to so much, and to so many times its own size beyond it. Recordings and
# features shrink to a half or a third; only what was made to harm, or is all zeros, to a hundredth.
_ALWAYS_BYTES, _MOST_TIMES = 100_000_000, 100

# How members may be packed. Python unpacks the others, bzip2 and LZMA, with no limit to what they become.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# What zipfile says of files that are damaged, or no zip.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, UnicodeError, struct.error, OverflowError, NotImplementedError,
    IndexError,
)  # fmt: skip


class TooMuch(ValueError):
    """An archive holds more than anything of its kind does; the message says what."""


def check_inflation(unpacked_bytes: int, packed_bytes: int) -> None:
    """Make sure that something does not unpack to far more than such files do.

    Raises:
        TooMuch: it does.
    """
    if unpacked_bytes > _ALWAYS_BYTES + _MOST_TIMES * packed_bytes:
        raise TooMuch(
            f"unpacks to {unpacked_bytes / 1e6:,.0f} MB or more from {packed_bytes / 1e6:.1f} MB; "
            f"expected at most {_MOST_TIMES} times its size"
        )


def open_zip(file: IO[bytes], most_members: int) -> zipfile.ZipFile:
    """Open an archive, once its directory was counted.

    Raises:
        TooMuch: it has more members.
        zipfile.BadZipFile: it is none.
    """
    count = _count(file, most_members)
    if count > most_members:
        raise TooMuch(f"has more than {most_members:,} members")
    file.seek(0)
    return zipfile.ZipFile(file)


def _count(file: IO[bytes], most: int) -> int:
    """Members by the directory itself, as far as ``most + 1``: its own count may be a lie."""
    size_bytes = file.seek(0, 2)
    start = max(0, size_bytes - _END_BYTES - _LONGEST_COMMENT)
    file.seek(start)
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or place + _END_BYTES > len(tail):
        raise zipfile.BadZipFile("File is not a zip file")
    end_bytes = start + place
    (directory_bytes,) = struct.unpack_from("<I", tail, place + 12)
    mark = place - _END64_MARK_BYTES
    if mark >= 0 and tail.startswith(_END64_MARK, mark):
        end_bytes = start + mark - _END64_BYTES
        file.seek(max(0, end_bytes))
        end = file.read(_END64_BYTES)
        if len(end) == _END64_BYTES:
            (directory_bytes,) = struct.unpack_from("<Q", end, 40)
    if directory_bytes > min(_MOST_DIRECTORY_BYTES, size_bytes):
        raise TooMuch(f"announces {directory_bytes / 1e6:,.0f} MB of names")
    file.seek(max(0, end_bytes - directory_bytes))
    left_bytes, count = directory_bytes, 0
    while count <= most and left_bytes >= _ENTRY_BYTES:
        entry = file.read(_ENTRY_BYTES)
        if not entry.startswith(_ENTRY) or len(entry) < _ENTRY_BYTES:
            break  # zipfile says so
        rest_bytes = sum(struct.unpack_from("<HHH", entry, 28))
        file.seek(rest_bytes, 1)
        left_bytes -= _ENTRY_BYTES + rest_bytes
        count += 1
    return count
