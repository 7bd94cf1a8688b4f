"""Members of a tar archive, header by header.

Python's ``tarfile`` takes every long name and every extended header into memory, whatever its size, and
reads some with regular expressions that take square time; so only its reader of single blocks serves here.

Source:
    POSIX.1-2017, pax: the formats ustar and pax; GNU tar's manual for types L and K.
"""

import tarfile
from collections.abc import Iterator
from pathlib import Path

from train.core.files.plain import open_plain
from train.data.archive.member import Content, Member, refusal
from train.data.archive.streams import TarStream

_BLOCK = tarfile.BLOCKSIZE
_MOST_HEADER_BYTES = 1 << 20  # of a long name, or of an extended header; attributes of files are in these
_LONGEST_NUMBER = 20  # digits of a record's length
_LONG_NAME, _LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
_EXTENDED = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_HEADERS = (_LONG_NAME, _LONG_LINK, *_EXTENDED, tarfile.XGLTYPE)
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_LINKS = (tarfile.SYMTYPE, tarfile.LNKTYPE)
_SPARSE = "GNU.sparse."
_PATH, _SIZE = "path", "size"
_UTF8 = ("utf-8", "surrogateescape")


def tar_members(archive: Path) -> Iterator[Member]:
    """The members in their order; each is to be read before the next is asked for.

    Raises:
        UserError: one is neither file nor folder, or has a header that is too long.
        TooMuch: there is more than an archive of this size holds.
        tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError: damaged, or cut.
    """
    with open_plain(archive) as file:
        stream = TarStream(file)
        general: dict[str, str] = {}
        own: dict[str, str] = {}  # of the next member
        while (block := stream.read(_BLOCK)) != bytes(_BLOCK):
            if len(block) < _BLOCK:
                raise EOFError("it ends without an end mark")
            info = tarfile.TarInfo.frombuf(block, *_UTF8)
            if info.type in _HEADERS:
                content = _header(archive, stream, info)
                if info.type == _LONG_NAME:
                    own[_PATH] = content.partition(b"\0")[0].decode(*_UTF8)
                elif info.type in _EXTENDED:
                    own |= _records(content)
                elif info.type == tarfile.XGLTYPE:
                    general |= _records(content)
                continue
            yield from _member(archive, stream, info, general | own)
            own = {}
        stream.read_to_end()


def _header(archive: Path, stream: TarStream, info: tarfile.TarInfo) -> bytes:
    if not 0 <= info.size <= _MOST_HEADER_BYTES:
        raise refusal(archive, info.name, f"has a name or attributes of {info.size:,} bytes")
    return _read(stream, info.size + -info.size % _BLOCK)[: info.size]


def _records(content: bytes) -> dict[str, str]:
    """What matters of an extended header, lines of ``<length> <key>=<value>``."""
    found, position = {}, 0
    while position < len(content) and content[position]:
        digits = content[position : position + _LONGEST_NUMBER].partition(b" ")[0]
        end = position + (int(digits) if digits.isdigit() else 0)
        start = position + len(digits) + 1
        if not start < end <= len(content) or content[end - 1 : end] != b"\n":
            raise tarfile.HeaderError("bad extended header")
        key, _, value = content[start : end - 1].partition(b"=")
        name = key.decode(*_UTF8)
        if name in (_PATH, _SIZE) or name.startswith(_SPARSE):
            found[name] = value.decode(*_UTF8)
        position = end
    return found


def _member(
    archive: Path, stream: TarStream, info: tarfile.TarInfo, extended: dict[str, str]
) -> Iterator[Member]:
    name, digits = extended.get(_PATH, info.name), extended.get(_SIZE, str(info.size))
    size_bytes = (
        int(digits) if digits.isascii() and digits.isdigit() and len(digits) < _LONGEST_NUMBER else -1
    )
    if size_bytes < 0:
        raise tarfile.HeaderError("bad size of a member")
    if info.type == tarfile.GNUTYPE_SPARSE or any(key.startswith(_SPARSE) for key in extended):
        raise refusal(archive, name, "it is stored without its zeros", "Pack it without tar's --sparse")
    if info.type == tarfile.DIRTYPE or (info.type == tarfile.AREGTYPE and name.endswith("/")):
        yield Member(name, 0, stream.position_bytes, None)
    elif info.type in _FILES:
        part = _Part(stream, size_bytes)
        yield Member(name, size_bytes, stream.position_bytes, part)
        part.skip()
    else:
        kind = "link" if info.type in _LINKS else "device or other special file"
        raise refusal(archive, name, f"it is a {kind}")


class _Part(Content):
    """The bytes of one member."""

    def __init__(self, stream: TarStream, size_bytes: int) -> None:
        self._stream, self._left_bytes, self._padding_bytes = stream, size_bytes, -size_bytes % _BLOCK

    def read(self, size: int = 1 << 16, /) -> bytes:
        data = self._stream.read(min(size, self._left_bytes))
        self._left_bytes -= len(data)
        return data

    def skip(self) -> None:
        """Go on to the next header."""
        while self._left_bytes:
            if not self.read():
                raise EOFError("it is cut within a member")
        _read(self._stream, self._padding_bytes)


def _read(stream: TarStream, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("it is cut")
    return data
