"""Frames on a serial line, the host's half of docs/PROTOCOL.md; firmware/protocol/frame.c is the device's."""

import zlib
from dataclasses import dataclass

MAX_PAYLOAD_BYTES = 1024

_DELIMITER = b"\0"
_HEADER_BYTES, _CRC_BYTES = 2, 4
_MIN_BYTES = _HEADER_BYTES + _CRC_BYTES
_MAX_BYTES = _MIN_BYTES + MAX_PAYLOAD_BYTES
_MAX_BLOCK_BYTES = 254  # COBS: what one code byte stands for at most
# A block may be full and the next one empty: encoders differ there, and both are right.
_MAX_STUFFED_BYTES = _MAX_BYTES + _MAX_BYTES // _MAX_BLOCK_BYTES + 1
# The control characters that text does not contain. Types are among them, so that frames differ from text.
_TYPES = bytes(sorted(set(range(1, 0x20)) - set(b"\t\n\r\x1b")))


@dataclass(frozen=True)
class Frame:
    """What arrived whole. ``type`` is 1 to 31, but not 9, 10, 13 or 27; ``sequence`` 0 to 255."""

    type: int
    sequence: int
    payload: bytes = b""


@dataclass(frozen=True)
class Text:
    """A line between frames, without its end: a boot banner, a fault report, another program."""

    line: str


def encode(frame: Frame) -> bytes:
    """The bytes of a frame on the line, delimiters on both sides.

    Raises:
        ValueError: a type that no frame can have, or a field that is too large.
    """
    if frame.type not in _TYPES or not 0 <= frame.sequence <= 255:
        raise ValueError(f"no frame has type {frame.type} and sequence {frame.sequence}; see Frame")
    if len(frame.payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"payload of {len(frame.payload)} bytes, expected at most {MAX_PAYLOAD_BYTES}")
    content = bytes([frame.type, frame.sequence]) + frame.payload
    content += zlib.crc32(content).to_bytes(_CRC_BYTES, "little")
    return _DELIMITER + _stuff(content) + _DELIMITER


def _stuff(content: bytes) -> bytes:
    """COBS, the same without zeros: blocks of up to 254 bytes behind their length plus one. A zero follows
    each block that is not full, except the last."""
    *parts, last = content.split(b"\0")
    stuffed = b"".join(_blocks(part) + _block(part[_full_bytes(part) :]) for part in parts)
    rest = last[_full_bytes(last) :]
    return stuffed + _blocks(last) + (_block(rest) if rest or not last else b"")


def _full_bytes(part: bytes) -> int:
    return len(part) // _MAX_BLOCK_BYTES * _MAX_BLOCK_BYTES


def _blocks(part: bytes) -> bytes:
    """The full blocks of a part."""
    starts = range(0, _full_bytes(part), _MAX_BLOCK_BYTES)
    return b"".join(_block(part[start : start + _MAX_BLOCK_BYTES]) for start in starts)


def _block(content: bytes) -> bytes:
    return bytes([len(content) + 1]) + content


def _unstuff(stuffed: bytes) -> bytes | None:
    """Undo ``_stuff``; None where this cannot be its result."""
    content = bytearray()
    start = 0
    while start < len(stuffed):
        end = start + stuffed[start]
        if end > len(stuffed):
            return None
        content += stuffed[start + 1 : end]
        if end < len(stuffed) and stuffed[start] <= _MAX_BLOCK_BYTES:
            content.append(0)
        start = end
    return bytes(content)


class Decoder:
    """Turns bytes, in whatever pieces they come, into frames and lines of text.

    Attributes:
        accepted: frames handed over.
        dropped: stretches between delimiters that held something else than frames and text.
    """

    def __init__(self) -> None:
        self.accepted = self.dropped = 0
        self._stretch = b""  # since the last delimiter, without the text already handed over
        self._is_text = False  # some was handed over: no frame can follow before the next delimiter
        self._is_too_long = False

    def feed(self, data: bytes) -> list[Frame | Text]:
        """Take bytes; return the frames and lines that they complete, in order."""
        found: list[Frame | Text] = []
        *ended, rest = data.split(_DELIMITER)
        for part in ended:
            self._add(part, found)
            self._end(found)
        self._add(rest, found)
        return found

    def flush(self) -> bytes:
        """Forget the unfinished rest, and return it, to be shown in a message."""
        stretch = self._stretch
        self._reset()
        return stretch

    def _reset(self) -> None:
        self._stretch, self._is_text, self._is_too_long = b"", False, False

    def _add(self, part: bytes, found: list[Frame | Text]) -> None:
        if self._is_too_long:
            return
        self._stretch += part
        # A line must not wait for a delimiter: after a fault none comes. The second byte of a frame,
        # its type, is a control character, so no frame begins like a line.
        while 0 < (end := self._stretch.find(b"\n", 1)) <= _MAX_STUFFED_BYTES:
            line = _text(self._stretch[:end])
            if line is None:
                break
            found.append(Text(line))
            self._stretch, self._is_text = self._stretch[end + 1 :], True
        if len(self._stretch) > _MAX_STUFFED_BYTES:
            self._stretch, self._is_too_long = b"", True

    def _end(self, found: list[Frame | Text]) -> None:
        frame = None if self._is_text or self._is_too_long else _frame(self._stretch)
        if frame:
            self.accepted += 1
            found.append(frame)
        elif self._stretch or self._is_too_long:
            self.dropped += 1
        self._reset()


def _text(line: bytes) -> str | None:
    if len(line.translate(None, _TYPES)) < len(line):
        return None
    try:
        return line.decode("utf-8").strip("\r\n")
    except UnicodeDecodeError:
        return None


def _frame(stretch: bytes) -> Frame | None:
    content = _unstuff(stretch)
    if content is None or not _MIN_BYTES <= len(content) <= _MAX_BYTES or content[0] not in _TYPES:
        return None
    body, crc = content[:-_CRC_BYTES], content[-_CRC_BYTES:]
    if zlib.crc32(body).to_bytes(_CRC_BYTES, "little") != crc:
        return None
    return Frame(body[0], body[1], body[_HEADER_BYTES:])
