"""A USB host for a made-up controller: requests as computers make them, packet by packet."""

import ctypes
import struct

from made_up_device import Device

IN, OUT = 0, 1
NAK, STALL = -1, -2
DATA = 2  # the endpoint of bytes
PACKET = 64
GET_STATUS, CLEAR_FEATURE, SET_ADDRESS, GET_DESCRIPTOR, GET_CONFIGURATION, SET_CONFIGURATION = (
    0,
    1,
    5,
    6,
    8,
    9,
)
SET_INTERFACE = 11
SET_LINE_CODING, GET_LINE_CODING, SET_CONTROL_LINE_STATE = 0x20, 0x21, 0x22


class Stalled(Exception):
    """The device refuses the request."""


class Host:
    """A computer with the board on its bus. ``is_late``: the board's interrupt waits till nothing goes."""

    def __init__(self, device: Device) -> None:
        self.c = device.c
        self.address = 0
        self.is_late = False
        self.c.host_reset()
        self.serve()

    def serve(self) -> None:
        self.c.device_interrupt()

    def transact(self, endpoint: int, direction: int, data: bytes = b"") -> bytes | int:
        """One packet: what came, or how many bytes went; NAK or STALL where none did."""
        buffer = (ctypes.c_uint8 * PACKET)(*data)
        done = self.c.host_transact(self.address, endpoint, direction, buffer, len(data))
        if done == NAK and self.is_late:
            self.serve()
            done = self.c.host_transact(self.address, endpoint, direction, buffer, len(data))
        if not self.is_late:
            self.serve()
        return bytes(buffer[:done]) if direction == IN and done >= 0 else done

    def control(
        self, kind: int, request: int, value: int, length: int = 0, data: bytes = b"", index: int = 0
    ) -> bytes:
        """A request, through all its stages.

        Raises:
            Stalled: the device refuses it.
        """
        self.setup(kind, request, value, length or len(data), index)
        received = b""
        if kind & 0x80:
            while True:
                packet = self.taken(self.transact(0, IN))
                received += packet
                if len(packet) < PACKET or len(received) == length:
                    break
            self.c.host_status_is_data1()
            assert self.taken_out(self.transact(0, OUT)) == 0
            return received
        if data:
            assert self.taken_out(self.transact(0, OUT, data)) == len(data)
        self.c.host_status_is_data1()
        assert self.taken(self.transact(0, IN)) == b""
        return received

    def setup(self, kind: int, request: int, value: int, length: int, index: int = 0) -> None:
        self.c.host_setup((ctypes.c_uint8 * 8)(*struct.pack("<BBHHH", kind, request, value, index, length)))
        if not self.is_late:
            self.serve()

    def taken(self, packet: bytes | int) -> bytes:
        if packet == STALL:
            raise Stalled
        assert isinstance(packet, bytes), "the device answers nothing"
        return packet

    def taken_out(self, done: bytes | int) -> int:
        if done == STALL:
            raise Stalled
        assert isinstance(done, int)
        return done

    def enumerate(self) -> None:
        """As hosts do: address, descriptors, configuration."""
        self.control(0x00, SET_ADDRESS, 5)
        self.serve()
        self.address = 5
        self.control(0x80, GET_DESCRIPTOR, 0x0100, 18)
        self.control(0x80, GET_DESCRIPTOR, 0x0200, 255)
        self.control(0x00, SET_CONFIGURATION, 1)
        self.serve()
        self.c.host_data0(DATA)

    def open(self) -> None:
        self.enumerate()
        self.control(0x21, SET_CONTROL_LINE_STATE, 3)
        self.serve()

    def read(self) -> bytes:
        """What the board has to say, until it says no more."""
        said = b""
        while isinstance(packet := self.transact(DATA, IN), bytes):
            said += packet
        assert packet == NAK
        return said
