"""Boards to be flashed, made up: an ELF file, USB ports and drives, a tool, a line to what was flashed."""

import struct
import sys
from pathlib import Path

import pytest
from peer import Peer

from hil.boards import flash as flash_module
from hil.boards.board import UsbId
from hil.boards.ports import Port
from hil.protocol.messages import Info, InfoRequest
from hil.protocol.payload import Message

PARTS = {0x08000000: b"vectors", 0x08000010: b"initial values of variables"}


def elf(parts: dict[int, bytes], kind: int = 1) -> bytes:
    """A 32-bit ELF file with a segment for each part, and one that is only room in RAM."""
    segments = [(address, data, len(data)) for address, data in parts.items()] + [(0x20000000, b"", 64)]
    offset = 52 + 32 * len(segments)
    table, contents = b"", b""
    for address, data, memory_bytes in segments:
        place = offset + len(contents)
        table += struct.pack("<8I", kind, place, 0x20000000, address, len(data), memory_bytes, 5, 4)
        contents += data
    identity = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    head = struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, 0x08000001, 52, 0, 0, 52, 32, len(segments), 0, 0, 0)
    return identity + head + table + contents


def write_hex(path: Path) -> None:
    """In place of objcopy."""
    path.write_text(f"#!{sys.executable}\nimport sys\nopen(sys.argv[3], 'w').write(':00000001FF\\n')\n")
    path.chmod(0o755)


class Usb:
    """Serial ports and drives of this computer, made up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, mounts: Path) -> None:
        self.ids: list[str] = []
        self.mounts = mounts
        mounts.mkdir(exist_ok=True)
        monkeypatch.setattr(flash_module, "_MOUNTS", (str(mounts),))
        monkeypatch.setattr(flash_module, "_RETRY_S", 0)
        monkeypatch.setattr(flash_module, "connected_ports", self.ports)

    def ports(self) -> tuple[Port, ...]:
        """Each in turn."""
        ids = [UsbId(*(int(half, 16) for half in text.split(":"))) for text in self.ids]
        return tuple(Port(f"/dev/ttyACM{index}", "", usb) for index, usb in enumerate(ids))


class FlashedBoard(Peer):
    """A line to a board that runs ``proof``."""

    name = "/dev/ttyACM7"

    def __init__(self, build_id: str, board_id: str = "netduinoplus2") -> None:
        super().__init__()
        self._info = Info(
            1, 4, 16000, 49, 43, 2107, 5472, 4096, 0, -128, board_id, build_id, "compiled", "", ""
        )

    def answer(self, request: Message) -> Message:
        """See ``Peer.answer``."""
        assert request == InfoRequest()
        return self._info
