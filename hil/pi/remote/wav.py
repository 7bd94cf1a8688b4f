"""Strict reading of 16-bit mono PCM WAV: ``train/audio/wav.py`` for Python 2.7; a test compares the two."""

import io
import struct

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Array = np.ndarray[Any, Any]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_RIFF = (b"RIFF", b"RF64", b"BW64")
_UNKNOWN_BYTES = 0xFFFFFFFF
_STREAMED_BYTES = 0x7FF00000
_CHUNKS = (b"fmt ", b"data", b"fact", b"LIST", b"bext", b"cue ", b"smpl", b"PEAK", b"JUNK", b"iXML", b"id3 ")


class WavError(Exception):
    """A file that is not 16-bit mono PCM at the expected rate.

    Attributes:
        is_empty: there is no sound in it, rather than one that cannot be read.
    """

    def __init__(self, detail, is_empty=False):
        # type: (str, bool) -> None
        Exception.__init__(self, detail)
        self.is_empty = is_empty


def read_wav(path, sample_rate_hz):
    # type: (str | bytes, int) -> Array
    """Samples of a WAV file: (samples,) int16, at least one.

    Raises:
        WavError: the file cannot be read, or is not 16-bit mono PCM at that rate.
    """
    try:
        with io.open(path, "rb") as file:
            return decode_wav(file.read(), sample_rate_hz)
    except (IOError, OSError) as error:
        raise WavError("cannot be read: %s" % error.strerror)


def decode_wav(data, sample_rate_hz):
    # type: (bytes, int) -> Array
    """Samples of a WAV file held in memory: (samples,) int16, at least one.

    Raises:
        WavError: anything else than a 16-bit mono PCM file at that rate.
    Source:
        train/audio/wav.py.
    """
    content, start, end, is_repaired = _find_samples(data)
    _check_format(content, sample_rate_hz)
    size_bytes = end - start
    if size_bytes % 2 and not is_repaired:
        raise WavError("%d bytes of samples is half a sample too many" % size_bytes)
    if size_bytes < 2:
        raise WavError("header is fine but there are no samples", is_empty=True)
    return np.frombuffer(data, "<i2", size_bytes // 2, start).astype(np.int16)


def _find_samples(data):
    # type: (bytes) -> tuple[bytes, int, int, bool]
    """The format chunk, where the samples begin and end, and whether the header had to be repaired."""
    if not data:
        raise WavError("file is empty (0 bytes)", is_empty=True)
    if len(data) < 12 or data[:4] not in _RIFF or data[8:12] != b"WAVE":
        raise WavError("not a RIFF WAVE file (starts with %r, %d bytes)" % (data[:4], len(data)))
    content, long_bytes, is_repaired, has_no_samples = b"", None, data[:4] != b"RIFF", False
    position = 12
    while position + 8 <= len(data):
        chunk_id, chunk_bytes = struct.unpack_from("<4sI", data, position)
        position += 8
        left_bytes = len(data) - position
        if chunk_id == b"fmt ":
            content = data[position : position + chunk_bytes]
            if len(content) < 16:
                raise WavError("format chunk has %d bytes, needs 16" % len(content))
        elif chunk_id == b"ds64" and min(chunk_bytes, left_bytes) >= 16:
            _, long_bytes = struct.unpack_from("<QQ", data, position)
        elif chunk_id == b"data":
            if not content:
                raise WavError("data chunk comes before the format chunk")
            if long_bytes is not None and chunk_bytes == _UNKNOWN_BYTES:
                chunk_bytes = long_bytes
            has_no_samples = chunk_bytes == 0
            is_unfinished = has_no_samples and left_bytes > 0 and not _are_chunks(data, position)
            if is_unfinished or (chunk_bytes >= _STREAMED_BYTES and chunk_bytes > left_bytes):
                return content, position, len(data), True
            if chunk_bytes > left_bytes:
                raise WavError(
                    "header announces %d bytes of samples, file holds %d" % (chunk_bytes, left_bytes)
                )
            if chunk_bytes:
                return content, position, position + chunk_bytes, is_repaired
        position += chunk_bytes
        if chunk_bytes & 1:  # RIFF chunks are padded to even length, but for those of some recorders
            if data[position : position + 4] in _CHUNKS:
                is_repaired = True
            else:
                position += 1
    if has_no_samples:
        raise WavError("header is fine but there are no samples", is_empty=True)
    missing = "data" if content else "format"
    raise WavError("ends after %d bytes without a %s chunk" % (len(data), missing))


def _are_chunks(data, position):
    # type: (bytes, int) -> bool
    """Whether nothing but whole chunks follows, which samples hardly look like."""
    while position + 8 <= len(data):
        chunk_id, chunk_bytes = struct.unpack_from("<4sI", data, position)
        if not chunk_id.strip().isalnum():
            return False
        position += 8 + chunk_bytes + (chunk_bytes & 1)
    return position in (len(data), len(data) + 1)  # the last one is often not padded


def _check_format(content, sample_rate_hz):
    # type: (bytes, int) -> None
    tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", content)
    if tag == _EXTENSIBLE and len(content) >= 26:
        (tag,) = struct.unpack_from("<H", content, 24)
    if tag == _FLOAT:
        raise WavError("%d-bit float samples, expected 16-bit PCM" % bits)
    if tag != _PCM:
        raise WavError("format tag 0x%04x, expected 16-bit PCM (0x0001)" % tag)
    if bits != 16:
        raise WavError("%d-bit samples, expected 16-bit PCM" % bits)
    if channels != 1:
        raise WavError("%d channels, expected mono" % channels)
    if rate_hz != sample_rate_hz:
        raise WavError("%d Hz, expected %d Hz" % (rate_hz, sample_rate_hz))


def to_float(samples, length):
    # type: (Array, int) -> Array
    """(length,) float32 in [-1, 1): zero-padded or cut at the end, as TensorFlow's DecodeWav does."""
    audio = np.zeros(length, np.float32)
    kept = samples[:length]
    audio[: len(kept)] = kept.astype(np.float32) / np.float32(32768)
    return audio
