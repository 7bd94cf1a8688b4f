"""A board's own listener, watched over a line; the peer speaks docs/PROTOCOL.md."""

import contextlib
import struct

import pytest
from fake_boards import INFO, LABELS
from peer import Peer

from hil.link.link import LinkError
from hil.link.patience import Patience
from hil.live.board_listener import BoardListener, HeardAhead, is_proof
from hil.protocol import messages as m
from hil.protocol.connection import FirmwareError
from hil.protocol.microphone_messages import Listened, ListenRequest

STRIDE_MS, KEPT, SAMPLES = 80, 16, 1280
PATIENT = Patience(1.0)


def told(number: int, label: int = 2) -> bytes:
    """An inference; each fifth is a word."""
    return struct.pack("<IBBB4b", number * STRIDE_MS, label, 200, number % 5 == 0, -128, -100, 0, 127)


class Board(Peer):
    """A line with a board at its end, which makes ``step`` inferences from one question to the next."""

    def __init__(self, step: int = 1, restart_at: int = 0, label: int = 2, cut: int = 0) -> None:
        super().__init__()
        self._step, self._restart_at, self._label, self._cut = step, restart_at, label, cut
        self._id, self._count = -1, 0
        self.refusal: m.ErrorCode | None = None
        self.lost = 0

    def answer(self, request: m.Message) -> m.Message:
        if isinstance(request, m.InfoRequest):
            return INFO
        if isinstance(request, m.LabelsRequest):
            return m.Labels(request.first, LABELS[request.first :])
        assert isinstance(request, ListenRequest)
        if self.refusal is not None:
            return m.Error(self.refusal, request.TYPE, "no")
        if self._restart_at and self._count >= self._restart_at:
            self._id, self._restart_at = -1, 0
        if request.next_inference == 0 and self._id != request.listening_id:
            self._id, self._count = request.listening_id, 0
        elif self._id != request.listening_id:
            return m.Error(m.ErrorCode.NOT_THERE, request.TYPE, "nobody listens")
        self._count += self._step
        first = max(request.next_inference, self._count - KEPT)
        all_told = b"".join(told(number, self._label) for number in range(first, self._count))
        samples = SAMPLES * self._count
        return Listened(self._id, self.lost, samples, 9000, first, all_told[: len(all_told) - self._cut])


def watch(board: Board, count: int) -> tuple[list, BoardListener]:
    listener = BoardListener(board, PATIENT)
    found: list = []
    with contextlib.closing(listener.pieces()) as pieces:
        while len(found) < count:
            found += next(pieces)
    return found, listener


def test_what_the_board_hears():
    board = Board(step=3)
    found, listener = watch(board, 12)
    assert [one.time_ms for one in found] == [number * STRIDE_MS for number in range(len(found))]
    assert [one.is_new for one in found[:6]] == [True, False, False, False, False, True]
    assert (found[0].label, found[0].score, found[0].scores) == (2, 200, (0, 28, 128, 255))
    assert (listener.name, listener.labels) == ("host at peer", LABELS)
    assert listener.watched.seconds == pytest.approx(0.96)
    assert (listener.watched.peak, listener.watched.losses) == (9000, "")
    assert board.is_closed


def test_what_is_lost_is_counted():
    board = Board(step=20)
    board.lost = 7
    _, listener = watch(board, 33)
    assert (listener.watched.lost_inferences, listener.watched.lost_samples) == (12, 7)
    assert listener.watched.losses == (
        "7 samples lost by the microphone's driver, 12 inferences not fetched in time"
    )


def test_a_board_that_restarts_is_listened_to_anew():
    found, listener = watch(Board(step=2, restart_at=6), 12)
    assert [one.time_ms for one in found[:8]] == [0, 80, 160, 240, 320, 400, 0, 80]
    assert listener.watched.restarts == 1
    assert listener.watched.seconds == pytest.approx(12 * SAMPLES / 16000)


@pytest.mark.parametrize("code", [m.ErrorCode.NOT_SUPPORTED, m.ErrorCode.UNKNOWN_TYPE])
def test_a_board_without_a_microphone(code):
    board = Board()
    board.refusal = code
    with pytest.raises(FirmwareError, match=r"no microphone to listen by \(no\); flash a board that has one"):
        watch(board, 1)
    assert board.is_closed


@pytest.mark.parametrize(
    ("board", "message"),
    [
        (Board(step=0), "the microphone gives no samples: none for 1 s"),
        (Board(label=4), "Listened tells label 4, but the board has 4"),
        (Board(cut=1), "Listened has 10 bytes of inferences, expected 11 for each"),
    ],
)
def test_what_cannot_be(board, message):
    with pytest.raises(FirmwareError, match=message):
        watch(board, 1)


def test_nobody_there():
    board = Board()
    board.send = lambda data: None
    with pytest.raises(LinkError, match="nothing was heard"):
        BoardListener(board, Patience(0.05))


class Talker:
    """The program `earshot`: it says lines and understands nothing."""

    name = "talker"

    def __init__(self) -> None:
        self.asked, self._said = b"", [b"Heard y", b"es (235) @1290ms\nHea", b"rd no (201) @2000ms\n"]

    def send(self, data: bytes) -> None:
        self.asked += data

    def receive(self, timeout_s: float) -> bytes:
        return self._said.pop(0) if self._said else b""

    def close(self) -> None:
        pass


def test_which_program_is_there(monkeypatch):
    monkeypatch.setattr("hil.live.board_listener._ASKED_S", 0.01)
    assert is_proof(Board()) == (True, b"")
    talker = Talker()
    answers, came = is_proof(talker)
    assert (answers, came) == (False, b"Heard yes (235) @1290ms\nHeard no (201) @2000ms\n")
    assert len(talker.asked) % 2 == 0, "a program that takes it for samples loses no half of one"
    ahead = HeardAhead(talker, came)
    assert (ahead.receive(0), ahead.receive(0)) == (came, b"")
