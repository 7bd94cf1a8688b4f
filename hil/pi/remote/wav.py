"""Strict reading of 16-bit mono PCM WAV: ``train/audio/wav.py`` for Python 2.7; a test compares the two."""

import io
import struct

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Array = np.ndarray[Any, Any]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


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
        WavError: anything else than a whole 16-bit mono PCM file at that rate.
    Source:
        train/audio/wav.py.
    """
    if not data:
        raise WavError("file is empty (0 bytes)", is_empty=True)
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WavError("not a RIFF WAVE file (starts with %r, %d bytes)" % (data[:4], len(data)))
    is_format_seen = False
    position = 12
    while position + 8 <= len(data):
        chunk_id, chunk_bytes = struct.unpack_from("<4sI", data, position)
        position += 8
        if chunk_id == b"fmt ":
            _check_format(data[position : position + chunk_bytes], sample_rate_hz)
            is_format_seen = True
        elif chunk_id == b"data":
            if not is_format_seen:
                raise WavError("data chunk comes before the format chunk")
            return _samples(data[position : position + chunk_bytes], chunk_bytes)
        position += chunk_bytes + (chunk_bytes & 1)  # RIFF chunks are padded to even length
    missing = "data" if is_format_seen else "format"
    raise WavError("ends after %d bytes without a %s chunk" % (len(data), missing))


def _check_format(chunk, sample_rate_hz):
    # type: (bytes, int) -> None
    if len(chunk) < 16:
        raise WavError("format chunk has %d bytes, needs 16" % len(chunk))
    tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
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


def _samples(payload, announced_bytes):
    # type: (bytes, int) -> Array
    if announced_bytes == 0:
        raise WavError("header is fine but there are no samples", is_empty=True)
    if len(payload) < announced_bytes:
        raise WavError(
            "header announces %d bytes of samples, file holds %d" % (announced_bytes, len(payload))
        )
    if announced_bytes % 2:
        raise WavError("%d bytes of samples is half a sample too many" % announced_bytes)
    return np.frombuffer(payload, dtype="<i2").astype(np.int16)


def to_float(samples, length):
    # type: (Array, int) -> Array
    """(length,) float32 in [-1, 1): zero-padded or cut at the end, as TensorFlow's DecodeWav does."""
    audio = np.zeros(length, np.float32)
    kept = samples[:length]
    audio[: len(kept)] = kept.astype(np.float32) / np.float32(32768)
    return audio
