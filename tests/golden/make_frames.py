"""Writes frames.json, the table that judges both halves of docs/PROTOCOL.md.

Run it after the protocol has changed: python tests/golden/make_frames.py. It shares no code with
hil/protocol/framing.py: COBS and CRC-32 are written again here, byte by byte and bit by bit as their
definitions go, and the layouts of messages are lists of numbers and widths.
"""

import json
from pathlib import Path

ABOUT = (
    "Made by tests/golden/make_frames.py. wire: bytes on the line, in hex. frames: what comes of them. text: "
    "lines that the host hands over. dropped_by_host, dropped_by_device: stretches between zeros that are "
    "neither; the device has no use for text. is_what_encoders_write: the frames give this wire."
)
INFO, AUDIO, HELLO, ACK, LOG = 0x01, 0x05, 0x10, 0x14, 0x1C


def crc32(data: bytes) -> int:
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0xEDB88320 if remainder & 1 else 0)
    return remainder ^ 0xFFFFFFFF


def cobs(data: bytes) -> bytes:
    out, code = bytearray([0]), 0  # code: where the length of the current block stands
    for i, byte in enumerate(data):
        if byte:
            out.append(byte)
        if byte == 0 or (len(out) - code == 255 and i + 1 < len(data)):
            out[code] = len(out) - code
            code = len(out)
            out.append(0)
    out[code] = len(out) - code
    return bytes(out)


def number(value: int, width: int) -> bytes:
    return (value % (1 << 8 * width)).to_bytes(width, "little")


def content(kind: int, sequence: int, payload: bytes) -> bytes:
    body = bytes([kind, sequence]) + payload
    return body + number(crc32(body), 4)


def wire(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    return b"\0" + cobs(content(kind, sequence, payload)) + b"\0"


def case(name, data, frames=(), text=(), dropped_by_host=0, dropped_by_device=None):
    return {
        "name": name,
        "wire": data.hex(),
        "frames": [{"type": t, "sequence": s, "payload": p.hex()} for t, s, p in frames],
        "text": list(text),
        "dropped_by_host": dropped_by_host,
        "dropped_by_device": dropped_by_host if dropped_by_device is None else dropped_by_device,
        "is_what_encoders_write": False,
    }


def whole(name, *frames):
    return {**case(name, b"".join(wire(*frame) for frame in frames), frames), "is_what_encoders_write": True}


def payload_with_crc_of(kind: int, sequence: int, has_zero: bool) -> bytes:
    """Three bytes after which the CRC has a zero in it, or has not."""
    for value in range(1, 1 << 16):
        payload = bytes([7]) + number(value, 2)
        if (0 in content(kind, sequence, payload)[-4:]) == has_zero and 0 not in payload:
            return payload
    raise AssertionError


def cases():
    info = (INFO, 1, b"")
    hello = (HELLO, 0, b"\1")
    ramp = bytes(i % 255 + 1 for i in range(1024))
    damaged = bytearray(wire(*info))
    damaged[3] ^= 0x10
    yield whole("a request without a payload", info)
    yield whole("the highest type and sequence", (0x1F, 255, b"\xff"))
    yield whole("zeros", (AUDIO, 0, bytes(9)))
    yield whole("the longest, of zeros", (AUDIO, 2, bytes(1024)))
    yield whole("the longest, without a zero", (AUDIO, 3, ramp))
    for length in range(246, 252):
        yield whole(f"around a full block: {length} bytes", (AUDIO, 4, ramp[:length]))
        yield whole(f"a zero around a full block: {length} bytes", (AUDIO, 4, ramp[:length] + b"\0x"))
    yield whole("two full blocks", (AUDIO, 5, ramp[:502]))
    yield whole("a CRC with a zero", (AUDIO, 6, payload_with_crc_of(AUDIO, 6, True)))
    yield whole("a CRC without a zero", (AUDIO, 6, payload_with_crc_of(AUDIO, 6, False)))
    yield whole("a block of ten, which begins with a newline", (AUDIO, 1, b"abcdefg\0\n"))
    yield whole("payload that looks like a line", (LOG, 0, b"\x07earshot\nready\n"))
    yield whole("several", info, (AUDIO, 2, b"\0\1\0"), (ACK, 2, bytes(13)))
    yield case("one zero between two frames", wire(*info)[:-1] + wire(*hello), [info, hello])
    yield case("nothing but zeros", bytes(7))
    yield case("zeros between frames", bytes(3) + wire(*info) + bytes(4) + wire(*info), [info, info])
    yield case("no zero behind it yet", wire(*info)[:-1])
    yield case("a bit turned", bytes(damaged) + wire(*info), [info], dropped_by_host=1)
    yield case("its second half missing", wire(*hello)[:4] + wire(*info), [info], dropped_by_host=1)
    yield case("its first half missing", wire(*hello)[4:] + wire(*info), [info], dropped_by_host=1)
    for length in range(6):
        short = b"\0" + cobs(content(INFO, 1, b"")[:length]) + b"\0"
        yield case(f"content of {length} bytes", short + wire(*info), [info], dropped_by_host=1)
    yield case(
        "one byte too long, CRC right", wire(AUDIO, 1, bytes(1025)) + wire(*info), [info], dropped_by_host=1
    )
    endless = b"\0" + b"\x02\xaa" * 3000 + b"\0"
    yield case("far too long", endless + wire(*info), [info], dropped_by_host=1)
    yield case("a block longer than what follows", b"\0\xff\1\2\0" + wire(*info), [info], dropped_by_host=1)
    for kind in (0, 9, 10, 13, 27, 32, 128, 255):
        yield case(
            f"type {kind}, which no frame has", wire(kind, 1, b"x") + wire(*info), [info], dropped_by_host=1
        )
    filled = next(
        ramp[:246] + number(value, 2)
        for value in range(257, 1 << 16)
        if 0 not in content(AUDIO, 8, ramp[:246] + number(value, 2))
    )
    loose = b"\0" + cobs(content(AUDIO, 8, filled)) + b"\1\0"
    yield case("an empty block behind a full one", loose, [(AUDIO, 8, filled)])
    banner = b"\0earshot mps2-an386 ready\n"
    lines = ["earshot mps2-an386 ready"]
    yield case("a banner, then a frame", banner + wire(*hello), [hello], lines, 0, 1)
    yield case("a banner alone", banner, [], lines, 0, 0)
    yield case(
        "lines of another program",
        "Heard größe (201) @4056ms\r\n\nHeard no (255) @7ms\n".encode(),
        [],
        ["Heard größe (201) @4056ms", "Heard no (255) @7ms"],
    )
    fault = b"\0\nearshot fault pc=0000012c cfsr=00010000\n"
    yield case(
        "a fault in the middle of a frame",
        wire(AUDIO, 9, ramp)[:500] + fault,
        [],
        ["earshot fault pc=0000012c cfsr=00010000"],
        dropped_by_host=1,
    )
    yield case("a line without its end", b"\0ready" + wire(*info), [info], [], 1, 1)
    yield case(
        "a line, then noise, then a line", b"\0one\n\xfe\x01two\n\0three\n\0", [], ["one", "three"], 1, 2
    )
    yield case("a frame behind a line, without a zero", b"\0one\n" + wire(*info)[1:], [], ["one"], 1, 1)


def messages():
    def entry(name, payload, **fields):
        return {"message": name, "fields": fields, "payload": payload.hex()}

    yield entry("InfoRequest", b"")
    yield entry("LabelsRequest", b"\x03", first=3)
    yield entry(
        "ClipBegin",
        number(7, 4) + number(16000, 4) + number(0xDEADBEEF, 4),
        clip_id=7,
        sample_count=16000,
        audio_crc=0xDEADBEEF,
    )
    yield entry(
        "Audio",
        number(7, 4) + number(500, 4) + number(-2, 2) + number(258, 2),
        transfer_id=7,
        first_sample=500,
        samples="feff0201",
    )
    yield entry(
        "FeaturesRequest", number(7, 4) + number(24, 2) + number(23, 2), clip_id=7, first_row=24, row_count=23
    )
    yield entry("StreamBegin", number(8, 4) + b"\x05", stream_id=8, inference_stride_rows=5)
    path = b"/tmp/clips.raw"
    yield entry(
        "ClipFile",
        number(9, 4)
        + number(32000, 4)
        + number(16000, 4)
        + number(0xCAFEF00D, 4)
        + number(len(path), 1)
        + path,
        clip_id=9,
        first_sample=32000,
        sample_count=16000,
        audio_crc=0xCAFEF00D,
        path=path.decode(),
    )
    yield entry("Record", number(11, 4) + number(4096, 4), recording_id=11, next_sample=4096)
    yield entry(
        "Recorded",
        number(11, 4) + number(4100, 4) + number(-2, 2) + number(258, 2),
        recording_id=11,
        first_sample=4100,
        samples="feff0201",
    )
    rates = number(2_000_000, 4) + number(1_000_000, 4)
    yield entry("LineRequest", rates, asked=rates.hex())
    yield entry("RateRequest", number(1_000_000, 4) + number(2000, 4), baud=1_000_000, lease_ms=2000)
    yield entry("CheckRequest", b"\x55\0\xff", content="5500ff")
    yield entry(
        "PackedAudio",
        number(7, 4) + number(500, 4) + number(2, 2) + bytes.fromhex("1e0c2100"),
        transfer_id=7,
        first_sample=500,
        sample_count=2,
        packed="1e0c2100",
    )
    yield entry("Line", b"\x01" + number(115_200, 4) + rates, packings=1, baud=115_200, possible=rates.hex())
    yield entry("Rate", number(1_000_000, 4), baud=1_000_000)
    yield entry("Check", b"\x55\0\xff", content="5500ff")
    yield entry("Hello", b"\x01", protocol_version=1)
    texts = (b"host", b"0123456789abcdef", b"compiled", b"a" * 64, b"b" * 64)
    numbers = ((1, 1), (4, 1), (16000, 4), (49, 2), (43, 2), (2107, 4), (5472, 4), (4096, 4), (25000000, 4))
    yield entry(
        "Info",
        b"".join(number(*pair) for pair in numbers)
        + number(-128, 1)
        + b"".join(bytes([len(text)]) + text for text in texts),
        protocol_version=1,
        label_count=4,
        sample_rate_hz=16000,
        row_count=49,
        bin_count=43,
        input_bytes=2107,
        arena_bytes=5472,
        receive_window_bytes=4096,
        clock_hz=25000000,
        input_zero_point=-128,
        board_id="host",
        build_id="0123456789abcdef",
        engine="compiled",
        model_sha256="a" * 64,
        front_end_sha256="b" * 64,
    )
    yield entry("Labels", b"\x02\x03yes\x07gr\xc3\xb6\xc3\x9fe", first=2, labels=["yes", "größe"])
    yield entry(
        "Ack",
        number(7, 4) + number(500, 4) + b"\x02" + number(0, 4),
        transfer_id=7,
        next_sample=500,
        status=2,
        detections=0,
    )
    yield entry(
        "Result",
        number(7, 4)
        + b"\0\0"
        + b"".join(number(value, 4) for value in (1, 2, 3, 73467, 6218))
        + b"\x7f\x80\x00",
        clip_id=7,
        status=0,
        error=0,
        audio_crc=1,
        features_crc=2,
        scores_crc=3,
        features_ticks=73467,
        inference_ticks=6218,
        scores="7f8000",
    )
    yield entry(
        "Detection",
        number(8, 4) + number(1, 4) + number(4056, 4) + b"\x02\xc9",
        stream_id=8,
        index=1,
        time_ms=4056,
        label=2,
        score=201,
    )
    yield entry("Error", b"\x04\x06\x0cno such clip", code=4, request_type=6, text="no such clip")


def table() -> str:
    content = {"about": ABOUT, "cases": list(cases()), "messages": list(messages())}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("frames.json").write_text(table(), encoding="utf-8")
