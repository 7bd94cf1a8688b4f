"""A board's microphone over a line that may lose bytes; the peer speaks docs/PROTOCOL.md."""

import contextlib

import numpy as np
import pytest
from peer import Peer

from hil.link.link import LinkError
from hil.link.patience import PATIENCE, Patience
from hil.protocol import messages as m
from hil.protocol.connection import FirmwareError
from hil.protocol.faulty_link import Faults, FaultSource, FaultyLink
from hil.protocol.line_messages import FIRST_PACKING, Line, LineRequest
from hil.recording.board_microphone import BoardMicrophone

HEARD = np.random.default_rng(1).integers(-9000, 9000, 20_000).astype("<i2")
KEPT = 4096
INFO = m.Info(1, 4, 16000, 49, 40, 1960, 9000, 4096, 0, -128, "nano", "b1", "compiled", "a" * 64, "b" * 64)


class Board(Peer):
    """A line with a board at its end; its microphone hears ``step`` samples from one request to the next."""

    def __init__(self, step: int, refusal: m.ErrorCode | None = None, restart_at: int = 0) -> None:
        super().__init__()
        self._step, self._refusal, self._restart_at = step, refusal, restart_at
        self._id, self._first, self._end = None, 0, 0

    def answer(self, request: m.Message) -> m.Message:
        if isinstance(request, m.InfoRequest):
            return INFO
        if isinstance(request, LineRequest):
            return m.Error(m.ErrorCode.UNKNOWN_TYPE, request.TYPE, "no such request")
        if self._refusal is not None:
            return m.Error(self._refusal, request.TYPE, "no")
        if self._restart_at and self._end >= self._restart_at:
            self._id, self._restart_at = None, 0
        if request.next_sample == 0 and self._id != request.recording_id:
            self._id, self._first, self._end = request.recording_id, 0, 0
        elif self._id != request.recording_id:
            return m.Error(m.ErrorCode.NOT_THERE, request.TYPE, "no such recording")
        self._end = min(len(HEARD), self._end + self._step)
        self._first = max(self._end - KEPT, min(self._end, max(self._first, request.next_sample)))
        samples = HEARD[self._first : min(self._end, self._first + m.MAX_AUDIO_SAMPLES)]
        return m.Recorded(request.recording_id, self._first, samples.tobytes())


def listen(link, count: int, patience: Patience = PATIENCE) -> tuple[np.ndarray, BoardMicrophone]:
    found = np.zeros(0, np.int16)
    microphone = BoardMicrophone(link, patience)
    with contextlib.closing(microphone.pieces()) as pieces:
        while len(found) < count:
            found = np.append(found, next(pieces))
    return found, microphone


def test_what_the_board_hears():
    board = Board(step=300)
    found, microphone = listen(board, 15_000)
    assert np.array_equal(found, HEARD[: len(found)])
    assert (microphone.name, microphone.rate_hz) == ("nano at peer", 16000)
    assert (microphone.overruns, microphone.lost_samples) == (0, 0)
    assert board.is_closed


def test_what_is_fetched_too_late_is_counted():
    found, microphone = listen(Board(step=900), 8000)
    assert microphone.overruns > 0
    assert microphone.lost_samples > 0
    assert np.array_equal(found[:500], HEARD[:500])


def test_a_bad_line_loses_nothing():
    source = FaultSource(Faults(drop=0.05, corrupt=0.05, duplicate=0.05, seed=3))
    found, _ = listen(FaultyLink(Board(step=160), source), 8000, Patience(0.8))
    assert np.array_equal(found, HEARD[: len(found)])
    assert source.counts["drop"] + source.counts["corrupt"] > 3


def test_a_board_that_restarts_is_listened_to_anew():
    found, microphone = listen(Board(step=300, restart_at=6000), 9000)
    assert microphone.overruns == 1
    assert np.array_equal(found[-500:], HEARD[len(found) - 500 - 5700 :][:500]) or len(found) >= 9000


@pytest.mark.parametrize("code", [m.ErrorCode.NOT_SUPPORTED, m.ErrorCode.UNKNOWN_TYPE])
def test_a_board_without_a_microphone(code):
    board = Board(step=1, refusal=code)
    with pytest.raises(FirmwareError, match=r"peer: its firmware has no microphone .* without --port"):
        BoardMicrophone(board)
    assert board.is_closed


def test_a_microphone_that_hears_nothing():
    with pytest.raises(FirmwareError, match="gives no samples"):
        next(BoardMicrophone(Board(step=0), Patience(0.05)).pieces())


def test_nobody_there():
    board = Board(step=1)
    board.send = lambda data: None
    with pytest.raises(LinkError, match="nothing was heard"):
        BoardMicrophone(board, Patience(0.02))


class RatedBoard(Board):
    """At an adapter that can have any rate; its line has one, or none (0), and no other."""

    baud = 115_200

    def __init__(self, board_baud: int) -> None:
        super().__init__(step=300)
        self._board_baud = board_baud

    def answer(self, request: m.Message) -> m.Message:
        if isinstance(request, LineRequest):
            return Line(FIRST_PACKING, self._board_baud, b"")
        return super().answer(request)

    def settable(self, rates):
        return list(rates)

    def set_baud(self, baud: int) -> None:
        raise AssertionError("nobody agreed on another")


@pytest.mark.parametrize("board_baud", [115_200, 0])
def test_a_line_that_is_too_slow_is_told(board_baud, capsys):
    listen(RatedBoard(board_baud), 1000)
    warning = "115,200 baud are too few for 16,000 samples a second, which take 329,600"
    assert (warning in capsys.readouterr().err) == (board_baud > 0), "USB has no rate"
