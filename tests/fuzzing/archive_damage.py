"""Archives that somebody made to do harm, or that were damaged on the way."""

import bz2
import contextlib
import gzip
import io
import lzma
import random
import struct
import zipfile

import numpy as np

from train.audio.wav import encode_wav

_BLOCK = 512
_NAMES = (
    *(
        "yes/a_nohash_0.wav",
        "yes/b_nohash_0.wav",
        "no/a_nohash_0.wav",
        "../../evil",
        "/tmp/evil",
        "yes",
        "yes/",
    ),
    *(
        "yes/../../evil.wav",
        "C:\\evil.wav",
        "..\\..\\evil",
        "yes/\x1b[2J.wav",
        "yes/a\nb.wav",
        "n" * 300,
        "a/" * 60 + "x",
    ),
    *(
        "CON",
        "yes/nul.wav",
        ".",
        "..",
        "",
        "yes//a.wav",
        "größe/a.wav",
        "yes/\u202egnp.wav",
        "testing_list.txt",
    ),
)
_TYPES = b"0000015123467gxLKSVMDN\0X"
_SIZES = (0, 1, 511, 512, 513, 1 << 20, 1 << 33, (1 << 63) - 1, -1)
_PAX = (
    *(
        b"30 mtime=1.0\n",
        b"99999999999 path=x\n",
        b"-5 path=x\n",
        b"20 path=../../evil\n",
        b"0 \n",
        b"=\n" * 300,
    ),
    *(
        b"12 size=-99\n",
        b"21 size=99999999999\n",
        b"18 linkpath=/etc\n",
        b"9" * 3000,
        b"25 GNU.sparse.map=0,1,5\n",
    ),
    *(
        b"22 GNU.sparse.major=1\n",
        b"20 SCHILY.realsize=5\n",
        b"13 path=\xff\xfe\n",
        b"1 " * 2000,
        b"\0" * 600,
    ),
)


def clip() -> bytes:
    return encode_wav((3000 * np.sin(np.arange(4000) / 5)).astype(np.int16), 16000)


def damaged(seed: int) -> tuple[str, bytes]:
    """A name and the content of an archive."""
    chance = random.Random(seed)
    suffix = chance.choice((".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".zip", ".zip"))
    data = _zip(chance) if suffix == ".zip" else _tar(chance)
    if suffix != ".zip":
        data = _flipped(data, chance, 0.4)
        pack = {"z": gzip.compress, "2": bz2.compress, ".xz": lzma.compress}
        ending = {".tar.gz": "z", ".tgz": "z", ".tar.bz2": "2", ".tar.xz": ".xz"}.get(suffix)
        data = pack[ending](data) if ending else data
        data = _flipped(data, chance, 0.2)
    else:
        data = _flipped(data, chance, 0.6)
    if chance.random() < 0.1:
        data = data[: chance.randrange(len(data) + 1)]
    return f"corpus{suffix}", data


def _flipped(data: bytes, chance: random.Random, share: float) -> bytes:
    if chance.random() >= share or not data:
        return data
    changed = bytearray(data)
    for _ in range(chance.choice((1, 2, 8))):
        place = chance.choice((chance.randrange(len(changed)), chance.randrange(min(len(changed), 600))))
        changed[place] = chance.choice((0, 255, changed[place] ^ 1 << chance.randrange(8)))
    return bytes(changed)


def _tar(chance: random.Random) -> bytes:
    parts = [_entry("yes/one_nohash_0.wav", clip()), _entry("no/two_nohash_0.wav", clip())]
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        kind = bytes([chance.choice(_TYPES)])
        content = chance.choice(_PAX) if kind in b"gxLK" else chance.choice((clip(), b"", b"x" * 700))
        content = content * (300 if chance.random() < 0.05 else 1)
        parts.insert(
            chance.randrange(len(parts) + 1),
            _entry(
                chance.choice(_NAMES),
                content,
                kind,
                None if chance.random() < 0.75 else chance.choice(_SIZES),
                chance.choice(_NAMES),
                chance.random() < 0.9,
            ),
        )
    if chance.random() < 0.05 and sum(map(len, parts)) < 50_000:
        parts *= 200
    return b"".join(parts) + bytes(chance.choice((0, 2 * _BLOCK, 2 * _BLOCK, 10)))


def _entry(
    name: str,
    content: bytes,
    kind: bytes = b"0",
    size: int | None = None,
    target: str = "",
    is_sound: bool = True,
) -> bytes:
    """A header of 512 bytes and the content, whose size it may lie about."""
    size = len(content) if size is None else size
    if size < 0 or size >= 1 << 33:  # base 256, as GNU tar has it
        number = b"\x80" + (size & (1 << 88) - 1).to_bytes(11, "big")
    else:
        number = b"%011o\0" % size
    header = struct.pack(
        "100s8s8s8s12s12s8sc100s8s247s",
        *(
            name.encode()[:100],
            b"0000644\0",
            b"0000000\0",
            b"0000000\0",
            number,
            b"00000000000\0",
            b" " * 8,
            kind,
        ),
        *(target.encode()[:100], b"ustar\x0000", b""),
    )
    checksum = sum(header) + (0 if is_sound else 7)
    header = header[:148] + b"%06o\0 " % checksum + header[156:]
    return header + content + bytes(-len(content) % _BLOCK)


def _zip(chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("yes/one_nohash_0.wav", "no/two_nohash_0.wav"):
            archive.writestr(name, clip(), chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
        for _ in range(chance.choice((0, 1, 2))):
            info = zipfile.ZipInfo(chance.choice(_NAMES) or "x")
            info.external_attr = chance.choice((0o644, 0o120777, 0o040755, 0o060644, 0o10644)) << 16
            info.extra = chance.choice((b"", b"\1\0\4\0abcd", b"\1\0\xff\xff", chance.randbytes(20)))
            with contextlib.suppress(ValueError, RuntimeError):
                archive.writestr(info, chance.choice((clip(), b"", bytes(1 << 20))), zipfile.ZIP_DEFLATED)
    data = bytearray(buffer.getvalue())
    for _ in range(chance.choice((0, 1, 2))):  # what the headers say of sizes, methods, places
        marks = [place for place in range(len(data) - 46) if data[place : place + 2] == b"PK"]
        place = chance.choice(marks) + 2 * chance.randrange(2, 22)
        wrong = chance.choice((0, 1, 8, 99, 0xFFFF, 0xFFFFFFFF, 0x80000000))
        struct.pack_into(
            "<H" if chance.random() < 0.5 else "<I", data, place, wrong & 0xFFFF if wrong < 65536 else 0xFFFF
        )
    return bytes(data)
