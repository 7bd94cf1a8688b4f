"""The bytes of a tar archive, unpacked if it is compressed, with limits of time and memory."""

import bz2
import gzip
import io
import lzma
from typing import IO, Any

from train.core.files.zips import check_inflation

PACKED_TARS = (b"\x1f\x8b", b"\xfd7zXZ", b"BZh")  # gzip, xz, bzip2
_XZ_MEMORY_BYTES = 200_000_000  # xz -9 takes 65 MB to unpack, and a file may ask for 4 GB
_READ_BYTES = 1 << 16


class TarStream:
    """What is in an archive, counted."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._packed_bytes = file.seek(0, io.SEEK_END)
        file.seek(0)
        start = file.read(max(map(len, PACKED_TARS)))
        file.seek(0)
        self._stream = _opened(file, start)
        self._count_bytes = 0

    @property
    def position_bytes(self) -> int:
        """How far the archive itself was read."""
        return self._file.tell()

    def read(self, size: int) -> bytes:
        """The next bytes, ``size`` of them unless the archive ends.

        Raises:
            TooMuch: it goes on for longer than an archive of its size does.
        """
        self._count_bytes += size
        check_inflation(self._count_bytes, self._packed_bytes)
        data: bytes = self._stream.read(size)
        return data

    def read_to_end(self) -> None:
        """For the checksums of gzip and xz, which come last."""
        while self.read(_READ_BYTES):
            pass


def _opened(file: IO[bytes], start: bytes) -> Any:
    if start.startswith(PACKED_TARS[0]):
        return gzip.GzipFile(fileobj=file)
    if start.startswith(PACKED_TARS[1]):
        return io.BufferedReader(_Xz(file), _READ_BYTES)
    if start.startswith(PACKED_TARS[2]):
        return bz2.BZ2File(file)
    return file


class _Xz(io.RawIOBase):
    """As lzma.LZMAFile, which cannot limit the memory that a file asks for."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._unpacker = self._new()

    @staticmethod
    def _new() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            packed = b""
            if self._unpacker.eof:
                packed = self._unpacker.unused_data or self._file.read(_READ_BYTES)
                packed = packed.lstrip(b"\0")  # between one stream and the next
                if not packed:
                    return 0
                self._unpacker = self._new()
            elif self._unpacker.needs_input:
                packed = self._file.read(_READ_BYTES)
                if not packed:
                    raise EOFError("it ends before its end mark")
            data = self._unpacker.decompress(packed, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)
