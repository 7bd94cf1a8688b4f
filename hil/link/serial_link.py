"""A board on a serial port of this computer or of another one."""

import contextlib
import errno
from collections.abc import Sequence
from pathlib import Path

import serial

from hil.link.link import LinkError
from hil.link.patience import Deadline

_READ_S = 0.02  # a wait for one byte; ``receive`` waits again and again
_WRITE_S = 5.0  # longer than any board needs to take what its window allows
_MOST_BYTES = 4096  # handed over at a time: a board that writes without pause holds nobody up
_MOST_WAITING_BYTES = 4_000_000  # a server of ports keeps what comes for as long as there is memory
_NETWORK = "://"
# What a rate that an adapter cannot have raises: of POSIX, a class of its own.
_NO_SUCH_RATE: tuple[type[Exception], ...] = (
    serial.SerialException,
    OSError,
    ValueError,
    NotImplementedError,
)
with contextlib.suppress(ImportError):
    import termios

    _NO_SUCH_RATE += (termios.error,)


class SerialLink:
    """A port that no other program can open meanwhile."""

    def __init__(self, port: str, baud: int) -> None:
        """Open it.

        Args:
            port: a device such as /dev/ttyACM0 or COM5, or a URL that pyserial knows:
                socket://HOST:PORT, rfc2217://HOST:PORT.
        Raises:
            LinkError: no such port, no permission, or another program has it.
        """
        self.name, self.baud = port, baud
        self._is_socket = port.startswith("socket://")
        try:
            self._port = serial.serial_for_url(
                port, baud, timeout=_READ_S, write_timeout=_WRITE_S, exclusive=True
            )
        except (serial.SerialException, OSError) as error:
            raise LinkError(f"{port}: {_refusal(port, error)}") from error
        except ValueError as error:
            raise LinkError(
                f"{port}: {error}; expected a device such as /dev/ttyACM0, socket://HOST:PORT or "
                "rfc2217://HOST:PORT"
            ) from error

    def send(self, data: bytes) -> None:
        """See ``Link.send``."""
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise LinkError(
                f"{self.name}: took nothing for {_WRITE_S:g} s; is the board connected?"
            ) from error
        except (serial.SerialException, OSError) as error:
            raise LinkError(self._lost(error)) from error

    def receive(self, timeout_s: float) -> bytes:
        """See ``Link.receive``."""
        deadline = Deadline(timeout_s)
        try:
            while True:
                data = bytearray(self._port.read(self._waiting(_MOST_BYTES) or 1))
                with contextlib.suppress(serial.SerialException, OSError):  # the next call meets it again
                    # Sockets only tell that there is a byte.
                    while data and (more := self._waiting(_MOST_BYTES - len(data))):
                        data += self._port.read(more)
                if data or deadline.is_over:
                    return bytes(data)
        except (serial.SerialException, OSError) as error:
            raise LinkError(self._lost(error)) from error

    def close(self) -> None:
        """Give the port back."""
        self._port.close()

    def settable(self, rates: Sequence[int]) -> list[int]:
        """See ``RatedLink.settable``; each is tried, and then the line has its own again."""
        if self._is_socket:
            return []
        baud, found = self.baud, []
        for rate in rates:
            with contextlib.suppress(LinkError):
                self.set_baud(rate)
                found.append(rate)
        self.set_baud(baud)
        return found

    def set_baud(self, baud: int) -> None:
        """See ``RatedLink.set_baud``."""
        try:
            self._port.baudrate = baud
        except _NO_SUCH_RATE as error:
            raise LinkError(f"{self.name}: cannot run at {baud:,} baud ({error})") from error
        self.baud = baud

    def _waiting(self, most: int) -> int:
        """Bytes that have arrived, of ``most`` that are wanted."""
        count: int = self._port.in_waiting
        if count > _MOST_WAITING_BYTES:
            raise LinkError(
                f"{self.name}: sends faster than it can be read, {count:,} bytes wait; is the program there "
                "one of Earshot?"
            )
        return min(count, most)

    def _lost(self, error: Exception) -> str:
        return f"{self.name}: the connection was lost ({error}); was the board unplugged?"


def _refusal(port: str, error: Exception) -> str:
    """Why a port could not be opened, and what to do."""
    number = getattr(error, "errno", None)
    if _NETWORK in port:
        return f"cannot be reached ({error}); is the server running, and the name right?"
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or not (number or Path(port).exists()):
        return f"there is no such port; found: {', '.join(_ports()) or 'none'}. Is the board connected?"
    if number in (errno.EACCES, errno.EPERM):
        group = _group(port)
        who = (
            f'join group {group}: sudo usermod -aG {group} "$USER", then log in again'
            if group
            else "ask for it"
        )
        return f"no permission to open it; {who}"
    if number in (errno.EBUSY, errno.EAGAIN) or "lock" in str(error):
        return "another program has it open; close that (a terminal, perhaps, or a second hil)"
    return f"cannot be opened ({error}); expected a serial port"


def _group(port: str) -> str:
    """The group that may use a port, "" where the system has none."""
    try:
        return Path(port).group()
    except (OSError, KeyError, NotImplementedError):
        return ""


def _ports() -> list[str]:
    """Names of the ports of this computer."""
    from serial.tools import list_ports

    return sorted(port.device for port in list_ports.comports())
