"""WAVs: what is read, what is refused with which message, and that nothing is lost on the way."""

import contextlib
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from train.audio.wav import WavError, decode_wav, encode_wav, fit_length, read_wav, to_float, to_int16
from train.core.errors import UserError

SAMPLES = np.array([0, 1, -1, 32767, -32768, 12345], dtype=np.int16)
PCM_GUID = bytes.fromhex("0100000000001000800000aa00389b71")
FLOAT_GUID = bytes.fromhex("0300000000001000800000aa00389b71")


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def fmt(tag: int = 1, channels: int = 1, rate_hz: int = 16000, bits: int = 16, extra: bytes = b"") -> bytes:
    frame = channels * bits // 8
    return chunk(
        b"fmt ", struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame, frame, bits) + extra
    )


def extensible(guid: bytes, bits: int = 16) -> bytes:
    return fmt(tag=0xFFFE, bits=bits, extra=struct.pack("<HHI", 22, bits, 4) + guid)


DATA = chunk(b"data", SAMPLES.astype("<i2").tobytes())
LIST = chunk(b"LIST", b"INFOISFT\x05\0\0\0Lavf\0")  # odd: padded to even
GOOD = riff(fmt(), DATA)


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        riff(fmt(extra=b"\0\0"), DATA),
        riff(LIST, fmt(), DATA),
        riff(fmt(), LIST, DATA),
        riff(fmt(), chunk(b"fact", b"\6\0\0\0"), DATA, LIST),
        riff(extensible(PCM_GUID), DATA),
        GOOD + b"junk after the end",
        b"RIFF" + b"\xff\xff\xff\xff" + GOOD[8:],  # the size of a recorder that was cut off
    ],
    ids=["plain", "fmt 18", "LIST first", "LIST between", "fact", "extensible", "junk behind", "riff size"],
)
def test_good_files(data):
    samples = decode_wav(data, 16000)
    assert samples.dtype == np.int16
    assert np.array_equal(samples, SAMPLES)
    samples[0] = 1  # the caller's own, not a view of the file


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (b"", "empty file", r"file is empty \(0 bytes\)"),
        (b"RIFF", "not a WAV", r"not a RIFF WAVE file \(starts with b'RIFF', 4 bytes\)"),
        (b"ID3\4" + b"\0" * 60, "not a WAV", r"not a RIFF WAVE file \(starts with b'ID3"),
        (b"RIFX" + GOOD[4:], "not a WAV", "not a RIFF"),
        (b"RIFF\0\0\0\0AVI " + GOOD[12:], "not a WAV", "not a RIFF"),
        (GOOD[:-1], "truncated", "announces 12 bytes of samples, file holds 11"),
        (GOOD[:44], "truncated", "announces 12 bytes of samples, file holds 0"),
        (GOOD[:40], "truncated", "ends after 40 bytes without a data chunk"),
        (GOOD[:30], "truncated", "format chunk has 10 bytes, needs 16"),
        (GOOD[:12], "truncated", "ends after 12 bytes without a format chunk"),
        (riff(fmt()), "truncated", "without a data chunk"),
        (riff(chunk(b"fmt ", b"\1\0\1\0"), DATA), "truncated", "format chunk has 4 bytes, needs 16"),
        (riff(fmt(), LIST[:4] + b"\xff\xff\xff\x7f"), "truncated", "without a data chunk"),
        (riff(DATA, fmt()), "damaged header", "data chunk comes before the format chunk"),
        (riff(fmt(), chunk(b"data", b"")), "no samples", "there are no samples"),
        (riff(fmt(), chunk(b"data", b"\1\2\3")), "truncated", "3 bytes of samples is half a sample too many"),
        (riff(fmt(channels=2), DATA), "stereo", "2 channels, expected mono"),
        (riff(fmt(channels=4), DATA), "4 channels", "4 channels, expected mono"),
        (riff(fmt(bits=8), DATA), "8-bit samples", "8-bit samples, expected 16-bit PCM"),
        (riff(fmt(bits=24), DATA), "24-bit samples", "24-bit samples, expected 16-bit PCM"),
        (riff(fmt(bits=32), DATA), "32-bit samples", "32-bit samples, expected 16-bit PCM"),
        (riff(fmt(tag=3, bits=32), DATA), "float samples", "32-bit float samples, expected 16-bit PCM"),
        (riff(extensible(FLOAT_GUID, bits=32), DATA), "float samples", "32-bit float samples"),
        (riff(extensible(PCM_GUID, bits=24), DATA), "24-bit samples", "24-bit samples"),
        (riff(fmt(tag=0xFFFE), DATA), "compressed", "format tag 0xfffe"),  # sub-format missing
        (riff(fmt(tag=7, bits=8), DATA), "compressed", "format tag 0x0007"),  # mu-law
        (riff(fmt(rate_hz=44100), DATA), "44100 Hz", "44100 Hz, expected 16000 Hz"),
        (riff(fmt(rate_hz=8000), DATA), "8000 Hz", "8000 Hz, expected 16000 Hz"),
    ],
)
def test_bad_files_are_refused_with_their_fault(data, kind, message):
    with pytest.raises(WavError, match=message) as caught:
        decode_wav(data, 16000, "yes/anna.wav")
    assert caught.value.kind == kind
    assert str(caught.value) == f"yes/anna.wav: {caught.value.detail}"
    assert isinstance(caught.value, UserError)


@given(st.binary(max_size=80), st.integers(0, len(GOOD)), st.booleans())
def test_damaged_files_never_crash(noise, cut, insert):
    """Cut anywhere and continued with anything: samples or a WavError, no other exception."""
    data = GOOD[:cut] + noise + (GOOD[cut:] if insert else b"")
    with contextlib.suppress(WavError):
        assert decode_wav(data, 16000).size > 0


def test_reading_says_what_the_system_says(tmp_path):
    with pytest.raises(WavError, match="cannot be read: No such file") as caught:
        read_wav(tmp_path / "missing.wav", 16000)
    assert caught.value.kind == "unreadable"
    assert str(tmp_path / "missing.wav") in str(caught.value)
    with pytest.raises(WavError, match="cannot be read"):
        read_wav(tmp_path, 16000)


def test_reading_a_file(tmp_path: Path):
    path = tmp_path / "a.wav"
    path.write_bytes(encode_wav(SAMPLES, 8000))
    assert np.array_equal(read_wav(path, 8000), SAMPLES)


@given(hnp.arrays(np.int16, st.integers(1, 200)), st.sampled_from([8000, 16000, 44100]))
def test_round_trip(samples, rate_hz):
    encoded = encode_wav(samples, rate_hz)
    assert len(encoded) == 44 + 2 * len(samples)
    assert np.array_equal(decode_wav(encoded, rate_hz), samples)
    assert np.array_equal(to_int16(to_float(samples)), samples)


def test_header_is_what_other_programs_expect(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(encode_wav(SAMPLES, 16000))
    with wave.open(str(path)) as file:
        assert file.getparams()[:4] == (1, 2, 16000, len(SAMPLES))
        assert file.readframes(100) == SAMPLES.astype("<i2").tobytes()


def test_to_float_is_exact():
    audio = to_float(SAMPLES)
    assert audio.dtype == np.float32
    assert audio.tolist() == [value / 32768 for value in SAMPLES.tolist()]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (0.4, 0),
        (0.5, 1),  # ties away from zero, as roundf
        (-0.5, -1),
        (1.5, 2),
        (2.5, 3),
        (-2.5, -3),
        (0.49999997, 0),
        (32766.5, 32767),
        (32768, 32767),
        (1e6, 32767),
        (-32768, -32768),
        (-32769, -32768),
    ],
)
def test_to_int16_rounds_and_clamps(steps, expected):
    assert to_int16(np.array([steps], dtype=np.float32) / np.float32(32768)).tolist() == [expected]


def test_fit_length_pads_or_cuts_at_the_end():
    assert fit_length(SAMPLES, 6).tolist() == SAMPLES.tolist()
    assert fit_length(SAMPLES, 4).tolist() == SAMPLES[:4].tolist()
    padded = fit_length(SAMPLES, 9)
    assert padded.dtype == np.int16
    assert padded.tolist() == [*SAMPLES.tolist(), 0, 0, 0]
