"""NumPy's files: what they hold is known, and limited, before memory is taken."""

import contextlib
import math
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from train.core.files.plain import first_line, in_mb, open_plain
from train.core.files.zips import DAMAGE, METHODS, check_inflation, open_zip

_END = ".npy"  # of a member's name
_MOST_MEMBERS = 10_000
_MOST_HEADER_BYTES = 10_000


class NoArrays(ValueError):
    """A file does not hold arrays as NumPy writes them, or too large ones; the message says what it holds."""


@dataclass(frozen=True)
class Header:
    """What a file says of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size_bytes(self) -> int:
        return self.elements * self.dtype.itemsize

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


class Arrays:
    """The arrays of an open .npz.

    Attributes:
        headers: of each, by name.
    """

    def __init__(self, package: zipfile.ZipFile, packed_bytes: int, most_bytes: int) -> None:
        self._package = package
        headers: dict[str, Header] = {}
        total_bytes = 0
        for info in package.infolist():
            name = info.filename.removesuffix(_END)
            if name in headers:
                raise NoArrays(f"holds {name!r} twice")
            if info.compress_type not in METHODS or info.flag_bits & 1:
                raise NoArrays(f"{name!r} is packed in a way that NumPy does not write")
            total_bytes += info.file_size
            _check_size(total_bytes, most_bytes)
            with package.open(info) as file:
                header = _header(file, name)
                if file.tell() + header.size_bytes != info.file_size:
                    raise NoArrays(f"{name!r} is {_described(header)}, but holds {info.file_size:,} bytes")
            headers[name] = header
        check_inflation(total_bytes, packed_bytes)
        self.headers: Mapping[str, Header] = headers

    def read(self, name: str) -> NDArray[Any]:
        """An array.

        Raises:
            NoArrays: it is not there, or damaged.
        """
        if name not in self.headers:
            raise NoArrays(f"holds no {name!r}")
        with _told(), self._package.open(f"{name}{_END}") as file:
            array: NDArray[Any] = npy.read_array(file, allow_pickle=False, max_header_size=_MOST_HEADER_BYTES)
            file.read(1)  # for its checksum
            _check_text(name, array)
            return array


@contextlib.contextmanager
def open_npz(path: Path, most_bytes: int) -> Iterator[Arrays]:
    """Open an .npz while the block lasts.

    Args:
        most_bytes: of all its arrays together.
    Raises:
        OSError: it cannot be read, or is no plain file.
        NoArrays: it holds something else, or more.
    """
    with open_plain(path) as file:
        with _told():
            package = open_zip(file, _MOST_MEMBERS)
            arrays = Arrays(package, os.fstat(file.fileno()).st_size, most_bytes)
        with package:
            yield arrays


def read_npy(path: Path, most_bytes: int) -> NDArray[Any]:
    """The array of an .npy. As ``open_npz``."""
    with open_plain(path) as file, _told():
        header = _header(file, path.name)
        _check_size(header.size_bytes, most_bytes)
        left_bytes = os.fstat(file.fileno()).st_size - file.tell()
        if left_bytes != header.size_bytes:
            raise NoArrays(f"is {_described(header)}, but holds {left_bytes:,} bytes of it")
        file.seek(0)
        array: NDArray[Any] = npy.read_array(file, allow_pickle=False, max_header_size=_MOST_HEADER_BYTES)
        return array


def _header(file: IO[bytes], name: str) -> Header:
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise NoArrays(f"{name!r} has version {version} of NumPy's format, expected 1.0 or 2.0")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    try:
        shape, _, dtype = read(file, max_header_size=_MOST_HEADER_BYTES)
    except Exception as error:  # its parser of Python literals has many ways to refuse one
        raise NoArrays(f"{name!r} has a header that cannot be read") from error
    header = Header(shape, dtype)
    if dtype.hasobject:
        raise NoArrays(f"{name!r} holds Python objects, which are not read")
    if min(shape, default=0) < 0 or (header.elements and not dtype.itemsize):
        raise NoArrays(f"{name!r} has a header that makes no sense")
    return header


def _check_size(size_bytes: int, most_bytes: int) -> None:
    if size_bytes > most_bytes:
        raise NoArrays(f"holds {in_mb(size_bytes)} of arrays or more, expected at most {in_mb(most_bytes)}")


def _check_text(name: str, array: NDArray[Any]) -> None:
    """Make sure that text can be text: Python fails over other numbers when it makes a str of them."""
    if array.dtype.kind == "U" and array.size:
        characters = np.ascontiguousarray(array).view(array.dtype.byteorder.replace("=", "") + "u4")
        if characters.max() > sys.maxunicode or ((characters >= 0xD800) & (characters < 0xE000)).any():
            raise NoArrays(f"{name!r} holds text with characters that there are not")


def _described(header: Header) -> str:
    return f"{header.dtype} of {'x'.join(map(str, header.shape)) or '1'}"


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """One kind of error for all that zipfile and NumPy make of damage."""
    try:
        yield
    except NoArrays:
        raise
    except (*DAMAGE, ValueError, RuntimeError, MemoryError) as error:
        raise NoArrays(f"damaged, or no file of NumPy's ({first_line(error)})") from error
