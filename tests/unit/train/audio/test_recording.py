"""Recordings of every kind: what is read of them, what is said, and that nothing is converted twice."""

import contextlib
import io
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from fuzzing import cases
from hypothesis import given, settings
from hypothesis import strategies as st

from train.audio import recording
from train.audio.recording import Recording, counted, in_words, read_recording, sounds_like
from train.audio.wav import WavError, encode_wav, read_wav, to_int16

soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")

RATE_HZ = 16000
SECONDS = np.arange(RATE_HZ // 2) / RATE_HZ
SWEEP = (0.3 * np.sin(2 * np.pi * (300 + 400 * SECONDS) * SECONDS)).astype(np.float32)
SAMPLES = to_int16(SWEEP)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def sweep(rate_hz: int, channels: int = 1) -> np.ndarray:
    """The sweep at another rate: (samples, channels) float64."""
    seconds = np.arange(rate_hz // 2) / rate_hz
    mono = 0.3 * np.sin(2 * np.pi * (300 + 400 * seconds) * seconds)
    return np.repeat(mono[:, None], channels, axis=1)


def encoded(container: str, subtype: str | None = None, rate_hz: int = RATE_HZ, channels: int = 1) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sweep(rate_hz, channels), rate_hz, subtype, format=container)
    return file.getvalue()


def read(tmp_path: Path, data: bytes, name: str = "clip.wav") -> Recording:
    (tmp_path / name).write_bytes(data)
    return read_recording(tmp_path / name, RATE_HZ)


def chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(content) if size is None else size) + content


def riff(*chunks: bytes, form: bytes = b"RIFF", size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return form + struct.pack("<I", len(body) if size is None else size) + body


def fmt(channels: int = 1, rate_hz: int = RATE_HZ, bits: int = 16, tag: int = 1) -> bytes:
    frame = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame, frame, bits))


PAYLOAD = SAMPLES.astype("<i2").tobytes()
ODD_LIST = b"INFOISFT\x05\0\0\0Lavf\0"
DS64 = chunk(b"ds64", struct.pack("<QQQI", 0, len(PAYLOAD), len(SAMPLES), 0))

HEADERS = {
    "nothing known": (riff(fmt(), chunk(b"data", PAYLOAD, 0), size=0), "streamed header"),
    "all ones": (riff(fmt(), chunk(b"data", PAYLOAD, 0xFFFFFFFF), size=0xFFFFFFFF), "streamed header"),
    "all ones but the header": (riff(fmt(), chunk(b"data", PAYLOAD, 0xFFFFFFDB)), "streamed header"),
    "sox": (riff(fmt(), chunk(b"data", PAYLOAD, 0x7FFFF000), size=0x7FFFF024), "streamed header"),
    "gstreamer": (riff(fmt(), chunk(b"data", PAYLOAD, 0x7FFF0000)), "streamed header"),
    "arecord": (riff(fmt(), chunk(b"data", PAYLOAD, 0x80000000), size=0x80000024), "streamed header"),
    "half a sample": (riff(fmt(), chunk(b"data", PAYLOAD + b"\1", 0)), "streamed header"),
    "RF64": (riff(DS64, fmt(), chunk(b"data", PAYLOAD, 0xFFFFFFFF), form=b"RF64"), "64-bit header"),
    "RF64 and more": (
        riff(DS64, fmt(), chunk(b"data", PAYLOAD, 0xFFFFFFFF), chunk(b"LIST", b"junk"), form=b"RF64"),
        "64-bit header",
    ),
    "BW64 without ds64": (riff(fmt(), chunk(b"data", PAYLOAD, 0xFFFFFFFF), form=b"BW64"), "streamed header"),
    "no padding": (
        riff(fmt(), chunk(b"LIST", ODD_LIST), chunk(b"data", PAYLOAD)),
        "chunk without its padding byte",
    ),
    "an ID3 tag": (b"ID3\3\0\0\0\0\1\4" + bytes(132) + encode_wav(SAMPLES, RATE_HZ), "ID3 tag in front"),
    "an empty chunk": (riff(fmt(), chunk(b"data", b""), chunk(b"data", PAYLOAD)), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_headers_are_repaired_and_samples_go_on_to_the_end(name, tmp_path):
    data, repaired = HEADERS[name]
    found = read(tmp_path, data)
    assert np.array_equal(found.samples, SAMPLES)
    assert (found.repaired, found.converted) == (repaired, "")
    assert np.array_equal(read_wav(found.wav, RATE_HZ), SAMPLES), "whoever reads it later reads the same"


def test_what_is_right_is_taken_as_it_is(tmp_path, cache):
    found = read(tmp_path, encode_wav(SAMPLES, RATE_HZ))
    assert np.array_equal(found.samples, SAMPLES)
    assert (found.wav, found.converted, found.repaired) == (tmp_path / "clip.wav", "", "")
    assert not cache.exists()


KINDS = [
    ("WAV", "PCM_16", 16000, 2, "stereo"),
    ("WAV", "PCM_16", 8000, 1, "8000 Hz"),
    ("WAV", "PCM_16", 44100, 2, "stereo 44100 Hz"),
    ("WAV", "PCM_16", 48000, 6, "6 channels 48000 Hz"),
    ("WAV", "PCM_U8", 16000, 1, "8-bit"),
    ("WAV", "PCM_24", 16000, 1, "24-bit"),
    ("WAV", "PCM_32", 96000, 1, "32-bit 96000 Hz"),
    ("WAV", "FLOAT", 16000, 1, "float"),
    ("WAV", "DOUBLE", 16000, 1, "64-bit float"),
    ("WAV", "ALAW", 8000, 1, "A-law 8000 Hz"),
    ("WAV", "ULAW", 8000, 1, "mu-law 8000 Hz"),
    ("WAV", "IMA_ADPCM", 16000, 1, "IMA ADPCM"),
    ("WAV", "MS_ADPCM", 16000, 1, "MS ADPCM"),
    ("WAV", "GSM610", 8000, 1, "GSM610 8000 Hz"),
    ("WAVEX", "PCM_24", 44100, 2, "24-bit stereo 44100 Hz"),
    ("RF64", "PCM_24", 16000, 1, "24-bit"),
    ("FLAC", "PCM_16", 16000, 1, "FLAC"),
    ("FLAC", "PCM_24", 44100, 2, "FLAC 24-bit stereo 44100 Hz"),
    ("OGG", "VORBIS", 44100, 1, "Ogg 44100 Hz"),
    ("OGG", "OPUS", 48000, 1, "Ogg Opus 48000 Hz"),
    ("MP3", "MPEG_LAYER_III", 44100, 2, "MP3 stereo 44100 Hz"),
    ("AIFF", "PCM_16", 44100, 1, "AIFF 44100 Hz"),
    ("AU", "ULAW", 8000, 1, "AU mu-law 8000 Hz"),
    ("CAF", "PCM_16", 16000, 1, "CAF"),
    ("W64", "PCM_16", 16000, 1, "W64"),
    ("NIST", "PCM_16", 16000, 1, "NIST Sphere"),
    ("VOC", "PCM_16", 16000, 1, "VOC"),
]


@pytest.mark.parametrize(("container", "subtype", "rate_hz", "channels", "kind"), KINDS)
def test_every_kind_is_the_same_sound(container, subtype, rate_hz, channels, kind, tmp_path):
    # The name is wrong on purpose: the content decides.
    found = read(tmp_path, encoded(container, subtype, rate_hz, channels), "clip.m4a")
    assert found.converted == kind
    assert found.repaired == ("64-bit header" if container == "RF64" else "")
    assert found.samples.dtype == np.int16
    # Codecs add up to a frame at either end; the best place is where it is most alike.
    assert abs(len(found.samples) - len(SAMPLES)) < 2500
    length = 1 << 15
    spectrum = np.fft.rfft(found.samples / 32768, length) * np.conj(np.fft.rfft(SWEEP, length))
    alike = np.fft.irfft(spectrum).max() / np.linalg.norm(found.samples / 32768) / np.linalg.norm(SWEEP)
    assert alike > 0.95
    assert np.array_equal(read_wav(found.wav, RATE_HZ), found.samples)


@pytest.mark.parametrize(
    ("container", "subtype"), [("FLAC", "PCM_16"), ("AIFF", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT")]
)
def test_what_needs_no_resampling_keeps_its_bits(container, subtype, tmp_path):
    file = io.BytesIO()
    soundfile.write(file, SAMPLES.astype(np.float64) / 32768, RATE_HZ, subtype, format=container)
    assert np.array_equal(read(tmp_path, file.getvalue()).samples, SAMPLES)


def test_streams_of_other_kinds_are_repaired_and_converted(tmp_path):
    stereo = np.repeat(SAMPLES, 2).astype("<i2").tobytes()
    found = read(tmp_path, riff(fmt(channels=2), chunk(b"data", stereo, 0xFFFFFFFF)))
    assert (found.converted, found.repaired) == ("stereo", "streamed header")
    assert np.array_equal(found.samples, SAMPLES)


def test_big_endian(tmp_path):
    header = struct.pack(
        ">4sI4s4sIHHIIHH", b"RIFX", 36 + len(PAYLOAD), b"WAVE", b"fmt ", 16, 1, 1, 16000, 32000, 2, 16
    )
    found = read(
        tmp_path, header + struct.pack(">4sI", b"data", len(PAYLOAD)) + SAMPLES.astype(">i2").tobytes()
    )
    assert np.array_equal(found.samples, SAMPLES)
    assert found.converted == "WAV of another byte order"


def test_floats_on_the_scale_of_integers_are_no_square_wave(tmp_path):
    file = io.BytesIO()
    soundfile.write(file, SAMPLES.astype(np.float32), RATE_HZ, "FLOAT", format="WAV")
    assert np.array_equal(read(tmp_path, file.getvalue()).samples, SAMPLES)


def test_nothing_is_converted_twice(tmp_path, cache, monkeypatch):
    data = encoded("FLAC", "PCM_16", 44100, 2)
    first = read(tmp_path, data)
    (kept,) = cache.rglob("*.wav")
    assert first.wav == kept
    with monkeypatch.context() as patch:
        patch.setattr(recording, "_mono", lambda *_: pytest.fail("converted again"))
        again = read(tmp_path, data, "other.flac")
        assert np.array_equal(again.samples, first.samples)
        assert (again.converted, again.sha256) == (first.converted, first.sha256)
    assert len(read_recording(tmp_path / "clip.wav", 8000).samples) == len(first.samples) // 2
    kept.write_bytes(b"spoiled")
    assert np.array_equal(read(tmp_path, data).samples, first.samples)


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (b"", "empty file", r"file is empty \(0 bytes\)"),
        (cut(encode_wav(SAMPLES, RATE_HZ)), "truncated", "header announces 16000 bytes of samples"),
        (cut(encoded("WAV", "PCM_16", 44100, 2)), "truncated", "header announces 88200 bytes of samples"),
        (cut(encoded("AIFF", "PCM_16")), "truncated", r"header announces \d+ bytes, file holds"),
        (cut(encoded("AU", "PCM_16")), "truncated", r"header announces \d+ bytes, file holds"),
        (cut(encoded("W64", "PCM_16")), "truncated", r"header announces \d+ bytes, file holds"),
        (riff(fmt(channels=2), chunk(b"data", b"")), "no samples", "there are no samples"),
        (b"\0\0\0\x20ftypM4A " + bytes(99), "M4A", r"M4A is not read here; .* ffmpeg -i IN -ac 1 -ar 16000"),
        (b"\xff\xf1\x50\x80" + bytes(99), "AAC", "AAC is not read here"),
        (b"\x1a\x45\xdf\xa3" + bytes(99), "WebM", "ffmpeg -i IN"),
        (b"what is this?" * 9, "no known sound", r"no sound that .* \(starts with b'what', 117 bytes\)"),
        (riff(fmt(tag=0x4242), chunk(b"data", PAYLOAD)), "no known sound", "no sound that can be read"),
        (riff(fmt(rate_hz=7), chunk(b"data", PAYLOAD)), "strange rate", "7 Hz, expected 1000 to 768000 Hz"),
        (
            riff(fmt(bits=32, tag=3), chunk(b"data", np.array([1, np.nan], "<f4").tobytes())),
            "not numbers",
            "not numbers",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(data, kind, message, tmp_path):
    with pytest.raises(WavError, match=message) as caught:
        read(tmp_path, data)
    assert caught.value.kind == kind


def test_a_flac_that_is_cut(tmp_path):
    with pytest.raises(WavError, match=r"is damaged behind sample|file holds") as caught:
        read(tmp_path, cut(encoded("FLAC", "PCM_16")))
    assert caught.value.kind in ("truncated", "damaged")


def test_what_is_no_file(tmp_path):
    for path in (tmp_path, tmp_path / "missing.wav"):
        with pytest.raises(WavError, match="cannot be read") as caught:
            read_recording(path, RATE_HZ)
        assert caught.value.kind == "unreadable"


def test_counts_in_words():
    kinds = ["FLAC"] * 20 + ["", "stereo 44100 Hz"] * 40
    assert in_words(counted(kinds)) == "40 stereo 44100 Hz, 20 FLAC"
    assert counted(["", ""]) == {}


def test_what_sounds_like_sound():
    for container in ("WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "W64", "RF64"):
        assert sounds_like(encoded(container)[:16]), container
    assert sounds_like(b"\0\0\0\x20ftypM4A ")
    assert not sounds_like(b"# Words of mine\n")
    assert not sounds_like(b"")


SEEDS = [data for data, _ in HEADERS.values()][:8] + [
    encoded(kind) for kind in ("FLAC", "AIFF", "W64", "CAF", "OGG", "AU")
]
MUTATIONS = cases(400, 10_000)


@pytest.mark.fuzz
@settings(max_examples=MUTATIONS, deadline=None)
@given(
    seed=st.sampled_from(range(len(SEEDS))),
    end=st.integers(0, 4000),
    flips=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 255)), max_size=6),
)
def test_damaged_files_end_in_samples_or_one_line(seed, end, flips, tmp_path_factory):
    data = bytearray(SEEDS[seed][:end])
    for place, value in flips:
        if place < len(data):
            data[place] = value
    path = tmp_path_factory.getbasetemp() / "damaged.wav"
    path.write_bytes(data)
    started = time.monotonic()
    with contextlib.suppress(WavError):
        assert read_recording(path, RATE_HZ).samples.size > 0
    assert time.monotonic() - started < 10
