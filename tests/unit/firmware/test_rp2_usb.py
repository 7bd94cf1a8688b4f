"""The Pico's serial line over USB, on a made-up controller: requests as hosts make them, and bytes."""

import ctypes
import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up_device import FIRMWARE, Device, compiled, needs_compiler
from usb_host import (
    CLEAR_FEATURE,
    DATA,
    GET_CONFIGURATION,
    GET_DESCRIPTOR,
    GET_LINE_CODING,
    GET_STATUS,
    IN,
    NAK,
    OUT,
    PACKET,
    SET_ADDRESS,
    SET_CONFIGURATION,
    SET_CONTROL_LINE_STATE,
    SET_INTERFACE,
    SET_LINE_CODING,
    Host,
    Stalled,
)

ROOM = 4096

pytestmark = needs_compiler


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return usb_device(tmp_path_factory.mktemp("usb"), "pico")


def usb_device(folder: Path, board_id: str) -> Path:
    vendor, product = json.loads((FIRMWARE / "boards/pico/board.json").read_text())["usb"].split(":")
    ids = (f"-DKWS_USB_VENDOR=0x{vendor}u", f"-DKWS_USB_PRODUCT=0x{product}u")
    return compiled(folder, "rp2_usb.cc", "rp2", *ids, f'-DKWS_BOARD_ID="{board_id}"', readers=())


@pytest.fixture
def device(library: Path, tmp_path: Path) -> Device:
    return Device(library, tmp_path)


@pytest.fixture
def host(device: Device) -> Host:
    return Host(device)


@pytest.fixture
def say(device: Device) -> Callable[[bytes], None]:
    def say(data: bytes) -> None:
        device.c.device_say(data, ctypes.c_size_t(len(data)))

    return say


def board_reads(device: Device, most: int = ROOM) -> bytes:
    buffer = (ctypes.c_uint8 * ROOM)()
    device.c.device_read_bytes.restype = ctypes.c_size_t
    return bytes(buffer[: device.c.device_read_bytes(buffer, ctypes.c_size_t(most))])


def uart(device: Device) -> bytes:
    buffer = ctypes.create_string_buffer(ROOM)
    device.c.device_uart.restype = ctypes.c_size_t
    count = device.c.device_uart(buffer, ctypes.c_size_t(ROOM))
    return buffer.raw[:count]


def test_descriptors_are_a_serial_port(host: Host) -> None:
    """USB 2.0, 9.6; CDC 1.2, 5.2.3."""
    host.enumerate()
    device = host.control(0x80, GET_DESCRIPTOR, 0x0100, 64)
    assert struct.unpack("<BBHBBBBHHHBBBB", device) == (
        *(18, 1, 0x200, 2, 0, 0, PACKET, 0x1209, 0x0001, 0x100, 1, 2, 0, 1),
    )
    assert host.control(0x80, GET_DESCRIPTOR, 0x0100, 8) == device[:8]
    head = host.control(0x80, GET_DESCRIPTOR, 0x0200, 9)
    everything = host.control(0x80, GET_DESCRIPTOR, 0x0200, 255)
    assert everything[:9] == head
    assert struct.unpack_from("<H", head, 2)[0] == len(everything) > PACKET, "more than a packet"
    parts, at = [], 0
    while at < len(everything):
        parts.append(everything[at : at + everything[at]])
        at += everything[at]
    assert at == len(everything)
    interfaces = [part for part in parts if part[1] == 4]
    assert [part[4:7] for part in interfaces] == [b"\1\2\2", b"\2\x0a\0"]
    assert head[4] == len(interfaces)
    endpoints = {part[2]: part for part in parts if part[1] == 5}
    assert {number: part[3] for number, part in endpoints.items()} == {0x81: 3, 0x02: 2, 0x82: 2}
    union = next(part for part in parts if part[1] == 0x24 and part[2] == 6)
    assert union[3:] == bytes([0, 1])


def test_names(host: Host) -> None:
    host.enumerate()
    assert host.control(0x80, GET_DESCRIPTOR, 0x0300, 255) == b"\4\3\x09\4"
    names = [host.control(0x80, GET_DESCRIPTOR, 0x0300 + index, 255) for index in (1, 2)]
    assert [name[2:].decode("utf-16-le") for name in names] == ["Earshot", "pico"]
    assert all(name[:2] == bytes([len(name), 3]) for name in names)


@pytest.mark.parametrize("length", [31, 40])
def test_an_answer_of_a_whole_packet_has_an_end(tmp_path: Path, length: int) -> None:
    """62 bytes of letters and two before them; more letters are cut."""
    host = Host(Device(usb_device(tmp_path, length * "p"), tmp_path))
    assert host.control(0x80, GET_DESCRIPTOR, 0x0302, 255) == bytes([PACKET, 3]) + 31 * b"p\0"
    assert host.control(0x80, GET_DESCRIPTOR, 0x0302, PACKET) == bytes([PACKET, 3]) + 31 * b"p\0"


def test_the_address_is_taken_when_the_request_has_ended(device: Device, host: Host) -> None:
    host.setup(0x00, SET_ADDRESS, 9, 0)
    assert device.c.device_address() == 0
    assert host.transact(0, IN) == b""
    assert device.c.device_address() == 9


@pytest.mark.parametrize(
    ("kind", "request_", "value"),
    [
        (0x80, GET_DESCRIPTOR, 0x0600),  # device qualifier: of devices that know high speed
        (0x80, GET_DESCRIPTOR, 0x0305),
        (0x80, 12, 0),
        (0x00, 3, 1),
        (0x00, SET_CONFIGURATION, 2),
        (0xA1, 0x7F, 0),
        (0xC0, 1, 0),
    ],
)
def test_what_it_does_not_know_is_refused_and_got_over(
    host: Host, kind: int, request_: int, value: int
) -> None:
    host.enumerate()
    with pytest.raises(Stalled):
        host.control(kind, request_, value, 64 if kind & 0x80 else 0)
    assert host.control(0x80, GET_CONFIGURATION, 0, 1) == b"\1"
    assert host.control(0x80, GET_STATUS, 0, 2) == b"\0\0"


def test_line_coding_is_kept(host: Host) -> None:
    host.enumerate()
    coding = struct.pack("<IBBB", 115_200, 0, 0, 8)
    assert host.control(0xA1, GET_LINE_CODING, 0, 7) == coding
    faster = struct.pack("<IBBB", 1_000_000, 0, 0, 8)
    host.control(0x21, SET_LINE_CODING, 0, data=faster)
    assert host.control(0xA1, GET_LINE_CODING, 0, 7) == faster
    with pytest.raises(Stalled):
        host.control(0x21, SET_LINE_CODING, 0, data=b"\1\2")


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 127, 128, 200, 1024])
@pytest.mark.parametrize("is_late", [False, True])
def test_bytes_both_ways(
    device: Device, host: Host, say: Callable[[bytes], None], count: int, is_late: bool
) -> None:
    host.open()
    host.is_late = is_late
    data = bytes(index * 7 % 251 for index in range(count))
    for at in range(0, count, PACKET):
        part = data[at : at + PACKET]
        assert host.transact(DATA, OUT, part) == len(part)
    host.serve()
    assert board_reads(device) == data
    say(data)
    assert host.read() == data
    assert uart(device) == b""


def test_a_full_packet_is_followed_by_an_end(host: Host, say: Callable[[bytes], None]) -> None:
    """A host hands on what it has when a packet is not full; an empty one will do."""
    host.open()
    say(bytes(2 * PACKET))
    assert [host.transact(DATA, IN) for _ in range(4)] == [bytes(PACKET), bytes(PACKET), b"", NAK]
    say(b"more")
    assert [host.transact(DATA, IN) for _ in range(2)] == [b"more", NAK]


def test_a_board_that_does_not_read_makes_the_host_wait(device: Device, host: Host) -> None:
    host.open()
    sent, data = 0, bytes(index % 253 for index in range(3 * ROOM))
    read = b""
    while sent < len(data):
        done = host.transact(DATA, OUT, data[sent : sent + PACKET])
        if done == NAK:
            assert ROOM < sent - len(read) <= ROOM + PACKET, "the ring has no room for the packet that waits"
            read += board_reads(device, 700)
        else:
            assert done == PACKET
            sent += PACKET
    while part := board_reads(device):
        read += part
    assert read == data


def test_until_a_port_is_open_the_uart_speaks(
    device: Device, host: Host, say: Callable[[bytes], None]
) -> None:
    say(b"nobody")
    host.enumerate()
    say(b" configured")
    assert uart(device) == b"nobody configured"
    host.control(0x21, SET_CONTROL_LINE_STATE, 1)
    say(b"open")
    assert (host.read(), uart(device)) == (b"open", b"")
    host.control(0x21, SET_CONTROL_LINE_STATE, 0)
    say(b"closed")
    assert (host.read(), uart(device)) == (b"", b"closed")


def test_a_host_that_goes_to_sleep_or_away_leaves_the_line_to_the_uart(
    device: Device, host: Host, say: Callable[[bytes], None]
) -> None:
    """Without power on its pin of the bus, a board cannot tell the two apart."""
    host.open()
    device.c.host_suspend()
    host.serve()
    say(b"alone")
    assert uart(device) == b"alone"
    device.c.host_resume()
    host.serve()
    say(b"awake")
    assert host.read() == b"awake"


def test_what_the_host_does_not_fetch_is_kept(
    device: Device, host: Host, say: Callable[[bytes], None]
) -> None:
    host.open()
    for _ in range(5):
        say(bytes(range(50)))
    assert host.read() == 5 * bytes(range(50))


@pytest.mark.parametrize("packets", [0, 1, 2])
def test_a_reset_in_the_midst_begins_anew(
    device: Device, host: Host, say: Callable[[bytes], None], packets: int
) -> None:
    host.open()
    say(bytes(300))
    for _ in range(packets):
        host.transact(DATA, IN)
    host.transact(DATA, OUT, b"half")
    again = Host(device)
    assert device.c.device_is_open() == 0
    assert device.c.device_address() == 0
    uart(device)
    board_reads(device)
    again.open()
    assert again.transact(DATA, OUT, b"anew") == 4
    assert board_reads(device) == b"anew"
    say(b"anew")
    assert again.read() == b"anew"


@pytest.mark.parametrize("packets", [0, 1, 2])
@pytest.mark.parametrize("by_interface", [False, True])
def test_packets_are_counted_anew_when_the_host_says_so(
    device: Device, host: Host, say: Callable[[bytes], None], packets: int, by_interface: bool
) -> None:
    """CLEAR_FEATURE of each endpoint, or SET_INTERFACE: both sides begin with DATA0, and no byte is lost."""
    host.open()
    data = bytes(range(200))
    say(data)
    said = b"".join(host.taken(host.transact(DATA, IN)) for _ in range(packets))
    for _ in range(packets):
        assert host.transact(DATA, OUT, b"before ") == 7
    if by_interface:
        host.control(0x01, SET_INTERFACE, 0, index=1)
    else:
        for endpoint in (0x02, 0x82):
            host.control(0x02, CLEAR_FEATURE, 0, index=endpoint)
    host.c.host_data0(DATA)
    assert host.transact(DATA, OUT, b"after") == 5
    assert board_reads(device) == packets * b"before " + b"after"
    assert said + host.read() == data


def test_a_request_ends_the_one_before(host: Host) -> None:
    """The host gave up after a packet, or before it fetched any."""
    host.enumerate()
    for fetched in (0, 1):
        host.setup(0x80, GET_DESCRIPTOR, 0x0200, 255)
        for _ in range(fetched):
            assert len(host.taken(host.transact(0, IN))) == PACKET
        assert host.control(0x80, GET_CONFIGURATION, 0, 1) == b"\1"


def test_an_interrupt_that_comes_late_sees_an_end_and_a_beginning(device: Device, host: Host) -> None:
    """The status of SET_ADDRESS was fetched, and the next request is there, before anybody looked."""
    host.setup(0x00, SET_ADDRESS, 7, 0)
    host.is_late = True
    assert host.transact(0, IN) == b""
    host.address = 0
    device.c.host_setup((ctypes.c_uint8 * 8)(*struct.pack("<BBHHH", 0x80, GET_DESCRIPTOR, 0x0100, 0, 18)))
    host.serve()
    assert device.c.device_address() == 7
    host.address = 7
    assert len(host.taken(host.transact(0, IN))) == 18


def test_last_words_need_no_interrupt(device: Device, host: Host) -> None:
    host.open()
    said = b""
    for letter in b"fault":
        device.c.device_say_now(letter)
        buffer = (ctypes.c_uint8 * PACKET)()
        count = device.c.host_transact(host.address, DATA, IN, buffer, 0)
        said += bytes(buffer[:count])
    assert said == b"fault"
    device.c.device_say_now(ord("a"))
    device.c.device_say_now(ord("b"))
    assert uart(device) == b"b", "nobody fetches the first: the UART gets the second"
