"""The line that is bad on purpose does what it is told, and counts it."""

import time
from collections import deque

import pytest

from hil.link.link import LinkError
from hil.protocol.codec import decode_request, encode
from hil.protocol.faulty_link import Faults, FaultSource, FaultyLink
from hil.protocol.framing import Decoder, Frame
from hil.protocol.messages import Reset, StatusRequest
from train.core.errors import UserError

FRAMES = 400
SEQUENCES = [number % 255 + 1 for number in range(FRAMES)]


class Loop:
    """A link on which everything comes back, as fast as it is asked for."""

    name = "loop"

    def __init__(self) -> None:
        self.waiting: deque[bytes] = deque()
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        self.waiting.append(data)

    def receive(self, timeout_s: float) -> bytes:
        return self.waiting.popleft() if self.waiting else b""

    def close(self) -> None:
        self.waiting.clear()


def through(faults: Faults, both_ways: bool = False) -> tuple[list[int], FaultSource, Loop]:
    """Sequences of the frames that survive the way out (and back)."""
    loop, source = Loop(), FaultSource(faults)
    link = FaultyLink(loop, source)
    for sequence in SEQUENCES:
        link.send(encode(StatusRequest(), sequence))
    if not both_ways:
        source.faults = Faults()
    decoder, found, quiet = Decoder(), [], 0
    while quiet < 3:
        data = link.receive(0.1)
        quiet = 0 if data else quiet + 1
        found += [item.sequence for item in decoder.feed(data) if isinstance(item, Frame) and item.type == 3]
    return found, source, loop


def test_without_faults_nothing_happens() -> None:
    found, source, _ = through(Faults(), both_ways=True)
    assert len(found) == FRAMES
    assert source.frames == 2 * FRAMES
    assert not any(source.counts.values())


@pytest.mark.parametrize(
    ("kind", "change"), [("drop", -1), ("corrupt", -1), ("duplicate", 1), ("split", 0), ("delay", 0)]
)
def test_each_fault_has_its_effect_and_is_counted(kind: str, change: int) -> None:
    found, source, _ = through(Faults(**{kind: 0.05}))
    count = source.counts[kind]
    assert 5 <= count <= 40
    assert len(found) == FRAMES + change * count
    assert sum(source.counts.values()) == count
    if change == 0:
        assert found == SEQUENCES  # late or in pieces, but in order


def test_the_seed_decides() -> None:
    runs = [through(Faults(drop=0.1, corrupt=0.1, seed=seed))[0] for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_a_split_frame_comes_in_two_pieces() -> None:
    loop, source = Loop(), FaultSource(Faults(split=1.0))
    link = FaultyLink(loop, source)
    link.send(encode(StatusRequest(), 1))
    first = b"".join(loop.sent)
    link.receive(0.1)
    assert 0 < len(first) < len(b"".join(loop.sent)) == len(encode(StatusRequest(), 1))


def test_stall_is_silence() -> None:
    loop = Loop()
    link = FaultyLink(loop, FaultSource(Faults(stall=1.0)))
    link.send(encode(StatusRequest(), 1))
    start = time.monotonic()
    assert link.receive(0.2) == b""
    assert 0.15 < time.monotonic() - start < 1
    assert loop.sent == []


def test_disconnect_and_restart_come_at_even_distances() -> None:
    loop, source = Loop(), FaultSource(Faults(restart=0.01, disconnect=1 / 350))
    link = FaultyLink(loop, source)
    for _ in range(349):
        link.send(encode(StatusRequest(), 1))
    with pytest.raises(LinkError, match="cut on purpose"):
        link.send(encode(StatusRequest(), 1))
    assert source.counts["restart"] == 3
    resets = [
        item
        for item in Decoder().feed(b"".join(loop.sent))
        if isinstance(item, Frame) and isinstance(decode_request(item), Reset)
    ]
    assert len(resets) == 3
    again = FaultyLink(Loop(), source)  # the next one is not cut at once
    again.send(encode(StatusRequest(), 1))
    assert source.counts["disconnect"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("drp=0.1", r"'drp' is not known, expected drop, corrupt, .*seed"),
        ("drop", r"'drop', expected a number behind ="),
        ("drop=many", r"'drop=many', expected a number"),
        ("drop=1.5", r"drop=1.5, expected a share of 0 to 1"),
        ("seed=0.5", r"'seed=0.5', expected a number"),
    ],
)
def test_mistakes_in_the_list(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Faults.parse(text)


def test_list() -> None:
    assert Faults.parse("drop=0.01, corrupt=0.02,seed=7") == Faults(drop=0.01, corrupt=0.02, seed=7)
