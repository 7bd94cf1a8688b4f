"""Headers of tar archives: what is understood, and what would take memory or time without end."""

import gzip
import lzma
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest

from train.audio.wav import encode_wav
from train.core.errors import UserError
from train.data.archive import extract
from train.data.corpus import read_corpus

CLIP = encode_wav((np.arange(160) % 7).astype(np.int16), 16000)


def block(
    name: str | bytes, content: bytes = b"", kind: bytes = tarfile.REGTYPE, size: int | None = None
) -> bytes:
    """A member: its header, and its content filled up."""
    info = tarfile.TarInfo(name if isinstance(name, str) else name.decode("utf-8", "surrogateescape"))
    info.size, info.type = len(content) if size is None else size, kind
    header = info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    return header + content + bytes(-len(content) % 512)


def record(key: bytes, value: bytes) -> bytes:
    """A line of an extended header, which says how long it is."""
    length = len(key) + len(value) + 3
    while len(line := b"%d %s=%s\n" % (length, key, value)) != length:
        length = len(line)
    return line


def extended(*records: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    return block("headers", b"".join(records), kind)


END = bytes(1024)
GOOD = b"".join(block(f"{word}/{n}.wav", CLIP) for word in ("yes", "no") for n in range(3))
LONG = b"yes/" + b"x" * 200 + b".wav"

EMPTY = block("no/x.wav", size=0)

UNDERSTOOD = {
    "long name of GNU": (block("L", LONG + b"\0", tarfile.GNUTYPE_LONGNAME) + block("x", CLIP), LONG),
    "extended path": (extended(record(b"path", LONG), record(b"mtime", b"1.5")) + block("x", CLIP), LONG),
    "path that is not ASCII": (
        extended(record(b"path", "no/größe.wav".encode())) + block("x", CLIP),
        "no/größe.wav".encode(),
    ),
    "path that is not UTF-8": (block(b"no/\xff\xfe.wav", CLIP), b"no/\xff\xfe.wav"),
    "size for the next alone": (
        extended(record(b"size", b"%d" % len(CLIP))) + EMPTY + CLIP + bytes(-len(CLIP) % 512),
        b"no/x.wav",
    ),
    "general header": (
        extended(record(b"comment", b"x" * 40), kind=tarfile.XGLTYPE) + block("no/x.wav", CLIP),
        b"no/x.wav",
    ),
}


@pytest.mark.parametrize(("members", "name"), UNDERSTOOD.values(), ids=list(UNDERSTOOD))
def test_understood(members: bytes, name: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(members + GOOD + END)
    root = extract(tmp_path / "a.tar", tmp_path / "cache")
    assert (root / name.decode("utf-8", "surrogateescape")).read_bytes() == CLIP
    assert len(read_corpus(root, 16000).clips) == 7


HOSTILE = {
    "digits without end": (extended(b"1" * 200_000), "bad extended header"),
    "a record longer than its header": (extended(b"99 path=x\n"), "bad extended header"),
    "size below zero": (extended(record(b"size", b"-1")) + block("yes/a"), "bad size"),
    "size of 5,000 digits": (extended(record(b"size", b"9" * 5000)) + block("yes/a"), "bad size"),
    "4 GB of attributes": (
        block("x", kind=tarfile.XHDTYPE, size=1 << 32),
        "attributes of 4,294,967,296 bytes",
    ),
    "200 MB of a name": (block("x", kind=tarfile.GNUTYPE_LONGNAME, size=200_000_000), "a name or attributes"),
    "2,000 folders": (
        block("L", b"a/" * 1990 + b"x\0", tarfile.GNUTYPE_LONGNAME) + block("x"),
        "1,991 parts",
    ),
    "absolute, in an extended header": (extended(record(b"path", b"/tmp/x")) + block("x"), "is absolute"),
    "stored without zeros": (
        extended(record(b"GNU.sparse.realsize", b"99999999999")) + block("x"),
        "without its zeros",
    ),
    "a petabyte": (block("yes/a.wav", size=10**12), "unpacks to"),
    "cut": (block("yes/a.wav", CLIP)[:-300], "212 of 364 bytes"),
}


@pytest.mark.parametrize(("members", "said"), HOSTILE.values(), ids=list(HOSTILE))
def test_refused(members: bytes, said: str, tmp_path: Path) -> None:
    is_cut = said == "212 of 364 bytes"
    (tmp_path / "a.tar").write_bytes(members + (b"" if is_cut else GOOD + END))
    started = time.process_time()
    with pytest.raises(UserError, match=said) as caught:
        extract(tmp_path / "a.tar", tmp_path / "cache")
    assert time.process_time() - started < 2
    assert len(str(caught.value)) < 600
    assert not list((tmp_path / "cache" / "corpora").iterdir())


def test_zeros_behind_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(GOOD + END) + gzip.compress(bytes(1 << 24)) * 20)
    with pytest.raises(UserError, match="expected at most 100 times its size"):
        extract(tmp_path / "a.tar.gz", tmp_path / "cache")


def test_xz_that_asks_for_memory(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 29}]
    (tmp_path / "a.tar.xz").write_bytes(lzma.compress(GOOD + END, filters=filters))
    with pytest.raises(UserError, match="Memory usage limit exceeded"):
        extract(tmp_path / "a.tar.xz", tmp_path / "cache")


def test_xz_of_several_streams(tmp_path: Path) -> None:
    (tmp_path / "a.tar.xz").write_bytes(lzma.compress(GOOD) + bytes(4) + lzma.compress(END))
    assert len(read_corpus(extract(tmp_path / "a.tar.xz", tmp_path / "cache"), 16000).clips) == 6
