"""Firmware as it lies in flash, for tools and bootloaders that read no ELF files."""

import struct
from dataclasses import dataclass
from pathlib import Path

from train.core.errors import UserError
from train.core.files.plain import read_plain

_ELF32_LITTLE = b"\x7fELF\x01\x01"
_LOAD = 1  # type of a segment that is put into memory
_ERASED = 0xFF  # what flash holds where nothing was written
_LARGEST_BYTES = 1 << 26

_UF2_START, _UF2_SECOND, _UF2_END = 0x0A324655, 0x9E5D5157, 0x0AB16F30
_UF2_HAS_FAMILY = 0x2000
_UF2_PAYLOAD_BYTES, _UF2_DATA_BYTES = 256, 476


@dataclass(frozen=True)
class Image:
    """Bytes from an address on."""

    address: int
    data: bytes


def read_image(path: Path) -> Image:
    """What an ELF file puts into flash, gaps filled as if erased.

    Raises:
        UserError: no 32-bit little-endian ELF file, or nothing in it to flash.
    """
    content = read_plain(path)
    try:
        parts = _parts(content)
    except struct.error as error:
        raise UserError(f"{path}: the file is cut off; build it again") from error
    if not content.startswith(_ELF32_LITTLE) or not parts:
        raise UserError(f"{path}: expected a 32-bit ELF file with a program in it; build it again")
    start = min(address for address, _ in parts)
    size_bytes = max(address + len(data) for address, data in parts) - start
    if size_bytes > _LARGEST_BYTES:
        raise UserError(
            f"{path}: spans {size_bytes:,} bytes, expected one flash; is something initialised in RAM?"
        )
    image = bytearray([_ERASED]) * size_bytes
    for address, data in parts:
        image[address - start : address - start + len(data)] = data
    return Image(start, bytes(image))


def _parts(content: bytes) -> list[tuple[int, bytes]]:
    """Address and bytes of each segment with content; fields as in the ELF specification."""
    (table_at,) = struct.unpack_from("<I", content, 28)
    entry_bytes, count = struct.unpack_from("<HH", content, 42)
    parts = []
    for index in range(count):
        kind, offset, _, address, size_bytes = struct.unpack_from(
            "<5I", content, table_at + index * entry_bytes
        )
        if kind == _LOAD and size_bytes:
            data = content[offset : offset + size_bytes]
            if len(data) != size_bytes:
                raise struct.error
            parts.append((address, data))
    return parts


def to_uf2(image: Image, family: int) -> bytes:
    """The image as UF2: blocks of 512 bytes, each complete in itself, each with 256 bytes of the image.

    Args:
        family: number of the microcontroller's family, which bootloaders check.
    Source:
        the UF2 specification, github.com/microsoft/uf2.
    """
    start = image.address // _UF2_PAYLOAD_BYTES * _UF2_PAYLOAD_BYTES
    data = bytes([_ERASED]) * (image.address - start) + image.data
    data += bytes([_ERASED]) * (-len(data) % _UF2_PAYLOAD_BYTES)
    count = len(data) // _UF2_PAYLOAD_BYTES
    blocks = []
    for index in range(count):
        offset = index * _UF2_PAYLOAD_BYTES
        head = (
            _UF2_START,
            _UF2_SECOND,
            _UF2_HAS_FAMILY,
            start + offset,
            _UF2_PAYLOAD_BYTES,
            index,
            count,
            family,
        )
        payload = data[offset : offset + _UF2_PAYLOAD_BYTES].ljust(_UF2_DATA_BYTES, b"\0")
        blocks.append(struct.pack("<8I", *head) + payload + struct.pack("<I", _UF2_END))
    return b"".join(blocks)
