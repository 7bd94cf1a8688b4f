"""Both halves of the framing against one table, in any pieces, with noise between, and against each other."""

import importlib.util
import itertools
import json
import random
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT

from hil.protocol import codec, framing, line_messages, messages
from hil.protocol.framing import MAX_PAYLOAD_BYTES, Decoder, Frame, Text
from hil.protocol.payload import MessageError

HERE = Path(__file__).parent
PROTOCOL = ROOT / "firmware" / "protocol"
HARNESS = HERE.parent / "c" / "run_frames.c"
TABLE = json.loads((HERE / "frames.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for case in TABLE["cases"]}
FUZZED = 100_000
TYPES = sorted(set(range(1, 32)) - set(b"\t\n\r\x1b"))
BYTES = ("samples", "scores", "asked", "possible", "content", "packed")  # fields, in hex
NOISE = b"\0\xff\x03a\x80\n\0"  # one stretch that is neither frame nor text

Filter = Callable[..., tuple[bytes, list[int]]]


def expected_frames(case: dict) -> list[Frame]:
    return [Frame(f["type"], f["sequence"], bytes.fromhex(f["payload"])) for f in case["frames"]]


def pieces_of(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def decoded(pieces: Sequence[bytes]) -> tuple[list[Frame], list[str], Decoder]:
    decoder = Decoder()
    found = [item for piece in pieces for item in decoder.feed(piece)]
    frames = [item for item in found if isinstance(item, Frame)]
    lines = [item.line.strip() for item in found if isinstance(item, Text)]
    return frames, lines, decoder


def record(frame: Frame) -> bytes:
    return struct.pack("<BBH", frame.type, frame.sequence, len(frame.payload)) + frame.payload


def frames_of(records: bytes) -> list[Frame]:
    frames = []
    while records:
        kind, sequence, length = struct.unpack_from("<BBH", records)
        frames.append(Frame(kind, sequence, records[4 : 4 + length]))
        records = records[4 + length :]
    return frames


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Filter:
    """``device("decode", 7, data=…)``: what the C half gives, and its counters; under sanitizers."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler (cc)")
    program = tmp_path_factory.mktemp("frames") / "run_frames"
    flags = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wconversion", "-Werror", f"-I{ROOT}/firmware"]
    flags += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    sources = [HARNESS, PROTOCOL / "frame.c", PROTOCOL / "crc32.c"]
    subprocess.run(["cc", *flags, "-o", program, *sources], check=True, timeout=60)

    def run(*arguments: object, data: bytes) -> tuple[bytes, list[int]]:
        command = [program, *map(str, arguments)]
        done = subprocess.run(command, input=data, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout, [int(word) for word in done.stderr.split()]

    return run


def test_the_table_is_what_its_generator_makes() -> None:
    spec = importlib.util.spec_from_file_location("make_frames", HERE / "make_frames.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert generator.table() == (HERE / "frames.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_host_decodes(name: str, size: int) -> None:
    case = CASES[name]
    frames, lines, decoder = decoded(pieces_of(bytes.fromhex(case["wire"]), size))
    assert frames == expected_frames(case)
    assert lines == case["text"]
    assert (decoder.accepted, decoder.dropped) == (len(frames), case["dropped_by_host"])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_device_decodes(device: Filter, name: str, size: int) -> None:
    case = CASES[name]
    records, counters = device("decode", size, data=bytes.fromhex(case["wire"]))
    assert frames_of(records) == expected_frames(case)
    assert counters == [len(case["frames"]), case["dropped_by_device"]]


@pytest.mark.parametrize("size", [1, 10_000])
def test_all_cases_with_noise_between(device: Filter, size: int) -> None:
    """What one case leaves behind does not reach the next: a zero ends it."""
    stream = b"".join(bytes.fromhex(case["wire"]) + NOISE for case in CASES.values())
    expected = [frame for case in CASES.values() for frame in expected_frames(case)]
    unfinished = Frame(1, 1)  # "no zero behind it yet": now there is one
    expected.insert(sum(len(c["frames"]) for c in TABLE["cases"][: index_of_unfinished()]), unfinished)
    frames, lines, _ = decoded(pieces_of(stream, size))
    assert frames == expected
    assert lines == [line for case in CASES.values() for line in case["text"]]
    assert frames_of(device("decode", size, data=stream)[0]) == expected


def index_of_unfinished() -> int:
    return list(CASES).index("no zero behind it yet")


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["is_what_encoders_write"]])
def test_both_halves_encode(device: Filter, name: str) -> None:
    case = CASES[name]
    frames, wire = expected_frames(case), bytes.fromhex(case["wire"])
    assert b"".join(map(framing.encode, frames)) == wire
    assert device("encode", data=b"".join(map(record, frames)))[0] == wire


@pytest.mark.parametrize("entry", TABLE["messages"], ids=lambda entry: entry["message"])
def test_messages(entry: dict) -> None:
    kind = getattr(messages, entry["message"], None) or getattr(line_messages, entry["message"])
    fields = {
        name: bytes.fromhex(value) if name in BYTES else value for name, value in entry["fields"].items()
    }
    if "labels" in fields:
        fields["labels"] = tuple(fields["labels"])
    message = kind(**fields)
    assert message.pack().hex() == entry["payload"]
    decoder = Decoder()
    (frame,) = decoder.feed(codec.encode(message, 17))
    assert isinstance(frame, Frame)
    assert frame.sequence == 17
    decode = codec.decode_request if kind in codec.REQUESTS else codec.decode
    assert decode(frame) == message


@pytest.mark.parametrize(
    ("kind", "payload", "complaint"),
    [
        (0x09, "", "frame of type 09, expected one of 10, "),
        (0x1F, "0000000000", "Recorded of 5 bytes, expected at least 8"),
        (0x14, "00" * 12, "Ack of 12 bytes, expected at least 13"),
        (0x14, "00" * 14, "Ack is followed by 1 bytes, expected none"),
        (0x14, "00" * 8 + "09" + "00" * 4, "Ack: 9 is not a valid AckStatus"),
        (0x1C, "", "Log: a text needs 1 bytes, but 0 are left"),
        (0x1C, "0541", "Log: a text needs 6 bytes, but 2 are left"),
        (0x1C, "01ff", "Log: 'utf-8' codec can't decode"),
        (0x11, "09", "the board speaks version 9 of the protocol, expected 1: build and flash"),
    ],
)
def test_what_cannot_be_is_refused(kind: int, payload: str, complaint: str) -> None:
    with pytest.raises(MessageError, match=re.escape(complaint)):
        codec.decode(Frame(kind, 1, bytes.fromhex(payload)))


def test_what_does_not_fit_is_not_sent() -> None:
    with pytest.raises(ValueError, match="payload of 1025 bytes, expected at most 1024"):
        codec.encode(messages.Audio(1, 0, bytes(1017)), 1)
    with pytest.raises(ValueError, match="no frame has type 10"):
        framing.encode(Frame(10, 1))
    with pytest.raises(ValueError, match="sequence 256"):
        framing.encode(Frame(1, 256))
    with pytest.raises(ValueError, match="LabelsRequest"):
        messages.LabelsRequest(256).pack()
    with pytest.raises(ValueError, match="has 256 bytes, expected at most 255"):
        messages.Log("x" * 256).pack()


frames_strategy = st.builds(
    Frame,
    st.sampled_from(TYPES),
    st.integers(0, 255),
    st.one_of(
        st.binary(max_size=30),
        st.binary(min_size=240, max_size=260),
        st.integers(0, MAX_PAYLOAD_BYTES).map(lambda n: bytes([0xAA]) * n),
        st.integers(0, MAX_PAYLOAD_BYTES).map(bytes),
        st.binary(min_size=1000, max_size=MAX_PAYLOAD_BYTES),
    ),
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@settings(max_examples=300, deadline=None)
@given(st.lists(frames_strategy, max_size=5), st.lists(st.integers(0, 6000), max_size=12))
def test_every_stream_in_any_pieces(frames: list[Frame], places: list[int]) -> None:
    stream = b"".join(framing.encode(frame) for frame in frames)
    found, lines, decoder = decoded(cut(stream, places))
    assert (found, lines, decoder.dropped) == (frames, [], 0)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 400), max_size=8), frames_strategy)
def test_pieces_do_not_matter_and_noise_passes(noise: bytes, places: list[int], frame: Frame) -> None:
    """Whatever came before, the next frame arrives."""
    stream = noise + framing.encode(frame)
    whole, pieces = decoded([stream]), decoded(cut(stream, places))
    assert whole[:2] == pieces[:2]
    assert whole[2].dropped == pieces[2].dropped
    assert whole[0][-1] == frame


@settings(max_examples=500, deadline=None)
@given(frames_strategy, st.data())
def test_damage_is_never_taken_for_another_frame(frame: Frame, data: st.DataObject) -> None:
    wire = bytearray(framing.encode(frame))
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] ^= data.draw(st.integers(1, 255))
    assert set(decoded([bytes(wire)])[0]) <= {frame}


def mutated(wire: bytes, rng: random.Random) -> bytes:
    data = bytearray(wire)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.randrange(len(data)) if data else 0
        match rng.randrange(8):
            case 0 if data:
                data[at] ^= 1 << rng.randrange(8)
            case 1 if data:
                data[at] = rng.choice((0, 1, 2, 10, 254, 255))
            case 2:
                del data[at : at + rng.choice((1, 1, 2, 50))]
            case 3:
                data[at:at] = rng.randbytes(rng.choice((1, 2, 30)))
            case 4:
                data[at:at] = data[: rng.randrange(len(data) + 1)]
            case 5:
                del data[at:]
            case 6:
                data = data.strip(b"\0")
            case 7:
                data[at:at] = b"\0"
    return bytes(data)


def hostile(rng: random.Random) -> bytes:
    """Stuffed rightly, mostly with a right CRC, but not a frame: too short, too long, of no type."""
    size = rng.choice((0, 1, 2, 3, 1025, 1026, 1500, 3000))
    body = bytes([rng.choice((0, 9, 10, 13, 27, 32, 200, 255))]) + rng.randbytes(size)
    content = body + framing.zlib.crc32(body).to_bytes(4, "little")
    return b"\0" + framing._stuff(content[: rng.choice((3, 5, len(content)))]) + b"\0"


def test_device_under_random_and_mutated_frames(device: Filter) -> None:
    """No crash (sanitizers), no frame that was not sent, and the very frames that the other half accepts."""
    rng = random.Random(2024)
    sent: set[Frame] = set()
    stream = []
    for _ in range(FUZZED):
        kind = rng.random()
        if kind < 0.15:
            stream.append(rng.randbytes(rng.choice((1, 7, 40, 300))))
            continue
        if kind < 0.2:
            stream.append(hostile(rng))
            continue
        length = rng.choice((0, 1, 4, 12, 13, 40, 247, 248, 249, 1024) if rng.random() < 0.2 else (0, 5, 12))
        payload = rng.randbytes(length) if rng.random() < 0.7 else bytes(length)
        frame = Frame(rng.choice(TYPES), rng.randrange(256), payload)
        sent.add(frame)
        wire = framing.encode(frame)
        stream.append(mutated(wire, rng) if kind < 0.8 else wire)
    data = b"".join(stream)
    records, (accepted, dropped) = device("decode", 4096, data=data)
    found = frames_of(records)
    assert len(found) == accepted > FUZZED // 10
    assert dropped > FUZZED // 4
    assert set(found) <= sent
    assert decoded(pieces_of(data, 999))[0] == found
