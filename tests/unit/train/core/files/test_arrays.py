"""NumPy's files: what is read, and what is refused before memory is taken for it."""

import io
import resource
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from train.core.files.arrays import NoArrays, open_npz, read_npy

MOST_BYTES = 10**10


def header(descr: str, shape: str, data: bytes = b"") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def packed(path: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as package:
        for name, content in members:
            package.writestr(name, content)
    return path


def read(path: Path, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    with open_npz(path, most_bytes) as arrays:
        return {name: arrays.read(name) for name in arrays.headers}


def test_what_numpy_writes(tmp_path: Path) -> None:
    arrays = {
        "text": np.array(["ja", "größe"]),
        "numbers": np.arange(12.0).reshape(3, 4).T,
        "one": np.array(3),
        "none": np.zeros((0, 5), np.uint8),
    }
    np.savez(tmp_path / "plain.npz", **arrays)
    np.savez_compressed(tmp_path / "packed.npz", **arrays)
    for file in ("plain.npz", "packed.npz"):
        found = read(tmp_path / file)
        assert found.keys() == arrays.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name], array)
    np.save(tmp_path / "a.npy", arrays["numbers"])
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy", 96), arrays["numbers"])
    with pytest.raises(NoArrays, match=r"holds 0.0 MB of arrays or more, expected at most"):
        read_npy(tmp_path / "a.npy", 95)


HOSTILE = {
    "pickled": (header("'|O'", "(2,)", b"cos\nsystem\n"), "holds Python objects"),
    "more than it holds": (header("'<f4'", "(2000000000,)", b"abcd"), "is float32 of 2000000000, but holds"),
    "negative": (header("'<f4'", "(-2,)"), "makes no sense"),
    "many of nothing": (header("'<U0'", "(1000000000000,)"), "makes no sense"),
    "a power of powers": (header("'<f4'", "(9**9**9,)"), "cannot be read"),
    "nested": (header("'<f4'", "(" * 4000 + ")" * 4000), "cannot be read"),
    "no Unicode": (header("'<U1'", "(1,)", b"\xff\xff\xff\xff"), "characters that there are not"),
    "half a pair": (header("'<U1'", "(1,)", b"\x00\xd8\x00\x00"), "characters that there are not"),
    "no array": (b"hello", "no file of NumPy's"),
    "nothing": (b"", "no file of NumPy's"),
}


@pytest.mark.parametrize(("content", "said"), HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_arrays(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(NoArrays, match=said):
        read(packed(tmp_path / "a.npz", ("a.npy", content)))


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    zeros = header("'|u1'", "(150000000,)", bytes(150_000_000))
    path = packed(tmp_path / "bomb.npz", ("a.npy", zeros))
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(NoArrays, match=r"unpacks to 150 MB or more from 0.1 MB"):
        read(path)
    with pytest.raises(NoArrays, match="expected at most 100 MB"):
        read(path, 100_000_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 20_000


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_numpy_does_not_write(tmp_path: Path) -> None:
    content = io.BytesIO()
    np.save(content, np.zeros(3))
    member = ("a.npy", content.getvalue())
    with pytest.raises(NoArrays, match="packed in a way"):
        read(packed(tmp_path / "a.npz", member, method=zipfile.ZIP_BZIP2))
    with pytest.raises(NoArrays, match="holds 'a' twice"):
        read(packed(tmp_path / "a.npz", member, member))
    good = packed(tmp_path / "a.npz", member).read_bytes()
    for cut in range(0, len(good), 7):
        (tmp_path / "a.npz").write_bytes(good[:cut])
        with pytest.raises(NoArrays):
            read(tmp_path / "a.npz")
