"""hil boards and the port of a board, with a list of ports that is made up."""

import dataclasses
import subprocess
import sys
from types import SimpleNamespace

import pytest

from hil import __main__ as command
from hil.boards.board import BOARDS, Board, UsbId, load_board
from hil.boards.ports import Port, connected_ports, port_of
from hil.commands import boards as boards_module
from train.core.errors import UserError

list_ports = pytest.importorskip("serial.tools.list_ports")

PICO = UsbId(0x2E8A, 0x000A)
FOUND = [
    SimpleNamespace(device="/dev/ttyUSB0", description="FT232R", vid=0x0403, pid=0x6001),
    SimpleNamespace(device="/dev/ttyACM0", description="Pico", vid=0x2E8A, pid=0x000A),
    SimpleNamespace(device="/dev/ttyS0", description=None, vid=None, pid=None),
]


@pytest.fixture
def pico() -> Board:
    return dataclasses.replace(load_board("netduinoplus2"), id="pico", usb=PICO)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """Ports that are there; tests may change the list."""
    ports = list(FOUND)
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    return ports


def test_ports_with_their_usb_ids(connected: list[SimpleNamespace]) -> None:
    assert connected_ports() == (
        Port("/dev/ttyACM0", "Pico", PICO),
        Port("/dev/ttyS0", "", None),
        Port("/dev/ttyUSB0", "FT232R", UsbId(0x0403, 0x6001)),
    )
    assert str(PICO) == "2e8a:000a"


def test_the_port_of_a_board(connected: list[SimpleNamespace], pico: Board) -> None:
    assert port_of(pico) == "/dev/ttyACM0"
    connected.append(SimpleNamespace(device="/dev/ttyACM1", description="Pico", vid=0x2E8A, pid=0x000A))
    with pytest.raises(UserError, match=r"2 ports have the USB id 2e8a:000a .*/dev/ttyACM0, /dev/ttyACM1"):
        port_of(pico)
    connected.clear()
    with pytest.raises(UserError, match=r"no port has the USB id 2e8a:000a of board pico; is it connected"):
        port_of(pico)


def test_a_board_without_usb_id_is_on_the_one_adapter(
    connected: list[SimpleNamespace], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match=r"which serial port .* --port; found: /dev/ttyACM0 \(Pico\), /dev"):
        port_of(load_board("netduinoplus2"))
    del connected[1]
    assert port_of(load_board("netduinoplus2")) == "/dev/ttyUSB0"
    assert "taking /dev/ttyUSB0 (FT232R)" in capsys.readouterr().err
    connected[:] = [SimpleNamespace(device="/dev/ttyACM3", description="", vid=0x2341, pid=0x005A)]
    with pytest.raises(UserError, match=r"docs/boards/nano33ble.md says how to connect it"):
        port_of(load_board("nano33ble"))  # that is its bootloader


def test_boards_lists_what_is_connected(
    connected: list[SimpleNamespace],
    pico: Board,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["hil", "boards"])
    monkeypatch.setattr(boards_module, "board_folders", lambda _: dict.fromkeys(("host", "pico"), BOARDS))
    monkeypatch.setattr(
        boards_module, "load_board", lambda board, _: pico if board == "pico" else load_board(board)
    )
    command.main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines[:2]] == ["host", "pico"]
    assert lines[2:] == [
        [],
        ["/dev/ttyACM0", "Pico", "2e8a:000a", "pico"],
        ["/dev/ttyS0", "no", "USB", "unknown"],
        ["/dev/ttyUSB0", "FT232R", "0403:6001", "unknown"],
    ]
    connected.clear()
    command.main()
    assert "connected: no serial port" in capsys.readouterr().out


def test_without_pyserial_the_boards_are_listed_all_the_same() -> None:
    program = (
        "import sys; sys.modules['serial'] = None; sys.argv = ['hil', 'boards']\n"
        "from hil.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mps2-an386" in done.stdout
    assert "serial ports cannot be listed without pyserial" in done.stdout
    assert "earshot-kws[hil]" in done.stdout
