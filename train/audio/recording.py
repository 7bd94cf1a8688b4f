"""Reads what people record: any format, rate and number of channels, as 16-bit mono at one rate.

A 16-bit mono WAV at the right rate is taken as it is, to the bit. Everything else that libsndfile reads is
converted once and kept in the cache, by its content.
"""

import functools
import hashlib
import io
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.audio.wav import (
    MOST_BYTES,
    Layout,
    WavError,
    conversion_command,
    decode_wav,
    encode_wav,
    find_samples,
    samples_of,
    to_int16,
)
from train.core.files.plain import read_plain
from train.core.installation import cache_root
from train.core.runfolder import write_bytes

CONVERSION = "converted 1"  # in the hash of a corpus; raise it when a file would give other samples
NO_SOUND = "no known sound"  # the kind of fault of what may be any file
_FOLDER = "converted"  # in the cache
QUALITY = "HQ"  # of soxr: 20 bits, more than is kept
_LOWEST_HZ, _HIGHEST_HZ = 1000, 768_000
_MOST_SAMPLES = 1 << 28  # held in memory at a time: 1.5 hours at 48 kHz
_BLOCK_VALUES = 1 << 20
_INTEGER_SCALE = 4.0  # floats whose peak is higher were written as integers: 32767 for the loudest

_SAMPLE_FORMATS = {
    "PCM_S8": "8-bit",
    "PCM_U8": "8-bit",
    "PCM_24": "24-bit",
    "PCM_32": "32-bit",
    "FLOAT": "float",
    "DOUBLE": "64-bit float",
    "ULAW": "mu-law",
    "ALAW": "A-law",
    "OPUS": "Opus",
    **dict.fromkeys(("PCM_16", "VORBIS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"), ""),
}
_FORMATS = {"WAV": "", "WAVEX": "", "RF64": "", "OGG": "Ogg", "NIST": "NIST Sphere"}
# What begins like this is sound, but not for libsndfile.
_FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftyp", "M4A"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf9", "AAC"),
    (0, b"\x1a\x45\xdf\xa3", "WebM"),
    (0, b"#!AMR", "AMR"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"FLV\x01", "Flash video"),
)


@dataclass(frozen=True)
class Recording:
    """A recording as the front end takes it.

    Attributes:
        samples: (samples,) int16, at least one.
        wav: a file that ``read_wav`` reads the same samples from; the recording itself if it can be.
        sha256: of the recording's file.
        converted: what it was, such as "FLAC stereo 44100 Hz"; "" for a 16-bit mono WAV at the rate.
        repaired: what was wrong with its header; "" for nothing.
    """

    samples: NDArray[np.int16]
    wav: Path
    sha256: str
    converted: str = ""
    repaired: str = ""


def read_recording(path: Path, sample_rate_hz: int) -> Recording:
    """A file's sound, converted if need be; what the file is called does not matter.

    Raises:
        WavError: it cannot be read, is cut, holds no sound, or is of a format that needs ffmpeg.
    """
    where = str(path)
    try:
        data = read_plain(path, MOST_BYTES)
    except OSError as error:
        raise WavError(where, "unreadable", f"cannot be read: {error.strerror}") from error
    sha256 = hashlib.sha256(data).hexdigest()
    inner = _without_tag(data)
    layout, repair = None, "ID3 tag in front" if len(inner) < len(data) else ""
    if inner[:4] in (b"RIFF", b"RF64", b"BW64") or not inner:
        layout = find_samples(inner, where)
        repair = layout.repair or repair
        if _is_as_wanted(layout, sample_rate_hz):
            samples = samples_of(inner, layout, sample_rate_hz, where)
            kept = path if inner is data else _keep(samples, sha256, sample_rate_hz)
            return Recording(samples, kept, sha256, "", repair)
    samples, kind = _converted(inner, layout, sha256, sample_rate_hz, where)
    return Recording(samples, _place(sha256, sample_rate_hz), sha256, kind, repair)


def counted(kinds: Iterable[str]) -> dict[str, int]:
    """How often each kind of conversion or repair was, most frequent first; "" is none."""
    return dict(Counter(kind for kind in kinds if kind).most_common())


def in_words(counts: Mapping[str, int]) -> str:
    """``{"FLAC": 20, "8-bit": 1}`` as "20 FLAC, 1 8-bit"."""
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


def sounds_like(start: bytes) -> bool:
    """Whether a file that begins so holds sound, whatever it is called.

    Args:
        start: its first 16 bytes, or more.
    """
    known = (b"RIFF", b"RF64", b"BW64", b"RIFX", b"FORM", b".snd", b"caff", b"fLaC", b"OggS", b"ID3", b"riff")
    return start.startswith(known) or start[:2] in (b"\xff\xfb", b"\xff\xf3") or _foreign(start) != ""


def _is_as_wanted(layout: Layout, sample_rate_hz: int) -> bool:
    _, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", layout.format)
    return (layout.tag, channels, rate_hz, bits) == (1, 1, sample_rate_hz, 16)


def _without_tag(data: bytes) -> bytes:
    """The file without the ID3 tag that some programs put in front of a WAV."""
    if data[:3] != b"ID3" or len(data) < 10:
        return data
    size = functools.reduce(lambda high, low: high << 7 | low & 0x7F, data[6:10], 0)
    behind = data[10 + size :]
    return behind if behind[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX") else data


def _place(sha256: str, sample_rate_hz: int) -> Path:
    return cache_root() / _FOLDER / sha256[:2] / f"{sha256}-{sample_rate_hz}-{CONVERSION.split()[-1]}.wav"


def _keep(samples: NDArray[np.int16], sha256: str, sample_rate_hz: int) -> Path:
    path = _place(sha256, sample_rate_hz)
    if not path.is_file():
        write_bytes(path, encode_wav(samples, sample_rate_hz))
    return path


def _converted(
    data: bytes, layout: Layout | None, sha256: str, sample_rate_hz: int, where: str
) -> tuple[NDArray[np.int16], str]:
    """Samples at the rate, and what they were; converted unless that was done before."""
    if layout is not None and layout.repair:
        data = _mended(data, layout)
    elif layout is None:
        _refuse_cut(data, where)
    with _opened(data, sample_rate_hz, where) as sound:
        kind = _kind(sound, sample_rate_hz)
        path = _place(sha256, sample_rate_hz)
        if path.is_file():
            try:
                return decode_wav(path.read_bytes(), sample_rate_hz, str(path)), kind
            except (WavError, OSError):
                path.unlink(missing_ok=True)  # damaged, by whatever: it is made again
        samples = _resampled(_mono(sound, where), int(sound.samplerate), sample_rate_hz)
    if not len(samples):
        raise WavError(where, "no samples", "header is fine but there are no samples")
    _keep(samples, sha256, sample_rate_hz)
    return samples, kind


def _opened(data: bytes, sample_rate_hz: int, where: str) -> Any:
    """The file as libsndfile sees it.

    Raises:
        WavError: it cannot read it.
    """
    if foreign := _foreign(data):
        command = conversion_command(sample_rate_hz)
        raise WavError(where, foreign, f"{foreign} is not read here; ffmpeg makes a WAV of it: {command}")
    try:
        import soundfile  # type: ignore[import-untyped]
    except (ImportError, OSError) as error:  # OSError: libsndfile itself is missing
        raise WavError(
            where,
            "not 16-bit mono WAV at the rate",
            f"is no 16-bit mono WAV at the rate, and the package that converts it is missing ({error}); "
            "install it with: pip install 'earshot-kws[train]'",
        ) from error
    try:
        sound = soundfile.SoundFile(io.BytesIO(data))
    except (RuntimeError, ValueError, TypeError, OSError) as error:
        text = str(error).rpartition(": ")[2].rstrip(".") or type(error).__name__
        begins = f"starts with {data[:4]!r}, {len(data)} bytes"
        raise WavError(where, NO_SOUND, f"no sound that can be read ({begins}): {text}") from error
    if not _LOWEST_HZ <= sound.samplerate <= _HIGHEST_HZ:
        rate_hz = sound.samplerate
        raise WavError(where, "strange rate", f"{rate_hz} Hz, expected {_LOWEST_HZ} to {_HIGHEST_HZ} Hz")
    return sound


def _kind(sound: Any, sample_rate_hz: int) -> str:
    """What a recording is, as far as it is not what is wanted."""
    samples = _SAMPLE_FORMATS.get(sound.subtype, sound.subtype.replace("_", " "))
    channels = {1: "", 2: "stereo"}.get(sound.channels, f"{sound.channels} channels")
    rate = "" if sound.samplerate == sample_rate_hz else f"{sound.samplerate} Hz"
    parts = (_FORMATS.get(sound.format, sound.format), samples, channels, rate)
    return " ".join(part for part in parts if part) or "WAV of another byte order"


def _mono(sound: Any, where: str) -> NDArray[np.float32]:
    """The mean of the channels, (samples,) float32.

    Raises:
        WavError: damaged, cut, too long for the memory, or not numbers.
    """
    blocks: list[NDArray[np.float32]] = []
    announced, found = int(sound.frames), 0
    frames = max(1, _BLOCK_VALUES // int(sound.channels))
    try:
        while len(block := sound.read(frames, dtype="float32", always_2d=True)):
            blocks.append(block.mean(axis=1, dtype=np.float32) if block.shape[1] > 1 else block[:, 0])
            found += len(block)
            if found > _MOST_SAMPLES:
                raise WavError(where, "too long", f"has over {_MOST_SAMPLES:,} samples; cut it into parts")
    except (RuntimeError, ValueError, OSError) as error:
        text = str(error).rpartition(": ")[2].rstrip(".") or type(error).__name__
        raise WavError(where, "damaged", f"is damaged behind sample {found}: {text}") from error
    if sound.format == "FLAC" and found < announced < _MOST_SAMPLES:
        raise WavError(where, "truncated", f"header announces {announced} samples, file holds {found}")
    audio = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if not np.isfinite(audio).all():
        raise WavError(where, "not numbers", "some of its samples are not numbers (NaN or infinite)")
    if len(audio) and np.abs(audio).max() > _INTEGER_SCALE:
        audio = audio / np.float32(32768)
    return audio


def _resampled(audio: NDArray[np.float32], rate_hz: int, sample_rate_hz: int) -> NDArray[np.int16]:
    if rate_hz != sample_rate_hz and len(audio):
        import soxr  # type: ignore[import-untyped]

        audio = np.asarray(soxr.resample(audio, rate_hz, sample_rate_hz, quality=QUALITY), np.float32)
    return to_int16(audio)


def _mended(data: bytes, layout: Layout) -> bytes:
    """The same samples behind a header that is true."""
    payload = data[layout.start : layout.end]
    chunks = (
        struct.pack("<4sI", b"fmt ", len(layout.format)) + layout.format + b"\0" * (len(layout.format) & 1)
    )
    chunks += struct.pack("<4sI", b"data", len(payload)) + payload
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks


def _refuse_cut(data: bytes, where: str) -> None:
    """Formats that say how long they are, and are shorter: libsndfile takes what there is."""
    announced = 0
    if data[:4] in (b"FORM", b"RIFX") and len(data) >= 8:
        (announced,) = struct.unpack_from(">I", data, 4)
        announced += 8
    elif data[:4] == b".snd" and len(data) >= 12:
        start, size = struct.unpack_from(">II", data, 4)
        announced = start + size
    elif data[:4] == b"riff" and len(data) >= 24:
        (announced,) = struct.unpack_from("<Q", data, 16)
    if len(data) < announced < 0x7FF00000:
        raise WavError(where, "truncated", f"header announces {announced} bytes, file holds {len(data)}")


def _foreign(start: bytes) -> str:
    """The format of sound that libsndfile does not read; "" for any other."""
    return next((name for place, magic, name in _FOREIGN if start[place:].startswith(magic)), "")
