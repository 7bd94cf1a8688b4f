"""Reading and writing of 16-bit mono PCM WAV, the only audio the device knows.

``train.audio.recording`` reads everything else.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.core.errors import UserError
from train.core.files.plain import read_plain

MOST_BYTES = 4 * 10**9  # of a recording, which is read whole: what the header of a WAV can tell
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_RIFF = (b"RIFF", b"RF64", b"BW64")
_UNKNOWN_BYTES = 0xFFFFFFFF  # in a 64-bit file: see its "ds64"
# Sizes from here on stand for "not known": streams and recorders write 0x7FFF0000, 0x7FFFF000, 0x80000000,
# 0xFFFFFFFF or somewhat less.
_STREAMED_BYTES = 0x7FF00000
_CHUNKS = (b"fmt ", b"data", b"fact", b"LIST", b"bext", b"cue ", b"smpl", b"PEAK", b"JUNK", b"iXML", b"id3 ")


class WavError(UserError):
    """A file that is not 16-bit mono PCM at the expected rate.

    Attributes:
        kind: short class of fault ("stereo", "truncated", ...), for counting.
        detail: what was found and what was expected.
    """

    def __init__(self, where: str, kind: str, detail: str) -> None:
        super().__init__(f"{where}: {detail}")
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True)
class Layout:
    """Where a RIFF WAVE file has what.

    Attributes:
        format: content of the format chunk, 16 bytes or more.
        start, end: of the samples, in bytes of the file.
        repair: what of the header was not true or not finished; "" for nothing.
    """

    format: bytes
    start: int
    end: int
    repair: str

    @property
    def tag(self) -> int:
        """The kind of samples: that of the sub-format where there is one."""
        (tag,) = struct.unpack_from("<H", self.format)
        if tag == _EXTENSIBLE and len(self.format) >= 26:
            (tag,) = struct.unpack_from("<H", self.format, 24)
        return int(tag)


def find_samples(data: bytes, where: str = "wav") -> Layout:
    """Look for format and samples in a WAV file, of whatever kind they are.

    What streams write in place of sizes, and recorders that were stopped before they knew them, is
    repaired: the samples go on to the end of the file.

    Args:
        data: the whole file.
        where: name used in messages.
    Raises:
        WavError: not a WAV, without samples, or cut: a size that can be true is larger than the file.
    Source:
        Microsoft/IBM RIFF WAVE; EBU Tech 3306 (RF64, BW64): 64-bit sizes in a chunk "ds64".
    """
    if not data:
        raise WavError(where, "empty file", "file is empty (0 bytes)")
    if len(data) < 12 or data[:4] not in _RIFF or data[8:12] != b"WAVE":
        raise WavError(
            where, "not a WAV", f"not a RIFF WAVE file (starts with {data[:4]!r}, {len(data)} bytes)"
        )
    content, long_bytes, repair, has_no_samples = b"", None, "", False
    if data[:4] != b"RIFF":
        repair = "64-bit header"
    position = 12
    while position + 8 <= len(data):
        chunk_id, chunk_bytes = struct.unpack_from("<4sI", data, position)
        position += 8
        left_bytes = len(data) - position
        if chunk_id == b"fmt ":
            content = data[position : position + chunk_bytes]
            if len(content) < 16:
                raise WavError(where, "truncated", f"format chunk has {len(content)} bytes, needs 16")
        elif chunk_id == b"ds64" and min(chunk_bytes, left_bytes) >= 16:
            _, long_bytes = struct.unpack_from("<QQ", data, position)
        elif chunk_id == b"data":
            if not content:
                raise WavError(where, "damaged header", "data chunk comes before the format chunk")
            if long_bytes is not None and chunk_bytes == _UNKNOWN_BYTES:
                chunk_bytes = long_bytes
            has_no_samples = chunk_bytes == 0
            is_unfinished = has_no_samples and left_bytes > 0 and not _are_chunks(data, position)
            if is_unfinished or (chunk_bytes >= _STREAMED_BYTES and chunk_bytes > left_bytes):
                return Layout(content, position, len(data), "streamed header")
            if chunk_bytes > left_bytes:
                raise WavError(
                    where,
                    "truncated",
                    f"header announces {chunk_bytes} bytes of samples, file holds {left_bytes}",
                )
            if chunk_bytes:
                return Layout(content, position, position + chunk_bytes, repair)
        position += chunk_bytes
        if chunk_bytes & 1:  # RIFF chunks are padded to even length, but for those of some recorders
            if data[position : position + 4] in _CHUNKS:
                repair = "chunk without its padding byte"
            else:
                position += 1
    if has_no_samples:
        raise WavError(where, "no samples", "header is fine but there are no samples")
    missing = "data" if content else "format"
    raise WavError(where, "truncated", f"ends after {len(data)} bytes without a {missing} chunk")


def _are_chunks(data: bytes, position: int) -> bool:
    """Whether nothing but whole chunks follows, which samples hardly look like."""
    while position + 8 <= len(data):
        chunk_id, chunk_bytes = struct.unpack_from("<4sI", data, position)
        if not chunk_id.strip().isalnum():
            return False
        position += 8 + chunk_bytes + (chunk_bytes & 1)
    return position in (len(data), len(data) + 1)  # the last one is often not padded


def decode_wav(data: bytes, sample_rate_hz: int, where: str = "wav") -> NDArray[np.int16]:
    """Samples of a WAV file held in memory.

    Args:
        data: the whole file.
        sample_rate_hz: the rate the caller needs; any other is refused, not resampled.
        where: name used in messages.
    Returns:
        (samples,) int16, at least one sample.
    Raises:
        WavError: anything else than a 16-bit mono PCM file at that rate, or one of ``find_samples``.
    """
    return samples_of(data, find_samples(data, where), sample_rate_hz, where)


def samples_of(data: bytes, layout: Layout, sample_rate_hz: int, where: str) -> NDArray[np.int16]:
    """As ``decode_wav``, once it is known where the samples are."""
    _check_format(layout, sample_rate_hz, where)
    size_bytes = layout.end - layout.start
    if size_bytes % 2 and not layout.repair:
        raise WavError(where, "truncated", f"{size_bytes} bytes of samples is half a sample too many")
    if size_bytes < 2:
        raise WavError(where, "no samples", "header is fine but there are no samples")
    return np.frombuffer(data, "<i2", size_bytes // 2, layout.start).astype(np.int16)


def _check_format(layout: Layout, sample_rate_hz: int, where: str) -> None:
    tag = layout.tag
    _, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", layout.format)
    if tag == _FLOAT:
        raise WavError(where, "float samples", f"{bits}-bit float samples, expected 16-bit PCM")
    if tag != _PCM:
        raise WavError(where, "compressed", f"format tag {tag:#06x}, expected 16-bit PCM (0x0001)")
    if bits != 16:
        raise WavError(where, f"{bits}-bit samples", f"{bits}-bit samples, expected 16-bit PCM")
    if channels != 1:
        kind = "stereo" if channels == 2 else f"{channels} channels"
        raise WavError(where, kind, f"{channels} channels, expected mono")
    if rate_hz != sample_rate_hz:
        raise WavError(where, f"{rate_hz} Hz", f"{rate_hz} Hz, expected {sample_rate_hz} Hz")


def read_wav(path: Path, sample_rate_hz: int) -> NDArray[np.int16]:
    """Samples of a WAV file: (samples,) int16.

    Raises:
        WavError: the file cannot be read, or is not 16-bit mono PCM at that rate.
    """
    try:
        data = read_plain(path, MOST_BYTES)
    except OSError as error:
        raise WavError(str(path), "unreadable", f"cannot be read: {error.strerror}") from error
    return decode_wav(data, sample_rate_hz, str(path))


def encode_wav(samples: NDArray[np.int16], sample_rate_hz: int) -> bytes:
    """A whole 16-bit mono PCM WAV file of (samples,) int16."""
    payload = np.asarray(samples, dtype="<i2").tobytes()
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + len(payload), b"WAVE",
        b"fmt ", 16, _PCM, 1, sample_rate_hz, 2 * sample_rate_hz, 2, 16,
        b"data", len(payload),
    )  # fmt: skip
    return header + payload


def to_float(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """int16 samples as float32 in [-1, 1), exactly ``samples / 32768``."""
    return samples.astype(np.float32) / np.float32(32768)


def to_int16(audio: NDArray[np.float32]) -> NDArray[np.int16]:
    """float audio in [-1, 1] as int16: rounded to nearest, ties away from zero, and clamped.

    Source:
        TensorFlow's EncodeWav, which calls roundf.
    """
    scaled = audio.astype(np.float64)
    scaled *= 32768  # in place: streams are long
    scaled += np.copysign(0.5, scaled)
    np.trunc(scaled, out=scaled)
    return np.clip(scaled, -32768, 32767, out=scaled).astype(np.int16)


def conversion_command(sample_rate_hz: int) -> str:
    """What a user can run to make a recording of any kind into a file that ``read_wav`` takes."""
    return f"ffmpeg -i IN -ac 1 -ar {sample_rate_hz} -c:a pcm_s16le OUT.wav"


def fit_length(samples: NDArray[np.int16], length: int) -> NDArray[np.int16]:
    """Samples zero-padded or cut at the end to ``length``, as TensorFlow's DecodeWav does."""
    if len(samples) >= length:
        return samples[:length]
    return np.pad(samples, (0, length - len(samples)))
