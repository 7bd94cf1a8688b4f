"""What is no plain file is refused at once, and never waited for."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from train.core.files.plain import open_plain, read_plain, reason


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "is a pipe, expected a file"),
        (os.mkdir, "is a folder, expected a file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device, expected a file"),
        (_socket, "is a socket, expected a file"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        (lambda path: None, "No such file or directory"),
    ],
    ids=["pipe", "folder", "device", "socket", "loop", "nothing"],
)
def test_only_plain_files(make: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    path = tmp_path / "f"
    make(path)
    with pytest.raises(OSError, match=said) as caught:
        open_plain(path)
    assert reason(caught.value) == said
    assert str(caught.value.filename) == str(path)


def test_a_size_is_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match=r"has 1,099,512 MB, expected at most 0.0 MB"):
        read_plain(path, 100)
    path.write_bytes(b"x" * 100)
    assert read_plain(path, 100) == b"x" * 100
