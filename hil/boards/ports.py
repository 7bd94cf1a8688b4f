"""Serial ports of this computer, and the boards they may belong to."""

from dataclasses import dataclass

from hil.boards.board import Board, UsbId
from train.core.console import log
from train.core.errors import UserError


@dataclass(frozen=True)
class Port:
    """One serial port; ``usb`` is None where it is no USB device."""

    device: str
    description: str
    usb: UsbId | None


def connected_ports() -> tuple[Port, ...]:
    """All of them, by name.

    Raises:
        UserError: pyserial is not installed.
    """
    try:
        from serial.tools import list_ports
    except ImportError as error:
        raise UserError(
            f"serial ports cannot be listed without pyserial ({error}); install it with: "
            "pip install 'earshot-kws[hil]'"
        ) from error
    ports = [
        Port(
            found.device,
            found.description or "",
            None if found.vid is None else UsbId(found.vid, found.pid),
        )
        for found in list_ports.comports()
    ]
    return tuple(sorted(ports, key=lambda port: port.device))


def port_of(board: Board) -> str:
    """The one port that a board is connected to, by the USB id in its board.json.

    A board without one talks over an adapter: where a single USB port is there, it is that.

    Raises:
        UserError: there is none, or several.
    """
    ports = connected_ports()
    if board.usb is None:
        return _adapter(board, ports)
    own = [port.device for port in ports if port.usb == board.usb]
    if len(own) == 1:
        return own[0]
    if own:
        raise UserError(
            f"{len(own)} ports have the USB id {board.usb} of board {board.id}: {', '.join(own)}; "
            "name one with --port"
        )
    raise UserError(
        f"no port has the USB id {board.usb} of board {board.id}; is it connected? "
        "See earshot boards, or name a port with --port"
    )


def _adapter(board: Board, ports: tuple[Port, ...]) -> str:
    """The port of the adapter that a board's serial line goes through."""
    bootloaders = board.flash.usb if board.flash else ()
    adapters = [port for port in ports if port.usb is not None and port.usb not in bootloaders]
    if len(adapters) == 1:
        (adapter,) = adapters
        log(f"{board.id} has no USB id of its own: taking {adapter.device} ({adapter.description})")
        return adapter.device
    found = ", ".join(f"{port.device} ({port.description})" for port in ports) or "none"
    page = f"; docs/boards/{board.id}.md says how to connect it" if not adapters else ""
    raise UserError(
        f"board {board.id} shows no USB id: which serial port is it on? Name it with --port; found: "
        f"{found}{page}"
    )
