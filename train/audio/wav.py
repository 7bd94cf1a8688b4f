"""Strict reading and writing of 16-bit mono PCM WAV, the only audio the device knows."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.core.errors import UserError

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


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


def decode_wav(data: bytes, sample_rate_hz: int, where: str = "wav") -> NDArray[np.int16]:
    """Samples of a WAV file held in memory.

    Args:
        data: the whole file.
        sample_rate_hz: the rate the caller needs; any other is refused, not resampled.
        where: name used in messages.
    Returns:
        (samples,) int16, at least one sample.
    Raises:
        WavError: anything else than a whole 16-bit mono PCM file at that rate.
    Source:
        Microsoft/IBM RIFF WAVE; WAVE_FORMAT_EXTENSIBLE carries the real format tag
        in the first two bytes of its sub-format GUID.
    """
    if not data:
        raise WavError(where, "empty file", "file is empty (0 bytes)")
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WavError(
            where, "not a WAV", f"not a RIFF WAVE file (starts with {data[:4]!r}, {len(data)} bytes)"
        )
    format_seen = False
    position = 12
    while position + 8 <= len(data):
        chunk_id, chunk_bytes = struct.unpack_from("<4sI", data, position)
        position += 8
        if chunk_id == b"fmt ":
            _check_format(data[position : position + chunk_bytes], sample_rate_hz, where)
            format_seen = True
        elif chunk_id == b"data":
            if not format_seen:
                raise WavError(where, "damaged header", "data chunk comes before the format chunk")
            return _samples(data[position : position + chunk_bytes], chunk_bytes, where)
        position += chunk_bytes + (chunk_bytes & 1)  # RIFF chunks are padded to even length
    missing = "data" if format_seen else "format"
    raise WavError(where, "truncated", f"ends after {len(data)} bytes without a {missing} chunk")


def _check_format(chunk: bytes, sample_rate_hz: int, where: str) -> None:
    if len(chunk) < 16:
        raise WavError(where, "truncated", f"format chunk has {len(chunk)} bytes, needs 16")
    tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
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


def _samples(payload: bytes, announced_bytes: int, where: str) -> NDArray[np.int16]:
    if announced_bytes == 0:
        raise WavError(where, "no samples", "header is fine but there are no samples")
    if len(payload) < announced_bytes:
        raise WavError(
            where,
            "truncated",
            f"header announces {announced_bytes} bytes of samples, file holds {len(payload)}",
        )
    if announced_bytes % 2:
        raise WavError(where, "truncated", f"{announced_bytes} bytes of samples is half a sample too many")
    return np.frombuffer(payload, dtype="<i2").astype(np.int16)


def read_wav(path: Path, sample_rate_hz: int) -> NDArray[np.int16]:
    """Samples of a WAV file: (samples,) int16.

    Raises:
        WavError: the file cannot be read, or is not 16-bit mono PCM at that rate.
    """
    try:
        data = Path(path).read_bytes()
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
    scaled = audio.astype(np.float64) * 32768
    rounded: NDArray[np.float64] = np.trunc(scaled + np.copysign(0.5, scaled))
    return np.clip(rounded, -32768, 32767).astype(np.int16)


def conversion_command(sample_rate_hz: int) -> str:
    """What a user can run to make a recording of any kind into a file that ``read_wav`` takes."""
    return f"ffmpeg -i IN -ac 1 -ar {sample_rate_hz} -c:a pcm_s16le OUT.wav"


def fit_length(samples: NDArray[np.int16], length: int) -> NDArray[np.int16]:
    """Samples zero-padded or cut at the end to ``length``, as TensorFlow's DecodeWav does."""
    if len(samples) >= length:
        return samples[:length]
    return np.pad(samples, (0, length - len(samples)))
