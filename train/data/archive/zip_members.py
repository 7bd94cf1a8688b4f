"""Members of a zip archive."""

import contextlib
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from train.core.files.plain import open_plain
from train.core.files.zips import open_zip
from train.data.archive.member import Content, Member, refusal

_UTF8 = 0x800  # a flag of a member
_LZMA_HEAD_BYTES = 9  # version, length of what follows, a byte of properties, the size of the dictionary
_MOST_LZMA_BYTES = 200_000_000
_SMALL_BYTES = 1 << 12


def zip_members(archive: Path, most: int) -> Iterator[Member]:
    """The members in the order of the directory.

    Raises:
        UserError: one is neither file nor folder, or cannot be read.
        TooMuch: there are more than ``most``.
        zipfile.BadZipFile and others of ``zips.DAMAGE``: damaged, or cut.
    """
    position_bytes = 0
    with open_plain(archive) as file, open_zip(file, most) as package:
        for info in package.infolist():
            position_bytes += info.compress_size
            name = _name(info)
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise refusal(archive, name, "it is a link, device or other special file")
            if info.flag_bits & 1:
                raise refusal(archive, name, "it is encrypted")
            if name.endswith("/"):
                yield Member(name, 0, position_bytes, None)
                continue
            try:
                if info.compress_type == zipfile.ZIP_LZMA and _lzma_bytes(file, info) > _MOST_LZMA_BYTES:
                    raise refusal(archive, name, "takes too much memory to unpack")
                content = package.open(info)
            except NotImplementedError as error:
                raise refusal(archive, name, f"cannot be read ({error})") from error
            except ValueError as error:  # a place before the file begins
                raise zipfile.BadZipFile(str(error)) from error
            with content:
                yield Member(name, info.file_size, position_bytes, _Slow(content, info.compress_type))


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name as it was meant.

    Programs for Windows write backslashes between folders. Names that do not say that they are UTF-8 are
    read as code page 437; those from macOS and Linux are UTF-8 all the same.
    """
    name = info.orig_filename
    if not info.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _lzma_bytes(file: IO[bytes], info: zipfile.ZipInfo) -> int:
    """The memory that a member asks for."""
    file.seek(info.header_offset + 26)
    file.seek(sum(struct.unpack("<HH", file.read(4))), 1)
    head = file.read(_LZMA_HEAD_BYTES)
    (size_bytes,) = struct.unpack("<I", head[5:])
    return int(size_bytes)


class _Slow(Content):
    """A member read in small parts where zipfile unpacks each part whole, whatever comes of it."""

    def __init__(self, content: IO[bytes], method: int) -> None:
        is_limited = method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        self._content, self._most_bytes = content, 1 << 20 if is_limited else _SMALL_BYTES

    def read(self, size: int = _SMALL_BYTES, /) -> bytes:
        return self._content.read(min(size, self._most_bytes))
